"""Files are read again: columns change, and nothing else does."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from sakimori.customers.models import AuditEntry, Contract
from sakimori.customers.secrets import open_details
from sakimori.logs.balance import compare_new
from sakimori.logs.chain.checking import Depth, check_day
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import ChainDay, LogFile, LogFileState, QuarantinedLine, Reparse, RetentionProof, StoreCheck
from sakimori.logs.reparse import choosing, holding, reading, working
from sakimori.logs.reparse.asking import IsRunning, Wanted, ask, extent_of, running, stop
from sakimori.logs.reparse.working import reread_next
from sakimori.logs.store.interface import DayChanged
from tests.lines import cef, log_file
from tests.logs.reparse.conftest import OLDER, Shelf
from tests.logs.test_log_store import SAMPLES
from tests.moments import START
from tests.people import make_contract

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def attack(number: int, *, hours: float = 0) -> bytes:
    return cef("SQL Injection", f"198.51.100.{number}", at=START - hours * HOUR)


def samples() -> list[bytes]:
    """Every format that shows itself."""
    names = ("every_name.cef.log", "every_name.leef.log", "every_dataset.json.log", "incident.cef.log")
    return [line for name in names for line in (SAMPLES / name).read_bytes().splitlines()]


def versions() -> dict[int, int | None]:
    return dict(LogFile.objects.values_list("pk", "parser_version"))


@pytest.mark.parametrize("cleared", [False, True], ids=["from the spool", "from the lines in the store"])
def test_rows_become_those_of_the_parser_of_today(shelf: Shelf, cleared: bool) -> None:
    file = shelf.store(log_file([*samples(), b"nonsense", *[attack(number) for number in range(5)]]))
    right = shelf.rows()
    shelf.spoil()
    assert shelf.rows() != right
    if cleared:
        shelf.clear_spool(file)
    order = shelf.ask()
    assert (order.files, order.rows) == (1, len(right))
    assert shelf.work() == 1
    assert shelf.rows() == right
    before = LogFile.objects.get(pk=file.pk)
    assert (before.parser_version, before.doubles, before.state) == (PARSER_VERSION, None, LogFileState.STORED)
    assert (before.lines, before.rows, before.quarantined_lines) == (file.lines, file.rows, 1)
    assert before.searched_at == file.searched_at, "so nothing is found, blocked or mailed because of it"
    assert QuarantinedLine.objects.count() == 1
    order.refresh_from_db()
    assert (order.is_open, order.done_files, order.done_rows, order.left_alone) == (None, 1, len(right), {})
    assert (order.claimed_by, order.held_contract_id) == ("", None)


def test_ledger_store_and_chain_still_agree(shelf: Shelf) -> None:
    files = [shelf.store(log_file([attack(number), attack(1), attack(2, hours=13)])) for number in range(3)]
    shelf.spoil()
    shelf.clear_spool(files[1])
    shelf.ask()
    assert shelf.work() == 3
    compare_new(store=shelf.intake.store, now=shelf.intake.clock())
    assert StoreCheck.objects.get().differences == {}
    (day,) = ChainDay.objects.all()
    assert check_day(day.pk, Depth(store=shelf.intake.store, spool=shelf.intake.spool)) == []
    doubles = {row["file_id"]: 0 for row in shelf.rows()}
    for row in shelf.rows():
        doubles[row["file_id"]] += row["is_double"]
    assert dict(LogFile.objects.values_list("pk", "doubles")) == doubles


def test_what_another_parser_would_not_take_for_the_same_lines_is_left_alone(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain holds how many rows a file has. Whoever wants the new lines imports the file."""
    file, other = shelf.store(log_file([attack(1), b"nonsense"])), shelf.store(log_file([attack(2)]))
    before = shelf.rows(file)
    shelf.spoil()
    spoiled = shelf.rows(file)
    assert spoiled != before
    really = reading.read_again

    def reads_more(each: LogFile, **where: Any) -> Any:
        yield from really(each, **where)
        if each.pk == file.pk:
            yield next(iter(really(each, **where)))

    monkeypatch.setattr(working, "read_again", reads_more)
    order = shelf.ask()
    assert shelf.work() == 2
    assert shelf.rows(file) == spoiled
    assert versions() == {file.pk: OLDER, other.pk: PARSER_VERSION}
    order.refresh_from_db()
    assert (order.done_files, order.left_alone) == (1, {"other_lines": 1})


def test_w3c_lines_are_read_from_the_received_file_only(shelf: Shelf) -> None:
    body = (SAMPLES / "two_events.w3c.log").read_bytes()
    there, gone = shelf.store(body), shelf.store(body + b"\n")
    right = shelf.rows()
    shelf.spoil()
    shelf.clear_spool(gone)
    order = shelf.ask()
    shelf.work()
    assert shelf.rows(there) == [row for row in right if row["file_id"] == there.pk]
    assert shelf.rows(gone) != [row for row in right if row["file_id"] == gone.pk]
    order.refresh_from_db()
    assert (order.done_files, order.left_alone) == (1, {"w3c": 1})


def test_a_received_file_that_cannot_be_read_to_its_end_is_left_alone(shelf: Shelf) -> None:
    body = log_file([attack(number) for number in range(50)])
    file, other = shelf.store(body), shelf.store(log_file([attack(60)]))
    shelf.intake.spool.path(file.spool_name).write_bytes(body[:-20])
    before = shelf.rows()
    order = shelf.ask()
    shelf.work()
    assert shelf.rows() == before
    assert versions() == {file.pk: OLDER, other.pk: PARSER_VERSION}
    order.refresh_from_db()
    assert order.left_alone == {"unreadable": 1}


def test_of_a_received_file_that_cannot_be_opened_the_lines_in_the_store_are_read(shelf: Shelf) -> None:
    """Its key is gone, or it was just cleared."""
    sealed, gone = shelf.store(log_file([attack(1)])), shelf.store(log_file([attack(2)]))
    right = shelf.rows()
    shelf.spoil()
    shelf.intake.spool.path(sealed.spool_name).write_bytes(b"key:zzzz\npublicKeyId:7\n|==|\n")
    shelf.intake.spool.remove(gone.spool_name)
    shelf.ask()
    shelf.work()
    assert shelf.rows() == right


def test_access_lines_that_are_not_kept_stay_not_kept(shelf: Shelf) -> None:
    Contract.objects.update(keeps_access_lines=False)
    shelf.intake.contract.refresh_from_db()
    file = shelf.store(log_file([attack(1), cef("Normal", "198.51.100.2", at=START), attack(3)]))
    assert (file.rows, file.unkept_lines) == (2, 1)
    right = shelf.rows()
    Contract.objects.update(keeps_access_lines=True)
    shelf.spoil()
    shelf.ask()
    shelf.work()
    assert shelf.rows() == right


def test_days_that_were_let_go_of_do_not_come_back(shelf: Shelf) -> None:
    file = shelf.store(log_file([attack(1), attack(2, hours=24)]))
    gone, kept = sorted({row["day"] for row in shelf.rows()})
    shelf.intake.store.drop_day(contract_id=file.contract_id, day=gone)
    proof = {"day": kept, "ran_at": START, "kept_from": kept}
    RetentionProof.objects.create(contract=shelf.intake.contract, **proof)
    shelf.spoil()
    shelf.ask()
    shelf.work()
    assert [(row["day"], row["attack_kind"]) for row in shelf.rows()] == [(kept, "sql_injection")]
    assert versions() == {file.pk: PARSER_VERSION}


def test_a_large_file_is_read_from_the_store_page_by_page(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LINES_AT_ONCE", 3)
    monkeypatch.setattr(reading, "_ENDS", reading._ENDS.replace("% 1000", "% 3"))
    file = shelf.store(log_file([line for number in range(10) for line in (attack(number), b"", b"nonsense")]))
    right = shelf.rows()
    shelf.spoil()
    shelf.clear_spool(file)
    shelf.ask()
    shelf.work()
    assert shelf.rows() == right


def test_files_come_in_batches_of_one_contract(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_MOST_ROWS", 4)
    for number in range(5):
        shelf.store(log_file([attack(number), attack(number + 10)]))
    mine = shelf.intake.contract
    shelf.intake.contract = make_contract("有限会社もみじ堂", "B")
    shelf.store(log_file([attack(1)]))
    shelf.spoil()
    order = shelf.ask()
    steps = []
    while running():
        steps.append(reread_next(shelf.house))
    assert steps == [2, 2, 1, 1, 1], "the last finds nothing and ends it"
    order.refresh_from_db()
    assert (order.done_files, order.done_rows) == (6, 11)
    assert set(versions().values()) == {PARSER_VERSION}
    assert {row["attack_kind"] for row in shelf.rows()} == {"sql_injection"}
    entries = AuditEntry.objects.filter(action="logs.reparsed", customer_number=mine.customer.number).order_by("pk")
    details = [open_details(mine.customer, each.sealed_details, place=f"audit:{each.target}") for each in entries]
    assert [each["files"] for each in details] == [2, 2, 1]
    assert {each["version"] for each in details} == {PARSER_VERSION}


def test_only_what_was_asked_for_is_read_again(shelf: Shelf) -> None:
    young, old = shelf.store(log_file([attack(1)])), shelf.store(log_file([attack(2, hours=48)]))
    new = shelf.store(log_file([attack(3)]))
    LogFile.objects.filter(pk=new.pk).update(parser_version=PARSER_VERSION)
    never = shelf.store(log_file([attack(4)]))
    LogFile.objects.filter(pk=never.pk).update(parser_version=None)
    today = max(row["day"] for row in shelf.rows())
    other = make_contract("有限会社もみじ堂", "B")

    def of(wanted: Wanted) -> set[int]:
        return set(wanted.files(now=START).values_list("pk", flat=True))

    assert of(Wanted()) == {young.pk, old.pk, never.pk}
    assert of(Wanted(again=True)) == {young.pk, old.pk, new.pk, never.pk}
    assert of(Wanted(contract=other)) == set()
    assert of(Wanted(first_day=today)) == {young.pk, never.pk}
    assert of(Wanted(last_day=today - timedelta(days=1))) == {old.pk}
    assert of(Wanted(contract=shelf.intake.contract, first_day=today, last_day=today)) == {young.pk, never.pk}
    LogFile.objects.filter(pk=young.pk).update(searched_at=None)
    assert of(Wanted(first_day=today)) == {never.pk}, "attacks are sought in it first"
    Contract.objects.update(ends_on=date(2020, 1, 1))
    assert of(Wanted()) == set()


def test_how_much_it_is_about_can_be_told_before(shelf: Shelf) -> None:
    files = [shelf.store(log_file([attack(1), attack(2)])) for _ in range(3)]
    shelf.clear_spool(files[0])
    extent = extent_of(Wanted(), now=START)
    assert (extent.files, extent.rows, extent.spooled) == (3, 6, 2)
    assert running() is None


def test_one_at_a_time(shelf: Shelf) -> None:
    shelf.store(log_file([attack(1)]))
    order = shelf.ask()
    with pytest.raises(IsRunning):
        shelf.ask()
    assert AuditEntry.objects.filter(action="logs.reparse").count() == 1
    assert shelf.work() == 1
    assert shelf.ask(Wanted(contract=shelf.intake.contract)).pk != order.pk


def test_it_stops_when_somebody_says_so(shelf: Shelf) -> None:
    shelf.store(log_file([attack(1)]))
    order = shelf.ask()
    assert stop(order, by="operator", now=START)
    assert not stop(order, by="operator", now=START)
    assert shelf.work() == 0
    assert set(versions().values()) == {OLDER}
    actions = AuditEntry.objects.filter(action__startswith="logs.reparse").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["logs.reparse", "logs.reparse.stop", "logs.reparse.end"]


def test_new_files_come_first(shelf: Shelf) -> None:
    shelf.store(log_file([attack(1)]))
    shelf.ask()
    shelf.intake.take(log_file([attack(2)]))
    shelf.intake.clock.pass_time(seconds=31)
    assert reread_next(shelf.house) == 0
    assert set(versions().values()) == {OLDER, None}
    shelf.intake.run()
    assert shelf.work() == 1


def test_new_files_of_a_contract_wait_while_its_day_is_replaced(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that another process has claimed just before: it gives them back."""
    shelf.store(log_file([attack(1)]))
    shelf.ask()
    new, seen = shelf.intake.take(log_file([attack(2)])), list[Any]()
    really = holding.note

    def noting(order: Reparse, **columns: object) -> None:
        really(order, **columns)
        if columns.get("ready_day"):
            seen.append((shelf.intake.run(), LogFile.objects.get(pk=new.pk).state))
            LogFile.objects.filter(pk=new.pk).update(claimed_by="two", claimed_until=START + HOUR)
            claimed = LogFile.objects.get(pk=new.pk)
            seen.append((holding.let_wait([claimed]), LogFile.objects.get(pk=new.pk).claimed_by))

    monkeypatch.setattr(working, "note", noting)
    assert shelf.work() == 1
    assert seen == [(0, LogFileState.RECEIVED), ([], "")]
    assert shelf.intake.run() == 1
    assert len(shelf.rows()) == 2


def test_a_day_is_not_replaced_while_a_file_of_the_contract_is_being_stored(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOKS", 3)
    shelf.store(log_file([attack(1)]))
    shelf.spoil()
    before = shelf.rows()
    shelf.ask()
    new = shelf.intake.take(log_file([attack(2)]))
    LogFile.objects.filter(pk=new.pk).update(claimed_by="two", claimed_until=START + HOUR)
    assert reread_next(shelf.house) == 0
    assert len(shelf.slept) == 3
    assert shelf.rows() == before
    assert list(holding.held_contracts()) == []
    LogFile.objects.filter(pk=new.pk).update(claimed_by="")
    assert shelf.work() == 1


def test_rows_that_come_all_the_same_are_not_lost(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was taken for dead stores a file after all; the day is prepared anew."""
    shelf.store(log_file([attack(1)]))
    shelf.ask()
    really = holding.note

    def noting(order: Reparse, **columns: object) -> None:
        really(order, **columns)
        if columns.get("ready_day") and len(shelf.rows()) == 1:
            row = (1, parse_cef(attack(9)))
            shelf.intake.store.append([row], contract_id=shelf.intake.contract.pk, file_id=999)

    monkeypatch.setattr(working, "note", noting)
    assert reread_next(shelf.house) == 0
    assert len(shelf.rows()) == 2
    assert list(holding.held_contracts()) == []
    assert shelf.work() == 1
    assert len(shelf.rows()) == 2


def test_who_has_lost_the_order_writes_nothing_down(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.store(log_file([attack(1)]))
    shelf.spoil()
    before = shelf.rows()
    shelf.ask()
    really = working.hold

    def losing(order: Reparse, *args: Any, **named: Any) -> bool:
        Reparse.objects.update(claimed_by="two:2")
        return really(order, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(working, "hold", losing)
        with pytest.raises(LookupError, match="another worker"):
            reread_next(shelf.house)
    assert shelf.rows() == before
    assert list(holding.held_contracts()) == []
    assert Reparse.objects.get().claimed_by == "two:2"


def test_a_busy_database_is_no_harm(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.store(log_file([attack(1)]))
    shelf.spoil()
    shelf.ask()

    def locked(*_args: object, **_named: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(working.audit, "record_of", locked)
        with pytest.raises(OperationalError):
            reread_next(shelf.house)
    assert (Reparse.objects.get().claimed_by, set(versions().values())) == ("", {OLDER})
    assert shelf.work() == 1


def test_a_copy_that_does_not_fit_its_day_any_more_is_forgotten(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.store(log_file([attack(1)]))
    shelf.ask()

    def changed(*_args: object) -> None:
        raise DayChanged("meanwhile")

    rereading = type(shelf.intake.store.rereading(1))
    with monkeypatch.context() as patch:
        patch.setattr(rereading, "replace", changed)
        assert reread_next(shelf.house) == 0
    assert Reparse.objects.get().ready_day is None
    assert shelf.work() == 1


def test_asking_is_recorded_with_the_customers_key_where_it_is_about_one(shelf: Shelf) -> None:
    shelf.store(log_file([attack(1)]))
    contract = shelf.intake.contract
    ask(Wanted(contract=contract, first_day=date(2026, 11, 1)), by="taro", now=START)
    entry = AuditEntry.objects.get(action="logs.reparse")
    assert (entry.actor, entry.target) == ("taro", f"contract:{contract.pk}")
    details = open_details(contract.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["from"] == "2026-11-01"

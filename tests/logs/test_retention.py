"""Retention: today and the past three months with the option, a number of days without it, to the day of Japan."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.lib.jst import start_of_day
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine, RetentionProof
from sakimori.logs.queries import last_retention_proofs
from sakimori.logs.retention import first_kept, retain
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from tests.people import make_contract, make_file

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
KEPT, SHORT = date(2026, 8, 25), date(2026, 9, 11)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def a() -> Contract:
    """With the option."""
    contract = make_contract("株式会社さくら商店", "A")
    contract.keeps_logs = True
    contract.save()
    return contract


@pytest.fixture
def b() -> Contract:
    return make_contract("有限会社もみじ堂", "B")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def put(store: LogStore, contract: Contract, *moments: datetime, file_id: int = 1) -> None:
    events = [(number, Event(time=at, request_id=f"r{at}")) for number, at in enumerate(moments, 1)]
    store.append(events, contract_id=contract.pk, file_id=file_id)


def left(store: LogStore, contract: Contract) -> list[datetime]:
    found = store.query(
        "SELECT time FROM events WHERE contract_id = {contract_id:UInt32} ORDER BY time", {"contract_id": contract.pk}
    )
    return [row["time"] for row in found]


def run(store: LogStore, spool: Spool, now: datetime = NOW) -> int:
    return retain(store=store, spool=spool, log_days=75, now=now)


@pytest.mark.parametrize(
    ("today", "keeps_logs", "expected"),
    [
        (date(2026, 11, 25), True, date(2026, 8, 25)),
        (date(2026, 5, 31), True, date(2026, 2, 28)),
        (date(2026, 1, 15), True, date(2025, 10, 15)),
        (date(2026, 11, 25), False, date(2026, 9, 11)),
    ],
)
def test_the_first_day_that_is_kept(a: Contract, today: date, keeps_logs: bool, expected: date) -> None:
    a.keeps_logs = keeps_logs
    assert first_kept(a, today=today, log_days=75) == expected


@pytest.mark.parametrize(
    ("keeps_logs", "needed", "expected"),
    [
        (False, date(2026, 9, 1), date(2026, 9, 1)),
        (False, date(2026, 11, 1), SHORT),
        (False, None, SHORT),
        (True, date(2026, 8, 1), KEPT),
    ],
)
def test_without_the_option_a_log_is_kept_while_a_report_needs_it(
    log_store: LogStore, spool: Spool, a: Contract, keeps_logs: bool, needed: date | None, expected: date
) -> None:
    a.keeps_logs = keeps_logs
    a.save()
    begins = start_of_day(expected)
    put(log_store, a, begins - MILLISECOND, begins)
    since = {a.pk: needed} if needed else {}
    assert retain(store=log_store, spool=spool, log_days=75, needed_since=since, now=NOW) == 1
    assert left(log_store, a) == [begins]
    assert RetentionProof.objects.get().kept_from == expected


def test_rows_go_to_the_day_of_japan_and_others_stay(
    log_store: LogStore, spool: Spool, a: Contract, b: Contract
) -> None:
    for contract, first in ((a, KEPT), (b, SHORT)):
        begins = start_of_day(first)
        put(log_store, contract, begins - timedelta(days=40), begins - MILLISECOND, begins, NOW)
    assert run(log_store, spool) == 4
    assert left(log_store, a) == [start_of_day(KEPT), NOW]
    assert left(log_store, b) == [start_of_day(SHORT), NOW]


def test_every_contract_has_a_proof_for_the_day_with_what_went(
    log_store: LogStore, spool: Spool, a: Contract, b: Contract
) -> None:
    old = start_of_day(KEPT) - timedelta(days=3)
    put(log_store, a, old, old + MILLISECOND, NOW)
    run(log_store, spool)
    proof = RetentionProof.objects.get(contract=a)
    assert (proof.day, proof.kept_from, proof.days, proof.rows) == (date(2026, 11, 25), KEPT, 1, 2)
    assert proof.oldest_day == date(2026, 11, 25)
    empty = RetentionProof.objects.get(contract=b)
    assert (empty.days, empty.rows, empty.oldest_day) == (0, 0, None)


def test_a_late_file_with_old_rows_is_found_by_the_next_run_of_the_same_day(
    log_store: LogStore, spool: Spool, a: Contract
) -> None:
    old = start_of_day(KEPT) - timedelta(days=1)
    put(log_store, a, old)
    run(log_store, spool)
    put(log_store, a, old, old - timedelta(days=9), file_id=2)
    assert run(log_store, spool, NOW + timedelta(minutes=1)) == 2
    assert left(log_store, a) == []
    proof = RetentionProof.objects.get()
    assert (proof.days, proof.rows, proof.ran_at) == (3, 3, NOW + timedelta(minutes=1))
    assert run(log_store, spool, NOW + timedelta(minutes=2)) == 0


def test_the_next_day_has_its_own_proof_and_the_page_shows_the_newest(
    log_store: LogStore, spool: Spool, a: Contract
) -> None:
    put(log_store, a, start_of_day(KEPT))
    run(log_store, spool)
    assert left(log_store, a)
    run(log_store, spool, NOW + timedelta(days=1))
    assert left(log_store, a) == []
    assert [proof.day for proof in last_retention_proofs()] == [date(2026, 11, 26)]
    assert RetentionProof.objects.count() == 2


def test_doubles_go_too(log_store: LogStore, spool: Spool, a: Contract) -> None:
    old = start_of_day(KEPT) - timedelta(days=1)
    put(log_store, a, old)
    put(log_store, a, old, file_id=2)
    run(log_store, spool)
    assert RetentionProof.objects.get().rows == 2
    assert log_store.query("SELECT count() AS rows FROM events") == [{"rows": 0}]


@pytest.mark.parametrize(
    ("columns", "waits"),
    [
        ({"state": LogFileState.STORING, "claimed_by": "x:1", "claimed_until": NOW + timedelta(minutes=1)}, True),
        ({"state": LogFileState.STORING, "claimed_until": None}, False),
        ({"stored_at": NOW, "searched_at": None}, True),
        ({"stored_at": NOW, "searched_at": NOW}, False),
        ({"stored_at": NOW - timedelta(hours=2), "searched_at": None}, False),
    ],
)
def test_a_file_that_is_being_stored_or_searched_is_waited_for_but_not_for_long(
    log_store: LogStore, spool: Spool, a: Contract, columns: dict[str, object], waits: bool
) -> None:
    make_file(a, **columns)
    put(log_store, a, start_of_day(KEPT) - MILLISECOND)
    assert run(log_store, spool) == (0 if waits else 1)
    assert RetentionProof.objects.exists() != waits


def test_unreadable_lines_and_files_go_with_the_day_they_came(log_store: LogStore, spool: Spool, a: Contract) -> None:
    old, young = start_of_day(KEPT) - MILLISECOND, start_of_day(KEPT)
    for received in (old, young):
        name = spool.put([b"x"], limit_bytes=9).name
        file = make_file(
            a, state=LogFileState.QUARANTINED, received_at=received, searched_at=NOW, spool_name=name, lines=1
        )
        QuarantinedLine.objects.create(file=file, line_number=1, reason="bad_json", raw=b"{")
    run(log_store, spool)
    assert list(LogFile.objects.order_by("received_at").values_list("spool_cleared_at", flat=True)) == [NOW, None]
    assert [spool.path(file.spool_name).exists() for file in LogFile.objects.order_by("received_at")] == [False, True]
    assert QuarantinedLine.objects.get().file.received_at == young
    assert RetentionProof.objects.get().lines == 1


def test_without_contracts_there_is_nothing_to_do(log_store: LogStore, spool: Spool) -> None:
    assert run(log_store, spool) == 0

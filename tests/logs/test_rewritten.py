"""A name under which another content comes is noted as a case, whatever door; the same content again is not."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.logs.duties import ingest_due
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import Explanation, LogFile, LogFileState, RewrittenFile
from sakimori.logs.receive.accept import accept, ledger_name
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.logs.unpack import FileReason
from tests.lines import cef, log_file
from tests.logs.test_drop import Drop, drop
from tests.moments import START
from tests.people import make_contract

__all__ = ["drop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


def take(
    content: bytes, contract: Contract, spool: Spool, *, minute: int = 0, door: str = "drop", name: str = "1.log"
) -> LogFile:
    now = START + timedelta(minutes=minute)
    return accept([content], contract=contract, door=door, name=name, spool=spool, now=now)


@pytest.mark.parametrize("door", ["drop", "bucket", "pull"])
def test_another_content_under_a_known_name_is_a_case_and_both_are_kept(
    contract: Contract, spool: Spool, door: str
) -> None:
    first = take(b"one", contract, spool, door=door)
    second = take(b"two", contract, spool, door=door, minute=5)
    case = RewrittenFile.objects.get()
    assert (case.contract, case.door, case.name, case.times) == (contract, door, "1.log", 1)
    assert (case.first_sha256, case.first_at) == (first.sha256, first.received_at)
    assert (case.last_sha256, case.last_at, case.last_file) == (second.sha256, second.received_at, second.pk)
    assert [spool.path(file.spool_name).read_bytes() for file in (first, second)] == [b"one", b"two"]
    before = LogFile.objects.values_list("pk", "sha256", "received_at", "state")
    assert list(before.order_by("pk")) == [
        (file.pk, file.sha256, file.received_at, LogFileState.RECEIVED) for file in (first, second)
    ]


def test_the_same_contents_again_are_quiet_in_any_order(contract: Contract, spool: Spool) -> None:
    for minute, content in enumerate((b"one", b"one", b"two", b"one", b"two", b"two", b"one")):
        take(content, contract, spool, minute=minute)
    case = RewrittenFile.objects.get()
    assert (case.times, case.last_at) == (1, START + timedelta(minutes=2))
    assert LogFile.objects.count() == 2


def test_a_third_content_is_the_same_case(contract: Contract, spool: Spool) -> None:
    for minute, content in enumerate((b"one", b"two", b"three")):
        file = take(content, contract, spool, minute=minute)
    case = RewrittenFile.objects.get()
    assert (case.times, case.last_sha256, case.first_at) == (2, file.sha256, START)


def test_other_names_contracts_and_doors_have_nothing_to_do_with_it(contract: Contract, spool: Spool) -> None:
    other = make_contract("有限会社もみじ堂", "B")
    take(b"one", contract, spool)
    take(b"two", contract, spool, name="2.log")
    take(b"three", other, spool)
    take(b"four", contract, spool, door="pull")
    assert not RewrittenFile.objects.exists()


@pytest.mark.parametrize("door", [IMPORT_DOOR, "hec", "syslog"])
def test_what_a_person_imports_and_what_we_name_ourselves_is_no_case(
    contract: Contract, spool: Spool, door: str
) -> None:
    take(b"one", contract, spool, door=door)
    take(b"two", contract, spool, door=door)
    assert not RewrittenFile.objects.exists()


def test_a_file_that_came_broken_and_comes_whole_is_no_case(contract: Contract, spool: Spool) -> None:
    broken = take(b"on", contract, spool)
    LogFile.objects.filter(pk=broken.pk).update(
        state=LogFileState.QUARANTINED, reason=FileReason.TRUNCATED.sentence, stored_at=START
    )
    take(b"one", contract, spool, minute=1)
    assert not RewrittenFile.objects.exists()
    take(b"two", contract, spool, minute=2)
    assert RewrittenFile.objects.get().first_at == START + timedelta(minutes=1)


def test_a_case_that_was_not_noted_because_we_were_killed_is_noted_when_the_content_comes_again(
    contract: Contract, spool: Spool
) -> None:
    take(b"one", contract, spool)
    take(b"two", contract, spool, minute=1)
    RewrittenFile.objects.all().delete()
    take(b"two", contract, spool, minute=2)
    assert RewrittenFile.objects.get().last_at == START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("explanation", "stays_closed"),
    [(Explanation.REUSED, True), (Explanation.REPLACED, False), (Explanation.FORGED, False)],
)
def test_a_further_content_opens_a_closed_case_unless_the_sender_reuses_the_name(
    contract: Contract, spool: Spool, explanation: Explanation, stays_closed: bool
) -> None:
    take(b"one", contract, spool)
    take(b"two", contract, spool, minute=1)
    RewrittenFile.objects.update(closed_at=START, closed_by_name="担当", explanation=explanation, reason="確認")
    take(b"two", contract, spool, minute=2)
    assert RewrittenFile.objects.filter(closed_at=START, times=1).exists()
    take(b"three", contract, spool, minute=3)
    case = RewrittenFile.objects.get()
    assert (case.closed_at is not None, case.explanation != "", case.times) == (stays_closed, stays_closed, 2)


def test_names_that_differ_only_behind_what_the_ledger_holds_are_two(contract: Contract, spool: Spool) -> None:
    for end in "ab":
        take(end.encode(), contract, spool, name="x" * 230 + end)
    assert len(set(LogFile.objects.values_list("name", flat=True))) == 2
    assert not RewrittenFile.objects.exists()
    assert ledger_name("k" * 200) == "k" * 200


def test_the_events_of_both_contents_count_once_and_those_of_either_are_there(drop: Drop, log_store: LogStore) -> None:
    lines = [cef("SQL Injection", f"198.51.100.{number}", at=START) for number in range(1, 6)]
    for content in (log_file(lines[:4]), log_file(lines[1:])):
        drop.put(content=content)
        assert drop.looks() == 1
        ingest_due(store=log_store, spool=drop.spool, worker="w", clock=drop.clock)
    assert list(LogFile.objects.order_by("pk").values_list("state", "rows")) == [("stored", 4), ("stored", 4)]
    (counted,) = log_store.query(
        "SELECT count() AS n FROM events_once WHERE contract_id = {c:UInt32}", {"c": drop.a.pk}
    )
    assert counted["n"] == 5
    assert RewrittenFile.objects.get().name == "1_1.log"


def test_whatever_the_order_each_content_is_one_row_and_every_other_than_the_first_counts(
    contract: Contract, spool: Spool
) -> None:
    for number, contents in enumerate(product(b"abc", repeat=4)):
        for minute, content in enumerate(contents):
            take(bytes([content]), contract, spool, minute=minute, name=f"{number}.log")
        rows = LogFile.objects.filter(name=f"{number}.log").order_by("pk")
        assert rows.count() == len(set(contents)), contents
        case = RewrittenFile.objects.filter(name=f"{number}.log").first()
        assert (case.times if case else 0) == len(set(contents)) - 1, contents
        if case:
            first, last = rows[0], rows[len(set(contents)) - 1]
            assert (case.first_sha256, case.last_sha256) == (first.sha256, last.sha256), contents

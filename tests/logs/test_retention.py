"""Retention: today and the past three months with the option, a number of days without it, to the day of Japan."""

from collections.abc import Iterator
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
from sakimori.logs.store.interface import LogStore, StoreError
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
    assert run(log_store, spool, NOW - timedelta(minutes=59)) == 0
    make_file(a, **columns)
    put(log_store, a, start_of_day(KEPT) - MILLISECOND)
    assert run(log_store, spool) == (0 if waits else 1)
    assert (RetentionProof.objects.get().rows == 0) == waits


def test_files_that_never_stop_coming_are_waited_for_an_hour_at_most(
    log_store: LogStore, spool: Spool, a: Contract
) -> None:
    """Somebody's attack fills a file a minute: at every look one was just stored and is not searched yet."""
    put(log_store, a, start_of_day(KEPT))
    midnight = start_of_day(date(2026, 11, 26))
    gone_at = []
    for minutes in range(-5, 70):
        now = midnight + timedelta(minutes=minutes)
        LogFile.objects.update(searched_at=now)
        make_file(a, stored_at=now, searched_at=None, received_at=now)
        if run(log_store, spool, now):
            gone_at.append(minutes)
    assert gone_at == [59]
    assert RetentionProof.objects.get(day=date(2026, 11, 26)).rows == 1


def test_the_proof_says_when_it_was_last_looked(log_store: LogStore, spool: Spool, a: Contract) -> None:
    for minutes in (0, 1, 2):
        run(log_store, spool, NOW + timedelta(minutes=minutes))
    assert RetentionProof.objects.get().ran_at == NOW + timedelta(minutes=2)


class Failing:
    """A store that cannot drop the days of one contract, and else is the real one."""

    def __init__(self, store: LogStore, contract: Contract) -> None:
        self._store, self._contract = store, contract

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def drop_day(self, *, contract_id: int, day: date) -> None:
        if contract_id == self._contract.pk:
            raise StoreError("a part is broken")
        self._store.drop_day(contract_id=contract_id, day=day)


def test_a_contract_whose_log_cannot_be_dropped_stops_no_other_and_is_told(
    log_store: LogStore, spool: Spool, a: Contract, b: Contract
) -> None:
    old = start_of_day(KEPT) - MILLISECOND
    for number, contract in enumerate((a, b), 1):
        put(log_store, contract, old, file_id=number)
    with pytest.raises(StoreError, match="a part is broken"):
        run(Failing(log_store, a), spool)  # type: ignore[arg-type]
    assert (left(log_store, a), left(log_store, b)) == ([old], [])
    proofs = dict(RetentionProof.objects.values_list("contract", "ran_at"))
    assert proofs == {a.pk: start_of_day(date(2026, 11, 25)), b.pk: NOW}
    assert run(log_store, spool) == 1
    assert left(log_store, a) == []


def test_a_file_that_cannot_be_removed_stops_neither_the_log_nor_other_files(
    log_store: LogStore, spool: Spool, a: Contract, b: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = start_of_day(KEPT) - MILLISECOND
    stuck, loose = (
        make_file(a, state=LogFileState.QUARANTINED, received_at=old, stored_at=old, spool_name=name)
        for name in ("stuck", "loose")
    )
    put(log_store, a, old)
    put(log_store, b, old, file_id=2)

    def remove(_spool: Spool, name: str) -> None:
        if name == "stuck":
            raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "remove", remove)
        for _ in range(2):
            with pytest.raises(PermissionError):
                run(log_store, spool)
    assert (left(log_store, a), left(log_store, b)) == ([], [])
    assert list(LogFile.objects.filter(spool_cleared_at=None)) == [stuck]
    run(log_store, spool)
    assert set(LogFile.objects.values_list("pk", "spool_cleared_at")) == {(stuck.pk, NOW), (loose.pk, NOW)}


class TestEventsOfTimesToCome:
    """A clock that is wrong keeps its lines, its file and its chain no longer than a right one."""

    far = datetime(2099, 12, 31, 3, tzinfo=UTC)
    came = start_of_day(KEPT)

    def days_until_gone(self, log_store: LogStore, spool: Spool, a: Contract) -> Iterator[int]:
        for days in range(4):
            if run(log_store, spool, NOW + timedelta(days=days)):
                yield days

    def test_they_go_a_day_after_what_came_with_them(self, log_store: LogStore, spool: Spool, a: Contract) -> None:
        file = make_file(a, received_at=self.came, stored_at=self.came, searched_at=self.came)
        put(log_store, a, self.came, self.came + timedelta(days=1), self.far, file_id=file.pk)
        gone: list[list[datetime]] = []
        for days in range(3):
            run(log_store, spool, NOW + timedelta(days=days))
            gone.append(left(log_store, a))
        assert gone == [
            [self.came, self.came + timedelta(days=1), self.far],
            [self.came + timedelta(days=1), self.far],
            [],
        ]

    def test_younger_files_keep_a_day_that_is_theirs_too(self, log_store: LogStore, spool: Spool, a: Contract) -> None:
        for received in (self.came, self.came + timedelta(days=1)):
            file = make_file(a, received_at=received, stored_at=received, searched_at=received)
            put(log_store, a, self.far, file_id=file.pk)
        assert list(self.days_until_gone(log_store, spool, a)) == [3]
        assert left(log_store, a) == []

    def test_tomorrow_and_rows_of_files_that_nobody_knows_stay(
        self, log_store: LogStore, spool: Spool, a: Contract
    ) -> None:
        file = make_file(a, received_at=self.came - timedelta(days=9))
        put(log_store, a, NOW + timedelta(days=1), file_id=file.pk)
        put(log_store, a, self.far, file_id=file.pk + 1)
        assert run(log_store, spool) == 0
        assert left(log_store, a) == [NOW + timedelta(days=1), self.far]


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

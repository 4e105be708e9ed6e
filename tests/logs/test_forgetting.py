"""The ledger's rows go when nothing that is kept has to do with them, and what is left stays checkable."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sakimori.blacklist.models import Finding
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs import forgetting
from sakimori.logs.balance import compare_new, compare_whole
from sakimori.logs.chain.checking import Depth, check_day, check_end
from sakimori.logs.duties import clear_spool, ingest_due
from sakimori.logs.forgetting import forget_files, kept_from
from sakimori.logs.models import ChainDay, ChainHead, LogFile, LogFileState, QuarantinedLine, RetentionProof, StoreCheck
from sakimori.logs.receive.accept import accept
from sakimori.logs.retention import retain
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from tests.lines import cef, log_file
from tests.moments import Clock
from tests.people import make_contract, make_file, make_finding

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOW = datetime(2028, 5, 31, 3, 0, tzinfo=UTC)


@dataclass
class House:
    """A contract with the option, whose files come in by the real ways, on a clock that a test moves."""

    store: LogStore
    spool: Spool
    contract: Contract
    clock: Clock = field(default_factory=lambda: Clock(NOW))

    def deliver(self, name: str, *, events_at: datetime | None = None) -> LogFile:
        """A file that comes now and is stored and searched."""
        lines = [cef("SQL Injection", "198.51.100.7", at=events_at or self.clock())]
        file = accept(
            [log_file(lines)], contract=self.contract, door="pull", name=name, spool=self.spool, now=self.clock()
        )
        ingest_due(store=self.store, spool=self.spool, worker="one", clock=self.clock)
        LogFile.objects.filter(pk=file.pk).update(searched_at=self.clock())
        return file

    def night(self, now: datetime) -> int:
        """What duties do: the spool is cleared, retention runs, and the ledger forgets."""
        self.clock.now = now
        clear_spool(spool=self.spool, keep=timedelta(hours=1), now=now)
        retain(store=self.store, spool=self.spool, log_days=75, now=now)
        return forget_files(store=self.store)

    def names(self) -> list[str]:
        return list(LogFile.objects.order_by("pk").values_list("name", flat=True))


@pytest.fixture
def house(log_store: LogStore, tmp_path: Path) -> House:
    contract = make_contract("株式会社さくら商店", "A")
    contract.keeps_logs = True
    contract.save()
    return House(log_store, Spool(tmp_path / "spool"), contract)


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2028, 5, 29), date(2028, 2, 29)),
        (date(2028, 5, 31), date(2028, 2, 29)),
        (date(2028, 6, 1), date(2028, 3, 1)),
        (date(2027, 5, 29), date(2027, 2, 28)),
        (date(2028, 2, 29), date(2027, 11, 29)),
        (date(2027, 7, 31), date(2027, 4, 30)),
    ],
)
def test_the_day_of_japan_decides_at_month_ends_and_leap_days(house: House, today: date, oldest: date) -> None:
    for name, at in (("gone", start_of_day(oldest) - timedelta(seconds=1)), ("kept", start_of_day(oldest))):
        house.clock.now = at
        house.deliver(name)
    assert house.night(start_of_day(today) + timedelta(hours=1)) == 1
    assert house.names() == ["kept"]
    assert house.night(start_of_day(today + DAY) - timedelta(seconds=1)) == 0


def test_what_is_left_of_the_chain_and_of_the_sums_still_holds(house: House) -> None:
    for number in range(4):
        house.clock.now = NOW + number * DAY
        house.deliver(f"1001_{number}.log")
    kept = day_of(NOW + 2 * DAY)
    house.night(start_of_day(date(2028, 9, 2)))
    assert kept_from(house.contract.pk) == kept
    assert house.names() == ["1001_2.log", "1001_3.log"]
    depth = Depth(store=house.store, spool=house.spool)
    assert [check_day(day.pk, depth) for day in ChainDay.objects.all()] == [[], []]
    assert check_end(ChainHead.objects.get()) == []
    compare_new(store=house.store, now=house.clock())
    compare_whole(store=house.store, now=house.clock())
    assert StoreCheck.objects.get().differences == {}


def test_a_file_of_the_year_2099_goes_with_all_that_came_on_its_day(house: House) -> None:
    house.deliver("ahead.log", events_at=datetime(2099, 12, 31, tzinfo=UTC))
    house.deliver("right.log")
    house.night(start_of_day(date(2028, 8, 31)))
    assert house.names() == ["ahead.log", "right.log"]
    house.night(start_of_day(date(2028, 9, 2)))
    assert house.names() == []
    assert (ChainDay.objects.count(), house.store.count_contract(house.contract.pk)) == (0, 0)
    assert check_end(ChainHead.objects.get()) == []


def test_what_is_gone_of_times_to_come_is_no_difference(house: House) -> None:
    """Another room needs the file's row."""
    file = house.deliver("ahead.log", events_at=datetime(2099, 12, 31, tzinfo=UTC))
    make_finding(house.contract, "198.51.100.7", file=file)
    house.night(start_of_day(date(2028, 9, 2)))
    assert "ahead.log" in house.names()
    assert house.store.count_contract(house.contract.pk) == 0
    compare_whole(store=house.store, now=house.clock())
    assert str(file.pk) not in StoreCheck.objects.get().differences


def test_a_year_of_days_leaves_no_more_rows_than_are_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "_AT_ONCE", 7)
    begin = start_of_day(date(2027, 11, 1))
    for number in range(366):
        at = begin + number * DAY
        make_file(house.contract, received_at=at, stored_at=at, searched_at=at, spool_cleared_at=at, first_at=at)
        if number % 20 == 0 or number == 365:
            house.night(at)
    oldest = kept_from(house.contract.pk)
    assert oldest is not None
    assert LogFile.objects.count() == (day_of(house.clock()) - oldest).days + 1 <= 93


def test_a_file_stays_while_its_rows_or_its_link_are_kept(house: House) -> None:
    """The sender's clock was ahead: what came long ago bears a day that is still kept."""
    house.deliver("ahead", events_at=NOW + timedelta(days=30))
    make_file(house.contract, received_at=NOW, stored_at=NOW, searched_at=NOW, spool_cleared_at=NOW, name="no link")
    later = NOW + timedelta(days=110)
    assert house.night(later) == 1
    assert house.names() == ["ahead"]
    assert house.night(NOW + timedelta(days=130)) == 1
    assert house.names() == []


def test_a_row_that_the_store_still_counts_stays_though_it_has_no_link(house: House) -> None:
    file = house.deliver("1001_1.log", events_at=NOW + timedelta(days=30))
    ChainDay.objects.get().chain_links.all().delete()
    house.night(NOW + timedelta(days=110))
    assert list(LogFile.objects.all()) == [file]


def test_evidence_keeps_the_row_of_its_file(house: House) -> None:
    file = house.deliver("1001_1.log")
    finding = make_finding(house.contract, "198.51.100.7", file=file)
    assert house.night(NOW + timedelta(days=110)) == 0
    assert Finding.objects.get().file == file
    finding.delete()
    assert forget_files(store=house.store) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {"state": LogFileState.RECEIVED},
        {"state": LogFileState.STORING},
        {"spool_cleared_at": None},
        {"searched_at": None},
        {"stored_at": NOW + timedelta(days=100)},
    ],
)
def test_what_is_not_finished_is_not_forgotten_however_old(house: House, columns: dict[str, Any]) -> None:
    done: dict[str, Any] = {"received_at": NOW, "stored_at": NOW, "searched_at": NOW, "spool_cleared_at": NOW}
    make_file(house.contract, **{**done, **columns})
    RetentionProof.objects.create(contract=house.contract, day=day_of(NOW), ran_at=NOW, kept_from=day_of(NOW + DAY))
    assert forget_files(store=house.store) == 0


def test_a_quarantined_file_goes_with_its_reason_and_its_lines_once_its_day_is_over(house: House) -> None:
    file = accept(
        [b"no log at all \x00"], contract=house.contract, door="drop", name="x", spool=house.spool, now=house.clock()
    )
    ingest_due(store=house.store, spool=house.spool, worker="one", clock=house.clock)
    LogFile.objects.filter(pk=file.pk).update(searched_at=house.clock())
    assert house.night(NOW + timedelta(days=110)) == 1
    assert (LogFile.objects.count(), QuarantinedLine.objects.count()) == (0, 0)


def test_before_the_first_proof_nothing_is_known_to_be_too_old(house: House) -> None:
    make_file(house.contract, received_at=NOW - 400 * DAY, stored_at=NOW - 400 * DAY, spool_cleared_at=NOW)
    assert forget_files(store=house.store) == 0
    assert kept_from(house.contract.pk) is None


def test_a_difference_that_was_noted_goes_with_its_file(house: House) -> None:
    file = make_file(house.contract, received_at=NOW, stored_at=NOW, searched_at=NOW, spool_cleared_at=NOW)
    StoreCheck.objects.create(
        contract=house.contract, checked_at=NOW, differences={str(file.pk): [10, 9], "999999": [1, 0]}
    )
    assert house.night(NOW + timedelta(days=110)) == 1
    assert StoreCheck.objects.get().differences == {"999999": [1, 0]}

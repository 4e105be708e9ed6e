"""Retention against a calendar that counts days one by one: month ends, leap days, late rows, reports that are owed."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from sakimori.customers.models import Contract, Customer
from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import start_of_day
from sakimori.logs.fields import Event
from sakimori.logs.models import RetentionProof
from sakimori.logs.retention import retain
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from sakimori.reports.duties import open_reports
from sakimori.reports.models import Report, ReportState
from sakimori.reports.queries import logs_needed_since

LOG_DAYS = 75
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
_number = count(1)


def naive_first_kept(today: date) -> date:
    """Walk back until the third month before begins, and in it to the day of today's number, or the last before it."""
    day, changes = today, 0
    while changes < 3 or day.day > today.day:
        before = day - DAY
        changes += before.month != day.month
        day = before
    return day


@given(st.dates(date(2020, 1, 1), date(2045, 12, 31)))
@settings(max_examples=500)
def test_three_months_are_what_somebody_counts_with_a_finger_on_the_calendar(today: date) -> None:
    assert first_kept_day(today) == naive_first_kept(today)


def test_on_every_day_of_eight_years_at_least_three_months_are_kept_and_never_more_than_one_day_longer() -> None:
    day = date(2023, 1, 1)
    while day < date(2031, 1, 1):
        kept = first_kept_day(day)
        assert 89 <= (day - kept).days <= 92
        assert kept <= first_kept_day(day + DAY)
        day += DAY


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2028, 5, 28), date(2028, 2, 28)),
        (date(2028, 5, 29), date(2028, 2, 29)),
        (date(2028, 5, 31), date(2028, 2, 29)),
        (date(2028, 6, 1), date(2028, 3, 1)),
        (date(2027, 5, 29), date(2027, 2, 28)),
        (date(2028, 2, 29), date(2027, 11, 29)),
        (date(2028, 3, 31), date(2027, 12, 31)),
        (date(2027, 7, 31), date(2027, 4, 30)),
        (date(2027, 1, 1), date(2026, 10, 1)),
    ],
)
@pytest.mark.django_db
def test_at_month_ends_and_leap_days_the_day_of_japan_decides_to_the_millisecond(
    log_store: LogStore, tmp_path: Path, today: date, oldest: date
) -> None:
    house = House(log_store, Spool(tmp_path / "spool"))
    begins = start_of_day(oldest)
    house.deliver(house.keeps, [begins - MILLISECOND, begins])
    for now in (start_of_day(today), start_of_day(today + DAY) - MILLISECOND):
        house.retain(now)
        assert house.left(house.keeps) == [begins]
    proof = RetentionProof.objects.get(contract=house.keeps)
    assert (proof.day, proof.kept_from, proof.days, proof.rows, proof.oldest_day) == (today, oldest, 1, 1, oldest)


def new_contract(*, keeps_logs: bool) -> Contract:
    number = next(_number)
    customer = Customer.objects.create(number=f"C-{number}", name=f"株式会社{number}", created_at=datetime.now(UTC))
    return Contract.objects.create(
        customer=customer, number=f"K-{number}", starts_on=date(2026, 1, 1), keeps_logs=keeps_logs
    )


@dataclass
class House:
    """Two contracts, what was delivered for them, and what should be left by the calendar."""

    store: LogStore
    spool: Spool
    keeps: Contract = field(default_factory=lambda: new_contract(keeps_logs=True))
    plain: Contract = field(default_factory=lambda: new_contract(keeps_logs=False))
    held: dict[int, list[datetime]] = field(default_factory=dict)
    dropped: Counter[int] = field(default_factory=Counter)

    def deliver(self, contract: Contract, moments: list[datetime]) -> None:
        rows = [(number, Event(time=at, request_id=f"r{next(_number)}")) for number, at in enumerate(moments, 1)]
        self.store.append(rows, contract_id=contract.pk, file_id=next(_number))
        self.held.setdefault(contract.pk, []).extend(moments)

    def retain(self, now: datetime) -> None:
        retain(store=self.store, spool=self.spool, log_days=LOG_DAYS, needed_since=logs_needed_since(now), now=now)

    def left(self, contract: Contract) -> list[datetime]:
        rows = self.store.query(
            "SELECT time FROM events WHERE contract_id = {contract_id:UInt32} ORDER BY time",
            {"contract_id": contract.pk},
        )
        return [row["time"] for row in rows]

    def oldest(self, contract: Contract, today: date) -> date:
        """By the naive calendar. Without the option the oldest report that is not released holds its month."""
        if contract.keeps_logs:
            return naive_first_kept(today)
        owed = Report.objects.filter(contract=contract).exclude(state=ReportState.RELEASED)
        months = [date.fromisoformat(f"{month}-01") for month in owed.values_list("month", flat=True)]
        return min([today - LOG_DAYS * DAY, today.replace(day=1), *months])

    def check(self, today: date) -> None:
        """What is left and what the day's proof says are what the calendar says."""
        for contract in (self.keeps, self.plain):
            limit = start_of_day(self.oldest(contract, today))
            before = self.held.get(contract.pk, [])
            self.held[contract.pk] = sorted(at for at in before if at >= limit)
            self.dropped[contract.pk] += len(before) - len(self.held[contract.pk])
            assert self.left(contract) == self.held[contract.pk]
            proofs = RetentionProof.objects.filter(contract=contract)
            assert sum(proofs.values_list("rows", flat=True)) == self.dropped[contract.pk]
            assert proofs.get(day=today).kept_from == self.oldest(contract, today)


STEP = st.tuples(
    st.integers(0, 45),  # days that pass
    st.lists(
        st.tuples(st.integers(0, 160), st.sampled_from([-1, 0, 1])), max_size=4
    ),  # days ago, at midnight or beside
    st.booleans(),  # whether the oldest report is released
)


@pytest.mark.django_db
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(begins=st.dates(date(2027, 1, 1), date(2028, 12, 31)), steps=st.lists(STEP, min_size=2, max_size=4))
@example(begins=date(2028, 1, 20), steps=[(0, [], False), (45, [], False), (0, [], True), (0, [(90, 0)], False)])
def test_whatever_comes_however_late_exactly_what_the_calendar_says_is_left_and_proven(
    log_store: LogStore, tmp_path: Path, begins: date, steps: list[tuple[int, list[tuple[int, int]], bool]]
) -> None:
    house = House(log_store, Spool(tmp_path / "spool"))
    today = begins
    for days, deliveries, releases in steps:
        today += days * DAY
        now = start_of_day(today) + timedelta(hours=3)
        open_reports(now=now)
        if releases:
            oldest = Report.objects.filter(contract=house.plain).exclude(state=ReportState.RELEASED).order_by("month")
            Report.objects.filter(pk=oldest.values("pk")[:1]).update(state=ReportState.RELEASED)
        for contract in (house.keeps, house.plain):
            moments = [start_of_day(today - ago * DAY) + beside * MILLISECOND for ago, beside in deliveries]
            if moments:
                house.deliver(contract, moments)
        house.retain(now)
        house.check(today)


@pytest.mark.django_db
def test_months_whose_reports_were_missed_while_nothing_worked_are_kept_until_they_are_released(
    log_store: LogStore, tmp_path: Path
) -> None:
    """August's report is released, then the service stands still until December: September to November are owed."""
    house = House(log_store, Spool(tmp_path / "spool"))
    columns = {"due_on": date(2027, 9, 14), "opened_at": start_of_day(date(2027, 9, 1))}
    Report.objects.create(contract=house.plain, month="2027-08", state=ReportState.RELEASED, **columns)
    begins = start_of_day(date(2027, 9, 1))
    house.deliver(house.plain, [begins - MILLISECOND, begins])
    now = start_of_day(date(2027, 12, 20))
    house.retain(now)
    assert house.left(house.plain) == [begins]
    open_reports(now=now)
    assert set(Report.objects.filter(contract=house.plain).values_list("month", flat=True)) == {
        "2027-08",
        "2027-09",
        "2027-10",
        "2027-11",
    }
    Report.objects.update(state=ReportState.RELEASED)
    house.retain(now + timedelta(minutes=1))
    assert house.left(house.plain) == []


@pytest.mark.django_db
@pytest.mark.parametrize("keeps_logs", [True, False])
def test_when_the_option_is_given_up_or_taken_the_new_rule_holds_from_the_next_run(
    log_store: LogStore, tmp_path: Path, keeps_logs: bool
) -> None:
    house = House(log_store, Spool(tmp_path / "spool"))
    contract = new_contract(keeps_logs=not keeps_logs)
    today = date(2027, 12, 20)
    Report.objects.create(
        contract=contract, month="2027-11", state=ReportState.RELEASED, due_on=today, opened_at=start_of_day(today)
    )
    between = start_of_day(today - 80 * DAY)
    house.deliver(contract, [between])
    contract.keeps_logs = keeps_logs
    contract.save()
    house.retain(start_of_day(today))
    assert house.left(contract) == ([between] if keeps_logs else [])

"""When a report is owed, for which months and days, and when the SOC is warned."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sakimori.lib.calendar import Month
from sakimori.notify.models import Severity
from sakimori.reports.schedule import (
    business_days_until,
    countdown,
    covered_days,
    due_day,
    owed_months,
    ran_in,
    warning,
)

OCTOBER = Month(2026, 10)
DUE = date(2026, 11, 16)


def at(day: date, hour: int) -> datetime:
    """An hour of Japan."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 9)


def test_a_report_is_owed_on_the_tenth_business_day_of_the_next_month() -> None:
    assert due_day(OCTOBER) == DUE
    assert due_day(Month(2026, 12)) == date(2027, 1, 18)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "ran"),
    [
        (date(2026, 4, 1), None, True),
        (date(2026, 10, 31), None, True),
        (date(2026, 11, 1), None, False),
        (date(2026, 4, 1), date(2026, 10, 1), False),
        (date(2026, 4, 1), date(2026, 10, 2), True),
        (date(2026, 4, 1), date(2026, 11, 30), True),
    ],
)
def test_a_contract_is_owed_the_months_in_which_it_ran(starts_on: date, ends_on: date | None, ran: bool) -> None:
    assert ran_in(OCTOBER, starts_on=starts_on, ends_on=ends_on) is ran


def test_only_the_days_on_which_the_contract_ran_are_covered() -> None:
    assert covered_days(OCTOBER, starts_on=date(2026, 4, 1), ends_on=None) == (date(2026, 10, 1), date(2026, 10, 31))
    begun = covered_days(OCTOBER, starts_on=date(2026, 10, 9), ends_on=date(2026, 10, 20))
    assert begun == (date(2026, 10, 9), date(2026, 10, 19))


@pytest.mark.parametrize(
    ("newest", "months"),
    [
        (None, [OCTOBER]),
        (Month(2026, 9), [OCTOBER]),
        (Month(2026, 7), [Month(2026, 8), Month(2026, 9), OCTOBER]),
        (OCTOBER, []),
    ],
)
def test_months_that_were_missed_are_caught_up(newest: Month | None, months: list[Month]) -> None:
    assert owed_months(OCTOBER, newest) == months


@pytest.mark.parametrize(
    ("today", "words", "tone"),
    [
        (date(2026, 11, 2), "あと 9 営業日", "done"),
        (date(2026, 11, 11), "あと 3 営業日", "wait"),
        (date(2026, 11, 14), "あと 1 営業日", "wait"),
        (DUE, "本日が期限", "trouble"),
        (date(2026, 11, 17), "期限超過", "trouble"),
    ],
)
def test_the_desk_sees_how_long_is_left(today: date, words: str, tone: str) -> None:
    shown = countdown(DUE, today)
    assert (shown.words, shown.tone) == (words, tone)


def test_no_day_is_left_on_the_due_day_and_after_it() -> None:
    assert business_days_until(DUE, DUE) == 0
    assert business_days_until(DUE, DUE + timedelta(days=4)) == 0


@pytest.mark.parametrize(
    ("day", "hour", "severity"),
    [
        (date(2026, 11, 10), 10, None),
        (date(2026, 11, 11), 8, None),
        (date(2026, 11, 11), 9, Severity.MIDDLE),
        (date(2026, 11, 13), 23, Severity.MIDDLE),
        (date(2026, 11, 14), 12, None),  # Saturday
        (DUE, 3, None),
        (DUE, 9, Severity.HIGH),
        (date(2026, 11, 20), 9, Severity.HIGH),
        (date(2026, 11, 23), 9, None),  # 勤労感謝の日
    ],
)
def test_the_soc_is_warned_three_business_days_before_and_louder_on_the_day(
    day: date, hour: int, severity: Severity | None
) -> None:
    assert warning(DUE, at(day, hour)) == severity

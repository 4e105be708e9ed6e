"""Months, business days and the days that contracts count, in Japan."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.calendar import (
    Month,
    business_day,
    deletion_day,
    first_kept_day,
    is_business_day,
    months_before,
    written_day,
)

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), False),  # 勤労感謝の日
        (date(2026, 11, 24), True),
        (date(2026, 11, 28), False),  # Saturday
        (date(2026, 11, 29), False),  # Sunday
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
        (date(2026, 9, 22), False),  # a day between two holidays is one too
    ],
)
def test_offices_work_on_business_days(day: date, works: bool) -> None:
    assert is_business_day(day) is works


@pytest.mark.parametrize(
    ("month", "tenth"),
    [
        (Month(2026, 1), date(2026, 1, 19)),
        (Month(2026, 5), date(2026, 5, 19)),
        (Month(2026, 11), date(2026, 11, 16)),
        (Month(2026, 12), date(2026, 12, 14)),
    ],
)
def test_the_tenth_business_day(month: Month, tenth: date) -> None:
    assert business_day(month, 10) == tenth


def test_a_month_has_no_hundredth_business_day() -> None:
    with pytest.raises(ValueError, match="2026-11 has 19 business days"):
        business_day(Month(2026, 11), 100)
    with pytest.raises(ValueError, match="not 0"):
        business_day(Month(2026, 11), 0)


def test_a_month_begins_and_ends_at_midnight_in_japan() -> None:
    month = Month.parse("2026-12")
    assert month.begins_at == datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert month.ends_at == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert Month.at(month.begins_at) == month
    assert Month.at(month.begins_at - timedelta(microseconds=1)) == Month(2026, 11)
    assert (str(month), month.written) == ("2026-12", "2026年12月")


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1", "26-01", "2026-01-01", "2026/01", "２０２６-０１x"])
def test_nonsense_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"month|form|year"):
        Month.parse(text)


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2026, 11, 25), date(2026, 8, 25)),
        (date(2026, 5, 31), date(2026, 2, 28)),
        (date(2028, 5, 31), date(2028, 2, 29)),
        (date(2026, 1, 15), date(2025, 10, 15)),
    ],
)
def test_today_and_the_past_three_months_are_kept(today: date, oldest: date) -> None:
    assert first_kept_day(today) == oldest


@pytest.mark.parametrize(
    ("ends_on", "deleted_on"),
    [
        (date(2026, 11, 1), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 15), date(2027, 2, 28)),
        (date(2028, 1, 31), date(2028, 2, 29)),
    ],
)
def test_data_is_deleted_at_the_end_of_the_following_month(ends_on: date, deleted_on: date) -> None:
    assert deletion_day(ends_on) == deleted_on


@given(DAYS, st.integers(0, 40))
def test_months_before_lands_in_the_right_month_on_the_same_day_or_its_last(day: date, months: int) -> None:
    before = months_before(day, months)
    assert Month.of(before).plus(months) == Month.of(day)
    assert before.day == day.day or before == Month.of(before).last


@given(DAYS)
def test_what_is_kept_never_goes_backwards(day: date) -> None:
    assert first_kept_day(day) <= first_kept_day(day + timedelta(days=1))


def test_a_day_as_japanese_readers_expect_it() -> None:
    assert written_day(date(2026, 11, 23)) == "2026年11月23日（月）"

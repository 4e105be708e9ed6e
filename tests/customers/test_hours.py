"""At which hours somebody may be called: what people write, Japanese time, midnight, holidays, ends of months."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.customers.hours import (
    ALWAYS,
    BadHours,
    Hours,
    Window,
    dark_nights,
    hours_in_words,
    is_night,
    is_open,
    next_open,
    read_hours,
    uncovered,
    write_hours,
)
from sakimori.lib.calendar import is_public_holiday
from sakimori.lib.jst import JST

windows = st.builds(
    Window,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 1439),
    st.integers(0, 1440),
).filter(lambda window: window.begins != window.ends)
some_hours = st.builds(
    Hours,
    st.sets(windows, min_size=1, max_size=4).map(lambda found: tuple(sorted(found))),
    st.booleans(),
)
_BEGIN = datetime(2025, 12, 1, tzinfo=UTC)
moments = st.integers(0, 820 * 86_400).map(lambda seconds: _BEGIN + timedelta(seconds=seconds))


def at(text: str) -> datetime:
    """A moment in Japanese time."""
    return datetime.fromisoformat(text).replace(tzinfo=JST)


@pytest.mark.parametrize(
    ("text", "one_form"),
    [
        ("月-金 09:00-18:00", "月-金 09:00-18:00"),
        ("月～金　9:00〜18:00", "月-金 09:00-18:00"),
        ("平日９：００－１８：００", "月-金 09:00-18:00"),
        ("月から金 9:00から18:00", "月-金 09:00-18:00"),
        ("土日 22:00-6:00", "土・日 22:00-06:00"),
        ("月・水・金 10:00-12:00", "月・水・金 10:00-12:00"),
        ("金-月 00:00-24:00", "月・金・土・日 00:00-24:00"),
        ("毎日 8:00-20:00", "月-日 08:00-20:00"),
        ("8:00-20:00", "月-日 08:00-20:00"),
        ("土 10:00-12:00; 月-金 09:00-18:00", "月-金 09:00-18:00、土 10:00-12:00"),
        ("月 9:00-12:00\n月 13:00-18:00", "月 09:00-12:00、月 13:00-18:00"),
        ("", ""),
        ("24時間", ""),
        ("２４ 時間", ""),
    ],
)
def test_what_people_write_is_understood(text: str, one_form: str) -> None:
    assert write_hours(read_hours(text)) == one_form


@pytest.mark.parametrize(
    "text",
    [
        "昼間",
        "月-金",
        "月-金 9-18",
        "月 09:00-09:00",
        "月 24:00-09:00",
        "月 09:00-24:01",
        "月 09:60-18:00",
        "-月 09:00-18:00",
        "、".join(["月 09:00-10:00"] * 15),
        "、、",
        "9:00-18:00 月",
    ],
)
def test_what_names_no_hours_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadHours, match=r"[ぁ-ん]"):
        read_hours(text)


@pytest.mark.parametrize(
    ("hours", "moment", "is_so"),
    [
        ("月-金 09:00-18:00", "2026-11-26T09:00", True),
        ("月-金 09:00-18:00", "2026-11-26T08:59:59", False),
        ("月-金 09:00-18:00", "2026-11-26T18:00", False),
        ("月-金 09:00-18:00", "2026-11-28T12:00", False),
        # Saturday's night reaches into Sunday, and not Friday's.
        ("土 22:00-06:00", "2026-11-29T05:59", True),
        ("土 22:00-06:00", "2026-11-29T06:00", False),
        ("土 22:00-06:00", "2026-11-28T05:00", False),
        # Over the ends of a month, of a leap February and of a year.
        ("月-日 23:00-01:00", "2026-12-01T00:30", True),
        ("火 23:00-01:00", "2028-03-01T00:30", True),
        ("木 22:00-02:00", "2027-01-01T01:00", True),
        ("日 00:00-24:00", "2026-11-29T23:59:59", True),
        ("日 00:00-24:00", "2026-11-30T00:00", False),
    ],
)
def test_open_by_the_japanese_clock(hours: str, moment: str, is_so: bool) -> None:
    assert is_open(read_hours(hours), at(moment)) is is_so


def test_holidays_count_by_the_day_on_which_the_window_begins() -> None:
    """Monday 23 November 2026 is 勤労感謝の日; so is Tuesday 3 November 文化の日."""
    assert is_public_holiday(date(2026, 11, 23))
    without = read_hours("月-金 09:00-18:00", on_holidays=False)
    assert not is_open(without, at("2026-11-23T10:00"))
    assert is_open(read_hours("月-金 09:00-18:00"), at("2026-11-23T10:00"))
    assert next_open(without, at("2026-11-20T18:00")) == at("2026-11-24T09:00")
    night = read_hours("22:00-06:00", on_holidays=False)
    assert is_open(night, at("2026-11-23T05:00")), "of Sunday's night"
    assert not is_open(night, at("2026-11-24T05:00")), "of the holiday's night"
    assert not is_open(read_hours("", on_holidays=False), at("2026-11-23T10:00"))
    assert is_open(read_hours("", on_holidays=False), at("2026-11-24T10:00"))


def test_a_substitute_holiday_and_a_day_between_two_holidays_are_holidays() -> None:
    for day in (date(2026, 5, 6), date(2026, 9, 22)):
        hours = read_hours("毎日 09:00-18:00", on_holidays=False)
        assert not is_open(hours, datetime(day.year, day.month, day.day, 10, tzinfo=JST)), day


def test_words_say_what_holds_on_holidays() -> None:
    assert hours_in_words(ALWAYS) == "24 時間"
    assert hours_in_words(read_hours("平日 9:00-18:00", on_holidays=False)) == "月-金 09:00-18:00（祝日を除く）"


@given(some_hours)
def test_what_is_written_is_read_back(hours: Hours) -> None:
    assert read_hours(write_hours(hours), on_holidays=hours.on_holidays) == hours


@given(st.text(alphabet="月火水木金土日平毎祝0123456789:-～、 ;\n24時間", max_size=40))
def test_whatever_is_written_is_hours_or_a_sentence(text: str) -> None:
    try:
        hours = read_hours(text)
    except BadHours:
        return
    assert read_hours(write_hours(hours)) == hours


@given(some_hours, moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours: Hours, now: datetime) -> None:
    begins = next_open(hours, now)
    if begins is None:
        return
    assert is_open(hours, begins)
    if is_open(hours, now):
        assert begins == now
    else:
        assert not any(is_open(hours, now + (begins - now) * part / 7) for part in range(7))


@given(some_hours, moments, st.integers(1, 72))
def test_what_is_uncovered_is_closed_and_the_rest_is_open(hours: Hours, start: datetime, length: int) -> None:
    end = start + timedelta(hours=length)
    found = uncovered([hours], start, end)
    for begin, finish in found:
        assert start <= begin < finish <= end
        assert not is_open(hours, begin)
        assert not is_open(hours, finish - timedelta(microseconds=1))
    for step in range(24):
        moment = start + (end - start) * step / 24
        assert is_open(hours, moment) is not any(begin <= moment < finish for begin, finish in found)


@given(st.lists(some_hours, max_size=3), moments)
def test_more_people_never_leave_more_uncovered(people: list[Hours], start: datetime) -> None:
    end = start + timedelta(days=3)

    def total(of: list[Hours]) -> timedelta:
        return sum((finish - begin for begin, finish in uncovered(of, start, end)), timedelta())

    assert total([*people, ALWAYS]) == timedelta()
    assert all(total(people) <= total(people[:number]) for number in range(len(people)))


def test_dark_nights_are_found() -> None:
    now = at("2026-11-26T12:00")
    assert dark_nights([ALWAYS], now) == []
    assert len(dark_nights([], now)) == 7
    assert len(dark_nights([read_hours("毎日 09:00-18:00")], now)) == 7
    assert dark_nights([read_hours("毎日 20:00-08:00")], now) == []
    assert dark_nights([read_hours("毎日 20:00-02:00"), read_hours("毎日 02:00-08:00")], now) == []
    assert dark_nights([read_hours("月-土 20:00-08:00")], now) == [(at("2026-11-29T22:00"), at("2026-11-30T06:00"))]


@pytest.mark.parametrize(("moment", "dark"), [("T20:00", True), ("T08:59", True), ("T09:00", False), ("T19:59", False)])
def test_a_mere_test_is_not_for_the_night(moment: str, dark: bool) -> None:
    assert is_night(at(f"2026-11-26{moment}")) is dark

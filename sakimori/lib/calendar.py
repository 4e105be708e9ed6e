"""The Japanese calendar of the service: months, business days, and the days that contracts count. All of it JST.

Pure. A day is a `date` of Japan; moments are made of it by `lib/jst.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self

import holidays

from sakimori.lib.jst import day_of, start_of_day

_SATURDAY = 5
_KEPT_MONTHS = 3
# Offices in Japan are closed from 29 December to 3 January, although the law names only 1 January.
_YEAR_END, _NEW_YEAR = (12, 29), (1, 3)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in Japan. `number` is 1 to 12."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        """The month in which a day lies."""
        return cls(day.year, day.month)

    @classmethod
    def at(cls, moment: datetime) -> Self:
        """The month of Japan in which a moment lies."""
        return cls.of(day_of(moment))

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2026-11`. ValueError for anything else."""
        year, dash, number = text.partition("-")
        if not (dash and len(year) == 4 and len(number) == 2 and year.isdecimal() and number.isdecimal()):
            raise ValueError(f"{text!r} is not of the form 2026-11")
        return cls.of(date(int(year), int(number), 1))

    def plus(self, months: int) -> Self:
        """The month so many months later (or earlier)."""
        years, index = divmod(self.number - 1 + months, 12)
        return type(self)(self.year + years, index + 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.plus(1).first - timedelta(days=1)

    @property
    def begins_at(self) -> datetime:
        """The moment (UTC) at which it begins in Japan."""
        return start_of_day(self.first)

    @property
    def ends_at(self) -> datetime:
        """The moment (UTC) at which the next one begins in Japan."""
        return self.plus(1).begins_at

    @property
    def written(self) -> str:
        """As a Japanese reader expects it: 2026年11月."""
        return f"{self.year}年{self.number}月"

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def is_business_day(day: date) -> bool:
    """Whether offices in Japan work: no Saturday, Sunday or public holiday, and not between the years."""
    between_the_years = (day.month, day.day) >= _YEAR_END or (day.month, day.day) <= _NEW_YEAR
    return day.weekday() < _SATURDAY and not between_the_years and day not in _public_holidays(day.year)


def is_public_holiday(day: date) -> bool:
    """Whether the law makes the day a holiday in Japan. The days between the years are none, but for 1 January."""
    return day in _public_holidays(day.year)


def business_day(month: Month, nth: int) -> date:
    """The nth business day of a month, counted from 1. ValueError if the month has not so many."""
    days = (month.first + timedelta(days=number) for number in range(month.last.day))
    working = [day for day in days if is_business_day(day)]
    if not 1 <= nth <= len(working):
        raise ValueError(f"{month} has {len(working)} business days, not {nth}")
    return working[nth - 1]


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; where that month is shorter, its last day."""
    month = Month.of(day).plus(-months)
    return month.first.replace(day=min(day.day, month.last.day))


def first_kept_day(today: date) -> date:
    """The oldest day whose log is kept: today and the past three months (specification 2-5-1)."""
    return months_before(today, _KEPT_MONTHS)


def deletion_day(ends_on: date) -> date:
    """The last day of the month after the one in which a contract ends (specification 3-1)."""
    return Month.of(ends_on).plus(1).last


def written_day(day: date) -> str:
    """A day as a Japanese reader expects it: 2026年11月23日（月）."""
    return f"{day.year}年{day.month}月{day.day}日（{'月火水木金土日'[day.weekday()]}）"


@lru_cache(maxsize=64)
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))

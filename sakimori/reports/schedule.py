"""When a report is owed, how long that is still, and when the SOC is warned. Pure; days are days of Japan."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sakimori.lib.calendar import Month, business_day, is_business_day
from sakimori.lib.jst import JST, day_of
from sakimori.notify.models import Severity

_DUE, _WARNED_BEFORE = 10, 3
# A late report is nothing to wake anybody for.
_OFFICE_OPENS = 9


@dataclass(frozen=True, slots=True)
class Countdown:
    """How far the due day is: words for the desk, and a style class."""

    words: str
    tone: str


def due_day(month: Month) -> date:
    """The day on which the report of a month is owed: the tenth business day of the next one."""
    return business_day(month.plus(1), _DUE)


def ran_in(month: Month, *, starts_on: date, ends_on: date | None) -> bool:
    """Whether a contract ran on any day of the month. From `ends_on` on it does not."""
    return starts_on <= month.last and (ends_on is None or ends_on > month.first)


def covered_days(month: Month, *, starts_on: date, ends_on: date | None) -> tuple[date, date]:
    """The first and the last day of the month on which the contract ran."""
    last = month.last if ends_on is None else min(month.last, ends_on - timedelta(days=1))
    return max(month.first, starts_on), last


def owed_months(past: Month, newest: Month | None) -> list[Month]:
    """Months for which a contract may lack its report: those after the newest that it has, up to the past one.

    A contract without any report begins with the past month: what was before the service knew it is not made up.
    """
    first = past if newest is None else newest.plus(1)
    months = []
    while first <= past:
        months.append(first)
        first = first.plus(1)
    return months


def business_days_until(due: date, today: date) -> int:
    """Business days after today up to the due day; 0 on the day itself and after it."""
    days = max(0, (due - today).days)
    return sum(is_business_day(today + timedelta(days=number)) for number in range(1, days + 1))


def countdown(due: date, today: date) -> Countdown:
    """How long a report that is not released has still."""
    if today > due:
        return Countdown("期限超過", "trouble")
    if today == due:
        return Countdown("本日が期限", "trouble")
    left = business_days_until(due, today)
    return Countdown(f"あと {left} 営業日", "wait" if left <= _WARNED_BEFORE else "done")


def warning(due: date, now: datetime) -> Severity | None:
    """How loudly the SOC is warned now of a report that is not released: not at all, or in office hours only."""
    today = day_of(now)
    if not is_business_day(today) or now.astimezone(JST).hour < _OFFICE_OPENS:
        return None
    if today >= due:
        return Severity.HIGH
    return Severity.MIDDLE if business_days_until(due, today) <= _WARNED_BEFORE else None

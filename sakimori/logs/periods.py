"""Periods of a search: the usual ones, and the steps from one to the next (earlier, later, in, out). Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.lib.calendar import Month
from sakimori.lib.jst import JST
from sakimori.logs.condition import LogQuery

Span = tuple[datetime, datetime]

_SHORTEST = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Usual:
    """A period that people ask for by name. span: its ends, from the moment at which the running minute is over."""

    label: str
    span: Callable[[datetime], Span]


def _last(length: timedelta) -> Callable[[datetime], Span]:
    return lambda end: (end - length, end)


def _this_month(end: datetime) -> Span:
    return Month.at(end).begins_at, end


def _month_before(end: datetime) -> Span:
    month = Month.at(end).plus(-1)
    return month.begins_at, month.ends_at


USUAL = {
    "1h": Usual("直近 1 時間", _last(_HOUR)),
    "24h": Usual("直近 24 時間", _last(24 * _HOUR)),
    "7d": Usual("直近 7 日", _last(7 * 24 * _HOUR)),
    "30d": Usual("直近 30 日", _last(30 * 24 * _HOUR)),
    "month": Usual("今月", _this_month),
    "last-month": Usual("先月", _month_before),
}
DEFAULT = "24h"


def usual(name: str, *, now: datetime, oldest: datetime) -> Span:
    """A usual period, not before `oldest`; the default one for a name that is not known. It ends with the minute."""
    end = now.astimezone(JST).replace(second=0, microsecond=0) + timedelta(minutes=1)
    begins, ends = USUAL.get(name, USUAL[DEFAULT]).span(end)
    return max(begins, oldest), max(ends, oldest + _SHORTEST)


def zoomed_in(query: LogQuery) -> LogQuery | None:
    """The middle half; None where the period cannot be shorter."""
    quarter = _whole_seconds((query.ends - query.begins) / 4)
    if quarter < _SHORTEST:
        return None
    return query.within(query.begins + quarter, query.ends - quarter)


def zoomed_out(query: LogQuery, *, oldest: datetime, newest: datetime) -> LogQuery | None:
    """Twice as long, as far as there is log; None where there is no more."""
    half = max(_whole_seconds((query.ends - query.begins) / 2), _SHORTEST)
    wider = query.within(
        max(query.begins - half, min(oldest, query.begins)), min(query.ends + half, max(newest, query.ends))
    )
    return None if wider == query else wider


def earlier(query: LogQuery, *, oldest: datetime) -> LogQuery | None:
    """The period before this one, of the same length or less; None where no log is kept."""
    if query.begins <= oldest:
        return None
    return query.within(max(query.begins - (query.ends - query.begins), oldest), query.begins)


def later(query: LogQuery, *, newest: datetime) -> LogQuery | None:
    """The period after this one; None where it lies in the future."""
    if query.ends >= newest:
        return None
    return query.within(query.ends, query.ends + (query.ends - query.begins))


def _whole_seconds(length: timedelta) -> timedelta:
    return timedelta(seconds=int(length.total_seconds()))

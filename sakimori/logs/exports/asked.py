"""What was asked for: a search as text in a row and back, in words, and how long the answer is kept. Pure."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl

from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import Filter, in_order
from sakimori.logs.links import words_of
from sakimori.logs.search_address import filters_of, read_moment

KEPT, AT_LEAST = timedelta(days=7), timedelta(hours=24)


class NotUnderstood(Exception):
    """The text is no search."""


def query_of(contract_id: int, text: str) -> LogQuery:
    """The search that `search_address.query_string` wrote. Raises NotUnderstood."""
    parameters = parse_qsl(text, keep_blank_values=True)
    given = dict(parameters)
    begins, ends = read_moment(given.get("begins", "")), read_moment(given.get("ends", ""))
    filters, troubles = filters_of(parameters)
    if begins is None or ends is None or begins >= ends or troubles:
        raise NotUnderstood(text[:200])
    return LogQuery(contract_id, begins, ends, filters)


def in_words(query: LogQuery) -> str:
    """The conditions of a search, without its period, for people; empty where there are none."""
    return "、".join(map(_condition, in_order(query.filters)))


def kept_part(query: LogQuery, kept_from: date) -> LogQuery | None:
    """The part of a search that lies in days which are kept, the first of them given; None where there is none."""
    begins = max(query.begins, start_of_day(kept_from))
    return query.within(begins, query.ends) if begins < query.ends else None


def expiry(finished_at: datetime, oldest: date | None, *, kept_from: Callable[[date], date]) -> datetime:
    """When an export goes: after seven days, or when the oldest day in it is no longer kept, but a day at least.

    So no line stays in this house more than a day longer than it is kept, and whoever asked has time to fetch it.
    kept_from: the first day that is kept on a given day.
    """
    latest = finished_at + KEPT
    if oldest is None:
        return latest
    day = day_of(finished_at)
    while kept_from(day) <= oldest and start_of_day(day) < latest:
        day += timedelta(days=1)
    return min(latest, max(finished_at + AT_LEAST, start_of_day(day)))


def _condition(sought: Filter) -> str:
    return f"{sought.by.label}：{words_of(sought.by, sought.value)}{'（を除く）' if sought.exclude else ''}"

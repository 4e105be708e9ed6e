"""A search as parameters of a page's address, and back. Pure.

Moments are written in Japan Standard Time (`begins=2026-11-25T09:30`), a filter by its name (`site=...`), one that
excludes with `not_` before it. The contract is the caller's matter: who may see it is not decided by an address.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from sakimori.lib.jst import JST
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import MOST_FILTERS, By, Filter, WrongValue, filter_of, in_order

NOT = "not_"
_NAMES = {name: (by, exclude) for by in By for name, exclude in ((str(by), False), (f"{NOT}{by}", True))}
_WRITINGS = (
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A parameter that cannot be understood: its name, what was given, and a Japanese sentence."""

    name: str
    given: str
    sentence: str


def parameters_of(query: LogQuery) -> list[tuple[str, str]]:
    """Period and filters as names and values, always in the same order."""
    return [
        ("begins", written_moment(query.begins)),
        ("ends", written_moment(query.ends)),
        *(filter_parameter(each) for each in in_order(query.filters)),
    ]


def query_string(query: LogQuery, **further: str) -> str:
    """The same as the part of an address behind the question mark; `further` stands in front."""
    return urlencode([*further.items(), *parameters_of(query)])


def filter_parameter(sought: Filter) -> tuple[str, str]:
    """Name and value of one filter."""
    return (f"{NOT}{sought.by}" if sought.exclude else str(sought.by)), sought.value


def filters_of(parameters: Iterable[tuple[str, str]]) -> tuple[frozenset[Filter], list[Trouble]]:
    """The filters among the parameters, and those that are wrong. Other names and empty values are passed over."""
    found: set[Filter] = set()
    troubles: list[Trouble] = []
    for name, text in parameters:
        if name not in _NAMES or not text.strip():
            continue
        by, exclude = _NAMES[name]
        try:
            found.add(filter_of(by, text, exclude=exclude))
        except WrongValue as wrong:
            troubles.append(Trouble(name, text, str(wrong)))
    if len(found) > MOST_FILTERS:
        troubles.append(Trouble("", str(len(found)), f"絞り込みの条件は {MOST_FILTERS} 個までにしてください。"))
    return frozenset(found), troubles


def read_moment(text: str) -> datetime | None:
    """A moment of Japan as UTC, in one of the usual writings; None for anything else. A day alone is its beginning."""
    meant = unicodedata.normalize("NFKC", text).strip()
    for writing in _WRITINGS:
        try:
            return datetime.strptime(meant, writing).replace(tzinfo=JST).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def written_moment(moment: datetime) -> str:
    """A moment in Japan, as short as it can be told: to the minute, the second, or the millisecond."""
    local = moment.astimezone(JST).replace(tzinfo=None)
    if local.second == local.microsecond == 0:
        return local.isoformat(timespec="minutes")
    return local.isoformat(timespec="seconds" if local.microsecond == 0 else "milliseconds")

"""The time that a sender gives beside an event, for events that have none of their own.

A collector's envelope says when (`{"time": 1732600000.123, "event": ...}`). Where the event does not, its line is kept
with these letters in front: `hec.time=1732600000.123 ` and then the event as it came. So the line can be read again by
itself. A time of the event's own, wherever it stands in it, always wins.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from sakimori.logs.fields import FIELD_BY_NAME
from sakimori.logs.formats.values import time_of_ms

_PREFIX = "hec.time="
_GIVEN = re.compile(rf"{re.escape(_PREFIX)}([0-9.eE+]{{1,40}}) ")
BEFORE = _GIVEN.pattern.encode()
_SECONDS = re.compile(r"[0-9]{1,17}(?:\.[0-9]{1,17})?(?:[eE]\+?[0-9]{1,2})?")
_FIRST_MS = 946_684_800_000  # 2000-01-01: what is before it is a counter, or a clock that was never set.
_MOST_SECONDS = 10**11  # What is more are milliseconds: as these it is the year 1973.
_MS = 1000
_PATHS = FIELD_BY_NAME["time"].json
# Times that nobody doubts; of what looks otherwise the parser decides.
_IN_PAIRS = re.compile(rb"[ \t|]start ?= *[0-9]{12,13}(?=[ \t]|\Z)")
_IN_JSON = re.compile(r"[0-9]{12,13}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_SIGNS = (12, 13)


def time_of_seconds(text: str) -> datetime:
    """Read seconds since the epoch, or milliseconds; ValueError for what is no time from 2000 to 2099."""
    if not _SECONDS.fullmatch(text):
        raise ValueError(text)
    number = float(text)
    milliseconds = round(number * _MS if number < _MOST_SECONDS else number) if number < _MOST_SECONDS * _MS else 0
    if milliseconds < _FIRST_MS:
        raise ValueError(text)
    return time_of_ms(milliseconds)


def given_time(text: str) -> tuple[datetime | None, int]:
    """The time in front of a line, and where the line itself begins."""
    found = _GIVEN.match(text) if text.startswith(_PREFIX) else None
    if found is None:
        return None, 0
    try:
        return time_of_seconds(found[1]), found.end()
    except ValueError:
        return None, found.end()


def with_given_time(line: bytes, text: str) -> bytes:
    """Put a time in front of a line; nothing that is no time."""
    try:
        time_of_seconds(text)
    except ValueError:
        return line
    return f"{_PREFIX}{text} ".encode() + line


def pairs_tell_time(line: bytes) -> bool:
    """Whether a line of CEF or LEEF has a time of its own, beyond doubt."""
    return _IN_PAIRS.search(line) is not None


def record_tells_time(record: Mapping[str, object]) -> bool:
    """The same of a JSON object, as `json_places.value_at` gives it."""
    return any(_is_time(record.get(path, _inner(record, path))) for path in _PATHS)


def _inner(record: Mapping[str, object], path: str) -> object:
    outer, _, name = path.partition(".")
    inner = record.get(outer)
    return inner.get(name) if isinstance(inner, dict) else None


def _is_time(value: object) -> bool:
    if isinstance(value, str):
        return _IN_JSON.fullmatch(value) is not None
    return not isinstance(value, bool) and value in _SIGNS

"""Near-real-time records: one JSON object per line, nested. What maps to a column goes there, the rest into `extra`.

Keys of `extra` are the path with dots (`imperva.audit_trail.event_action`).
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sakimori.logs.attack_kinds import AttackKind, kinds_of
from sakimori.logs.fields import FIELDS, POSITION, Event, Kind
from sakimori.logs.formats.building import EXTRA, LINE, NAME, blank_values, build_event
from sakimori.logs.formats.given_time import given_time
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.values import READERS, time_of_iso, time_of_ms

# Deeper levels are kept as JSON text: long paths times many leaves would cost more than the line is long.
_MAX_DEPTH = 6
_MAX_PATH = 200
_NAMES = ("event.code", "event.action", "imperva.audit_trail.event_action", "imperva.alert_type", "event.dataset")
_PROVIDERS = (
    ("abp", AttackKind.BAD_BOT),
    ("bot", AttackKind.BAD_BOT),
    ("ato", AttackKind.ACCOUNT_TAKEOVER),
    ("account_takeover", AttackKind.ACCOUNT_TAKEOVER),
    ("ddos", AttackKind.DDOS),
    ("attack", AttackKind.DDOS),
    ("audit", AttackKind.NONE),
    ("notification", AttackKind.NONE),
)
_OBJECT_CLASSES = (dict, list)


def parse_json(line: bytes, *, max_line_bytes: int = MAX_LINE_BYTES) -> Event:
    """Read one line. Raises UnreadableLine and nothing else."""
    text = decode_line(line, max_line_bytes=max_line_bytes)
    given, begin = given_time(text)
    try:
        return _event(json.loads(text[begin:] if begin else text), text, given)
    except (ValueError, RecursionError):
        # ValueError is also what Python raises for a number of too many digits.
        raise UnreadableLine(Reason.BAD_JSON) from None


def _event(record: object, text: str, given: datetime | None) -> Event:
    if not isinstance(record, dict):
        raise UnreadableLine(Reason.BAD_JSON)
    leaves = dict(_leaves(record))
    values = _values(leaves)
    values[NAME] = next((_as_text(leaves[path]) for path in _NAMES if leaves.get(path)), "")
    values[LINE] = text
    return build_event(values, kinds=_kinds(leaves, values[NAME]), given=given)


def _leaves(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give path and value of everything that is not an object; lists and what is nested too deeply stay whole."""
    pending: list[tuple[str, int, Any]] = [("", 0, record)]
    while pending:
        path, depth, value = pending.pop()
        if isinstance(value, dict) and value and depth < _MAX_DEPTH and len(path) < _MAX_PATH:
            prefix = f"{path}." if path else ""
            pending.extend((f"{prefix}{_storable(key)}", depth + 1, inner) for key, inner in value.items())
        else:
            yield path, value


def _values(leaves: dict[str, Any]) -> list[Any]:
    values, used = blank_values(), set()
    for field in FIELDS:
        for path in field.json:
            if path not in leaves:
                continue
            try:
                value = _value(field.kind, leaves[path])
            except ValueError:
                continue
            values[POSITION[field.name]] = value
            used.add(path)
            break
    values[EXTRA] = {path: _as_text(value) for path, value in leaves.items() if path not in used}
    return values


def _value(kind: Kind, value: object) -> object:
    """Read a leaf as this kind; ValueError if it is none."""
    if kind is Kind.LIST:
        return tuple(map(_as_text, value)) if isinstance(value, list) else (_as_text(value),)
    if kind is Kind.TIME:
        return _time(value)
    if value is None or isinstance(value, _OBJECT_CLASSES):
        raise ValueError(kind)
    if kind in (Kind.TEXT, Kind.WORD):
        return _as_text(value)
    return READERS[kind](_as_text(value))


def _time(value: object) -> datetime:
    """Read milliseconds as a number or as digits, or ISO 8601."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(Kind.TIME)
    if isinstance(value, str) and not (value.isascii() and value.isdecimal() and len(value) <= _LONGEST_NUMBER):
        return time_of_iso(value)
    return time_of_ms(int(value))


_LONGEST_NUMBER = 18


def _as_text(value: object) -> str:
    return _storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _storable(text: str) -> str:
    """Replace what JSON can write but no database can keep: lone surrogates and NUL."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _kinds(leaves: dict[str, Any], name: str) -> tuple[AttackKind, ...]:
    """The data set says what a record is about; without a known one its name does."""
    source = f"{leaves.get('event.provider', '')} {leaves.get('event.dataset', '')} {name}".lower()[:_MAX_PATH]
    if "imperva.alert_type" in leaves:
        return (AttackKind.NONE,)
    words = source.replace("-", "_").split()
    for word, kind in _PROVIDERS:
        if any(part == word or part.startswith(f"{word}_") for part in words):
            return (kind,)
    return kinds_of(name)

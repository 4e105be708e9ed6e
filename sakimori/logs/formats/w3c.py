"""W3C extended log format: values by position, the positions given by a `#Fields:` line or by the file's header.

No authoritative order or quoting rule is known, so nothing is assumed: fields go by name; a line with tabs is cut
at tabs; otherwise at blanks, where a value in double quotes may hold blanks and `""` stands for one quote; `-` is no
value. The names of the `x-` kind and any other unknown ones are kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.fields import FIELDS, POSITION, Event, Kind
from sakimori.logs.formats.building import EXTRA, LINE, NAME, TIME, blank_values, build_event
from sakimori.logs.formats.unreadable import MAX_LINE_BYTES, Reason, UnreadableLine, decode_line
from sakimori.logs.formats.values import READERS, time_of_iso

_VALUE = re.compile(r'"((?:[^"]++|"")*+)"(?![^ ])|([^ ]++)')
_DIRECTIVE = re.compile(r"#?\s*fields\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_NAMES = re.compile(r"[^\s,]+")
_BY_NAME = {name.lower(): field for field in FIELDS for name in field.w3c}
_RULES = tuple(POSITION[name] for name in ("rule_types", "rule_ids", "rule_names"))
_MAX_FIELDS = 500


def field_names(text: str) -> tuple[str, ...]:
    """Read the order from a `#Fields:` line, or from the value of the header key `W3C fields`."""
    match = _DIRECTIVE.match(text)
    return tuple(_NAMES.findall(match[1] if match else text))[:_MAX_FIELDS]


@dataclass(frozen=True, slots=True)
class W3cParser:
    """Reads lines whose values come in this order."""

    names: Sequence[str]
    max_line_bytes: int = MAX_LINE_BYTES

    def __call__(self, line: bytes) -> Event:
        """Read one line. Raises UnreadableLine and nothing else."""
        text = decode_line(line, max_line_bytes=self.max_line_bytes)
        if not self.names:
            raise UnreadableLine(Reason.NO_FIELD_ORDER)
        texts = _texts(text)
        if len(texts) != len(self.names):
            raise UnreadableLine(Reason.FIELD_COUNT)
        values = _values(zip(self.names, texts, strict=True))
        values[LINE] = text
        return build_event(values, kinds=None if values[NAME] else _kinds_without_name(values))


def _texts(line: str) -> list[str]:
    if "\t" in line:
        return [_unquoted(text.strip(" ")) for text in line.split("\t")]
    return [match[2] if match[1] is None else match[1].replace('""', '"') for match in _VALUE.finditer(line)]


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text


def _values(pairs: "zip[tuple[str, str]]") -> list[Any]:
    values, extra = blank_values(), {}
    for name, text in pairs:
        field = _BY_NAME.get(name.lower())
        if text == "-":
            continue
        try:
            if field is None or (field.kind is Kind.ADDRESS):
                raise ValueError(name)
            values[POSITION[field.name]] = READERS[field.kind](text)
        except ValueError:
            extra[name] = text
    if values[TIME] is None:
        values[TIME] = _date_and_time(extra)
    values[EXTRA] = extra
    return values


def _date_and_time(extra: dict[str, str]) -> object:
    """Join the standard's own fields `date` and `time` (UTC), for files without `cs-start`."""
    try:
        return time_of_iso(f"{extra['date']}T{extra['time']}")
    except (KeyError, ValueError):
        return None


def _kinds_without_name(values: list[Any]) -> tuple[AttackKind, ...] | None:
    """A line that no rule was triggered by is an access line, where the format does not say so by a name."""
    return None if any(any(values[rule]) for rule in _RULES) else (AttackKind.NONE,)

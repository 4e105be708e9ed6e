"""Print an event as one JSON object with the column names of `fields.py`."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sakimori.logs.fields import FIELDS, Event
from sakimori.logs.original import original_line


def event_as_json(event: Event) -> str:
    """Give one line of JSON. Times are ISO 8601 in UTC with milliseconds; what is empty or unknown is left out."""
    return _as_json(zip((field.name for field in FIELDS), event, strict=True))


def row_as_json(row: Mapping[str, Any]) -> str:
    """The same of a row of the store that holds all columns."""
    return _as_json((field.name, original_line(row) if field.name == "line" else row[field.name]) for field in FIELDS)


def _as_json(pairs: Iterable[tuple[str, object]]) -> str:
    members = {name: _plain(value) for name, value in pairs if value is not None and value not in ("", (), [], {})}
    return json.dumps(members, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    return value

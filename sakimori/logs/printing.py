"""Print an event as one JSON object with the column names of `fields.py`."""

import json
from collections.abc import Mapping
from datetime import datetime

from sakimori.logs.fields import FIELDS, Event


def event_as_json(event: Event) -> str:
    """Give one line of JSON. Times are ISO 8601 in UTC with milliseconds; what is empty or unknown is left out."""
    members = {
        field.name: _plain(value)
        for field, value in zip(FIELDS, event, strict=True)
        if value is not None and value not in ("", (), {})
    }
    return json.dumps(members, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    return value

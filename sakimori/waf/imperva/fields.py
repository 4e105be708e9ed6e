"""Reading foreign JSON without trust: every function copes with any value and says what it made of it.

The vendor changes between number and text freely (`res`, ids), so both are accepted everywhere.
"""

from collections.abc import Mapping, Sequence


def record(value: object) -> Mapping[str, object] | None:
    """A JSON object, or None."""
    return value if isinstance(value, dict) else None


def records(value: object) -> Sequence[Mapping[str, object]]:
    """The objects in a JSON array; anything else counts as an empty one."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The strings in a JSON array, in order; anything else counts as an empty one."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def field_text(source: Mapping[str, object], name: str) -> str:
    """A text, or "" where there is none."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def field_number(source: Mapping[str, object], name: str) -> int | None:
    """A whole number, also when written as text; None where there is none."""
    value = source.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return None


def descend(source: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The object at the end of a path of names; an empty one where the path breaks off."""
    for name in names:
        source = record(source.get(name)) or {}
    return source

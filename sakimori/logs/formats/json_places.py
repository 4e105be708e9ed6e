"""Where the values of a JSON text begin and end, by the standard library's own scanner. Pure.

For text that is cut before it is read. One sign of it is one byte (decode as latin-1): JSON's own signs are ASCII, and
no part of another. Everything raises `json.JSONDecodeError`, whose `pos` says how far the text is JSON, or
RecursionError.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

# An exporter's object with its events in a list under one of these names wraps them.
WRAPPERS = ("logs", "events", "records")
_SPACE = re.compile(r"[ \t\n\r]*")
_WRAPPED = re.compile(r"\[[ \t\n\r]*(\{|\Z)")
# Numbers may be of any size: of whole ones only the count of their signs is of interest here.
_DECODER = json.JSONDecoder(parse_int=len, parse_float=bool)


class Value(NamedTuple):
    """A value, with whole numbers as the count of their signs and other numbers as flags, and where it is."""

    value: object
    begin: int
    end: int


def after_space(text: str, at: int) -> int:
    """The first place from there that is no white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def value_at(text: str, at: int) -> Value:
    """The value that begins there."""
    value, end = _DECODER.raw_decode(text, at)
    return Value(value, at, end)


def after_brace(text: str, at: int) -> tuple[int, bool]:
    """Behind an opening brace: where the first name is, or the place behind the closing brace and True."""
    at = after_space(text, at)
    return (at + 1, True) if text.startswith("}", at) else (at, False)


def name_at(text: str, at: int) -> tuple[str, int]:
    """The name that begins there, and where its value begins."""
    if not text.startswith('"', at):
        raise json.JSONDecodeError("a name must be text", text, at)
    name, end = _DECODER.raw_decode(text, at)
    return name, _after_sign(text, end, ":")


def after_value(text: str, at: int) -> tuple[int, bool]:
    """Behind a value: where the next name is, or the place behind the closing brace and True."""
    at = after_space(text, at)
    if text.startswith("}", at):
        return at + 1, True
    return _after_sign(text, at, ","), False


def members(text: str, at: int) -> Iterator[tuple[str, Value]]:
    """The members of the object that begins there, each by its name."""
    at, is_over = after_brace(text, at + 1)
    while not is_over:
        name, begin = name_at(text, at)
        value = value_at(text, begin)
        yield name, value
        at, is_over = after_value(text, value.end)


def object_at(text: str, at: int) -> tuple[int, bool]:
    """Behind the object that begins there; or, with True, where the list begins that it wraps.

    What follows the list is not looked at.
    """
    at, is_over = after_brace(text, at + 1)
    while not is_over:
        name, begin = name_at(text, at)
        if wraps(name, text, begin):
            return begin, True
        at, is_over = after_value(text, value_at(text, begin).end)
    return at, False


def wraps(name: str, text: str, begin: int) -> bool:
    """Whether a member is a list of objects under one of the names that wrap. `begin`: of its value."""
    found = _WRAPPED.match(text, begin) if name in WRAPPERS else None
    if found and not found[1]:
        raise json.JSONDecodeError("the list goes on", text, len(text))
    return found is not None


def elements(text: str, begin: int, end: int) -> Iterator[Value]:
    """The elements of a list that is JSON."""
    at = after_space(text, begin + 1)
    while at < end - 1:
        value = value_at(text, at)
        yield value
        at = after_space(text, value.end)
        at = after_space(text, at + 1) if text.startswith(",", at) else at


def _after_sign(text: str, at: int, sign: str) -> int:
    at = after_space(text, at)
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"{sign} is missing", text, at)
    return after_space(text, at + 1)

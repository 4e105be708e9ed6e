"""What an event of the push door becomes: its line, or the lines of the events that it wraps. Pure.

An event without a time of its own gets the envelope's in front (see `formats/given_time.py`). What else an envelope
says (host, source, fields) is about the way that the event took, and is not kept.
"""

import json
from collections.abc import Iterator

from sakimori.logs.formats.detect import LogFormat, format_of
from sakimori.logs.formats.given_time import pairs_tell_time, record_tells_time, with_given_time
from sakimori.logs.formats.json_places import WRAPPERS, Value, elements, members, value_at, wraps

_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def lines_of(event: bytes, value: object, time: str) -> Iterator[bytes]:
    """The lines, each with its end; none for a blank event.

    event, value: the event's JSON and what it says (as `json_places` gives it). time: what the envelope says.
    """
    line = _line(event)
    if isinstance(value, str):
        value = _record(line)
    for begin, end, inner in _unwrapped(line, value):
        one = line[begin:end]
        yield (one if _tells_time(one, inner) else with_given_time(one, time)) + b"\n"


def _line(event: bytes) -> bytes:
    if event in (b'""', b"null"):
        return b""
    if event.startswith(b'"'):
        event = event[1:-1] if b"\\" not in event else _unescaped(event)
    return event.translate(_BREAKS)


def _unescaped(text: bytes) -> bytes:
    return str(json.loads(text.decode(errors="surrogateescape"))).encode(errors="surrogatepass")


def _record(line: bytes) -> object:
    """What a text says that is JSON itself; None for any other."""
    if line[:1] not in (b"{", b"["):
        return None
    text = line.decode("latin-1")
    try:
        value, _, end = value_at(text, 0)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if not text[end:].strip() else None


def _unwrapped(line: bytes, value: object) -> Iterator[tuple[int, int, object]]:
    """Where in the line each event is, and what it says."""
    if _holds_events(value):
        for inner in _wrapped(line.decode("latin-1"), value):
            yield inner.begin, inner.end, inner.value
    elif line:
        yield 0, len(line), value


def _wrapped(text: str, value: object) -> Iterator[Value]:
    if isinstance(value, list):
        yield from elements(text, 0, len(text.rstrip()))
        return
    for name, member in members(text, 0):
        if wraps(name, text, member.begin):
            yield from elements(text, member.begin, member.end)


def _holds_events(value: object) -> bool:
    """Whether it is a list of objects, or an object that wraps one."""
    if isinstance(value, dict):
        return any(isinstance(value.get(name), list) and _holds_events(value[name]) for name in WRAPPERS)
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _tells_time(line: bytes, value: object) -> bool:
    """Whether the line needs no time in front: it has one, or it can be no event anyway."""
    if isinstance(value, dict):
        return record_tells_time(value)
    return format_of(line) not in (LogFormat.CEF, LogFormat.LEEF) or pairs_tell_time(line)

"""From a request of the push door to lines: envelopes, which are JSON objects one after the other, and their events.

Each event's own text is cut out of the body, so an object stays as the sender wrote it. Only one envelope at a time is
looked at, and a bounded one, so no shape of JSON can make us hold more than a few times an envelope. Pure.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from sakimori.logs.formats.json_places import Value, after_brace, after_space, after_value, name_at, value_at
from sakimori.logs.receive.hec_lines import lines_of

# A line may have 256 KiB; escaped as JSON it grows, rarely to this.
ENVELOPE_BYTES = 1 << 20
# Senders gather some thousand at most; each costs us about as much as a line of a kilobyte, however short it is.
EVENTS_PER_REQUEST = 100_000
_WINDOW_BYTES = 64 << 10


class _Envelope(NamedTuple):
    """An event with the time that its envelope gives ("" for none), and where the envelope ends."""

    event: Value
    time: str
    end: int


class BadRequest(Exception):
    """The request cannot be taken; `code` is the protocol's number for why."""

    def __init__(self, text: str, code: int, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.status = code, status


def event_lines(body: bytes) -> bytes:
    """The events, each as one line. An event that is text becomes its line, any other a line of JSON, as it came;
    of one that wraps a list of events, each of these. See `hec_lines.py`.

    What is no UTF-8 spoils its own line only, and blank events are passed over: a visitor's bytes must not keep the
    events of others out. Raises BadRequest.
    """
    lines, number, count = bytearray(), 0, 0
    for number, (begin, envelope) in enumerate(_envelopes(body), start=1):
        event = envelope.event
        for line in lines_of(body[begin + event.begin : begin + event.end], event.value, envelope.time):
            lines += line
            count += 1
            if count > EVENTS_PER_REQUEST:
                raise too_large()
        if number > EVENTS_PER_REQUEST:
            raise too_large()
    if number and not lines:
        raise BadRequest("Event field cannot be blank", 13)
    return bytes(lines)


def too_large() -> BadRequest:
    """More than we take at once."""
    return BadRequest("Request entity too large", 27, 413)


def _envelopes(body: bytes) -> Iterator[tuple[int, _Envelope]]:
    """The envelopes, and from where in the body their places count.

    One byte of it is one sign of the text that is looked at, see `json_places.py`.
    """
    begin, size = 0, _WINDOW_BYTES
    while begin < len(body):
        text, is_last = body[begin : begin + size].decode("latin-1"), begin + size >= len(body)
        at = first = after_space(text, 0)
        try:
            while at < len(text):
                envelope = _envelope(text, at)
                yield begin, envelope
                at = after_space(text, envelope.end)
        except RecursionError as error:
            raise BadRequest("Invalid data format", 6) from error
        except json.JSONDecodeError as error:
            if is_last:
                raise BadRequest("Invalid data format", 6) from error
            if at == first and size == ENVELOPE_BYTES:
                raise too_large() from error
            size = ENVELOPE_BYTES if at == first else _WINDOW_BYTES
        begin += at


def _envelope(text: str, at: int) -> _Envelope:
    """The envelope that begins there. JSONDecodeError: it is no JSON, or goes on behind the text."""
    if not text.startswith("{", at):
        value_at(text, at)
        raise BadRequest("Event field is required", 12)
    event, time = None, ""
    at, is_over = after_brace(text, at + 1)
    while not is_over:
        name, begin = name_at(text, at)
        value = value_at(text, begin)
        if name == "event":
            event = value
        elif name == "time":
            time = text[value.begin : value.end].strip('" ')
        at, is_over = after_value(text, value.end)
    if event is None:
        raise BadRequest("Event field is required", 12)
    return _Envelope(event, time, at)

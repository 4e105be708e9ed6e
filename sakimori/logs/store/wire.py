"""How processes of one machine talk about an embedded log store: frames of JSON, whose values keep their types.

A frame is its length in four bytes, the most significant first, and so many bytes of JSON. JSON knows texts, numbers,
lists, true, false and null; every other value, each mapping too, is an object with one member, whose name says the
type. So no text of a visitor can pass for anything but a text. Nothing that is read is ever run. Pure but for sockets.
"""

import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from math import isfinite
from time import monotonic
from typing import Any
from uuid import UUID

VERSION = 1  # Of the questions; who asks and who answers may be of two releases.
LONGEST_QUESTION = 8 << 20
LONGEST_FRAME = 64 << 20
_LENGTH_BYTES = 4
_READ_AT_ONCE = 1 << 20


class WrongFrame(Exception):
    """What came is not of this protocol, or too long. The text, in English, says why."""


_WRITE: Mapping[type, tuple[str, Callable[[Any], object]]] = {
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    Decimal: ("decimal", str),
    IPv4Address: ("address", str),
    IPv6Address: ("address", str),
    UUID: ("uuid", str),
    bytes: ("bytes", lambda value: b64encode(value).decode()),
    tuple: ("tuple", lambda value: [tagged(each) for each in value]),
}
_READ: Mapping[str, Callable[[Any], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "address": lambda text: IPv6Address(text) if ":" in text else IPv4Address(text),
    "uuid": UUID,
    "bytes": b64decode,
    "float": float,
    "tuple": lambda values: tuple(map(untagged, values)),
    "map": lambda pairs: {untagged(key): untagged(value) for key, value in pairs},
}


def tagged(value: object) -> object:
    """A value in what JSON knows. TypeError for a type that has no name here."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else {"float": str(value)}
    if isinstance(value, list):
        return [tagged(each) for each in value]
    if isinstance(value, Mapping):
        return {"map": [[tagged(key), tagged(each)] for key, each in value.items()]}
    for kind, (name, write) in _WRITE.items():
        if isinstance(value, kind):
            return {name: write(value)}
    raise TypeError(f"no value of a store: {type(value).__name__}")


def untagged(value: object) -> Any:
    """The value that `tagged` was given. WrongFrame for what it never gives."""
    if isinstance(value, list):
        return [untagged(each) for each in value]
    if not isinstance(value, dict):
        return value
    try:
        ((name, inner),) = value.items()
        return _READ[name](inner)
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise WrongFrame("a value of a type that is not known") from error


def frame(content: str, *, longest: int = LONGEST_FRAME) -> bytes:
    """JSON text as a frame. WrongFrame if it is too long."""
    body = content.encode()
    if len(body) > longest:
        raise WrongFrame(f"{len(body):,} bytes at once are more than {longest:,}")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def read_frame(connection: socket.socket, *, longest: int, deadline: float) -> dict[str, Any]:
    """The next frame's object as JSON has it. deadline: on the monotonic clock.

    WrongFrame for anything else, also when the other side has ended; TimeoutError after the deadline; OSError.
    """
    length = int.from_bytes(b"".join(_exactly(connection, _LENGTH_BYTES, deadline)), "big")
    if length > longest:
        raise WrongFrame(f"{length:,} bytes at once are more than {longest:,}")
    body = b"".join(_exactly(connection, length, deadline))
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongFrame("this is no JSON") from error
    if not isinstance(found, dict):
        raise WrongFrame("this is no object")
    return found


def _exactly(connection: socket.socket, wanted: int, deadline: float) -> Iterable[bytes]:
    while wanted:
        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        connection.settimeout(left)
        part = connection.recv(min(wanted, _READ_AT_ONCE))
        if not part:
            raise WrongFrame("the other side has ended")
        wanted -= len(part)
        yield part

"""From the text of one value to a typed value. A reader raises ValueError for text that is not of its kind.

Numbers are bounded before they are converted: a number of 60,000 digits must cost nothing.
"""

import re
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from sakimori.logs.fields import Kind

Value = object
Reader = Callable[[str], Value]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Days are stored as a ClickHouse Date, which ends in 2149.
LAST_MILLISECOND = 4_102_444_800_000  # 2100-01-01
_MILLISECOND = timedelta(milliseconds=1)
MAX_DIGITS = 18  # Fits a signed 64-bit number.
_ESCAPED = re.compile(r"\\([=|\\])")
_ESCAPED_IN_JSON = re.compile(r"\\([=|])")
_MAPPED = "::ffff:"
_LONGEST_ADDRESS = 45


def read_text(text: str) -> str:
    """Undo the escapes `\\=`, `\\|` and `\\\\`. Any other backslash is the visitor's own and stays."""
    text = text.strip()
    if "\\" not in text:
        return text
    if "\\\\" in text:
        return _ESCAPED.sub(r"\1", text)
    return text.replace("\\=", "=").replace("\\|", "|")


def read_json_text(text: str) -> str:
    """Undo `\\=` and `\\|` only: the other backslashes belong to the JSON."""
    text = text.strip()
    return _ESCAPED_IN_JSON.sub(r"\1", text) if "\\" in text else text


def read_int(text: str) -> int | None:
    text = text.strip()
    if len(text) <= MAX_DIGITS and text.isdecimal() and text.isascii():
        return int(text)
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii() and len(digits) <= MAX_DIGITS):
        raise ValueError(Kind.INT)
    return int(text)


def read_port(text: str) -> int | None:
    number = read_int(text)
    if number is not None and not 0 <= number <= 65_535:
        raise ValueError(Kind.PORT)
    return number


def read_float(text: str) -> float | None:
    """Read a plain decimal number of reasonable size; no infinity, no NaN."""
    text = text.strip()
    if not text:
        return None
    if not _DECIMAL.fullmatch(text):
        raise ValueError(Kind.FLOAT)
    return float(text)


_DECIMAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{0,18})?")


def read_time(text: str) -> datetime | None:
    """Read milliseconds since the epoch, before the year 2100."""
    number = read_int(text)
    return None if number is None else time_of_ms(number)


def time_of_ms(milliseconds: int) -> datetime:
    """Give the UTC time; ValueError outside 1970 to 2099."""
    if not 0 <= milliseconds < LAST_MILLISECOND:
        raise ValueError(Kind.TIME)
    # Exact: a float holds milliseconds of this size with three digits to spare.
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def time_of_iso(text: str) -> datetime:
    """Read an ISO 8601 time, cut to milliseconds; without a zone it is UTC."""
    time = datetime.fromisoformat(text.strip())
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    # Not via astimezone(): that overflows for times next to the calendar's ends.
    return time_of_ms((time - _EPOCH) // _MILLISECOND)


def canonical_address(text: str) -> str | None:
    """Give the canonical text of an IPv4 or IPv6 address; None if it is none. IPv4 inside IPv6 becomes IPv4."""
    if len(text) > _LONGEST_ADDRESS:
        return None
    try:
        if ":" not in text:
            return socket.inet_ntoa(socket.inet_pton(socket.AF_INET, text))
        address = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):
        return None
    return address[len(_MAPPED) :] if address.startswith(_MAPPED) and "." in address else address


def read_list(text: str) -> tuple[str, ...]:
    """Cut a comma list. Empty slots stay, because lists are parallel; a comma at the very end adds no slot."""
    text = read_text(text)
    if not text:
        return ()
    if "," not in text:
        return (text,)
    return tuple(map(str.strip, text.removesuffix(",").split(",")))


READERS: Mapping[Kind, Reader] = MappingProxyType(
    {
        Kind.TEXT: read_text,
        Kind.WORD: read_text,
        Kind.JSON: read_json_text,
        Kind.INT: read_int,
        Kind.PORT: read_port,
        Kind.FLOAT: read_float,
        Kind.TIME: read_time,
        Kind.LIST: read_list,
    }
)

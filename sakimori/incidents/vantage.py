"""The second vantage point: what the two sides of it say to each other, and how each proves that it is who it is. Pure.

An order and its answer are texts (JSON), signed with a key that both sides share (HMAC-SHA256). An order carries time
and a number that is used once; the answer is signed for that number. So nobody else can send us about, an order heard
on the way cannot be used again, and an answer fits its own order only.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sakimori.incidents.models import PageKind, Via
from sakimori.incidents.visit import Target, Trouble, Visit

SKEW_SECONDS = 60
MOST_ORDER_BYTES = 8 << 10
MOST_ANSWER_BYTES = 256 << 10
_MOST_REMEMBERED = 100_000
_COUNTS = ("status", "size_bytes", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms")
_LARGEST = 1 << 31


class Nonsense(ValueError):
    """A text that is no order or no answer."""


class NotTrusted(Exception):
    """Unsigned, wrongly signed, too old or too new, or used before."""


def signature(key: str, kind: str, *parts: str) -> str:
    """The signature of a text of one kind (`order`, `answer`), with what it belongs to."""
    said = "\n".join((kind, *parts))
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


def is_signed(given: str, key: str, kind: str, *parts: str) -> bool:
    """Whether this is the signature; takes as long for a wrong one."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), signature(key, kind, *parts).encode())


@dataclass
class Doorkeeper:
    """Lets an order in once. began: seconds (UNIX); what was signed before is refused, for it may have been used."""

    key: str
    began: float
    _used: dict[str, float] = field(default_factory=dict)

    def check(self, order: str, *, time: str, nonce: str, given: str, now: float) -> None:
        """Raises NotTrusted. now: seconds (UNIX)."""
        if not is_signed(given, self.key, "order", time, nonce, order):
            raise NotTrusted("the signature is wrong")
        if not time.isdecimal() or len(time) > 12 or abs(int(time) - now) > SKEW_SECONDS or int(time) < int(self.began):
            raise NotTrusted("the order is not of this minute")
        for old in [each for each, until in self._used.items() if until < now]:
            del self._used[old]
        if nonce in self._used or len(self._used) >= _MOST_REMEMBERED:
            raise NotTrusted("the order was used before")
        self._used[nonce] = now + 2 * SKEW_SECONDS


def order_text(target: Target, seconds: float) -> str:
    """An order to visit a page. The way past the WAF is never asked for elsewhere."""
    wanted = {"url": target.url, "text": target.expected_text, "whole": target.whole, "seconds": seconds}
    return json.dumps(wanted, ensure_ascii=False)


def read_order(text: str) -> tuple[Target, float]:
    """Target and seconds of an order. Raises Nonsense."""
    data = _object(text, MOST_ORDER_BYTES)
    url, expected, whole, seconds = (data.get(name) for name in ("url", "text", "whole", "seconds"))
    if not (isinstance(url, str) and isinstance(expected, str) and isinstance(whole, bool)):
        raise Nonsense("an order has url, text and whole")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 300:
        raise Nonsense("an order has seconds")
    return Target(url, expected, whole=whole), float(seconds)


def answer_text(visit: Visit) -> str:
    """What a visit came to, as text."""
    told: dict[str, Any] = {name: getattr(visit, name) for name in (*_COUNTS, "total_ms", "text_found", "address")}
    told |= {"url": visit.url, "trouble": visit.trouble.value, "via": visit.via, "page": visit.page}
    told |= {"headers": [list(each) for each in visit.headers], "head": base64.b64encode(visit.head).decode()}
    return json.dumps(told, ensure_ascii=False)


def read_answer(text: str, *, at: datetime, vantage: str) -> Visit:
    """The visit that an answer tells of. Raises Nonsense for anything that no visit can be."""
    data = _object(text, MOST_ANSWER_BYTES)
    try:
        return Visit(
            at=at,
            url=_text(data["url"], 300),
            trouble=Trouble(data["trouble"]),
            total_ms=_count(data["total_ms"]) or 0,
            text_found=_known(data["text_found"]),
            address=_text(data["address"], 45),
            headers=tuple((_text(name, 100), _text(value, 500)) for name, value in data["headers"][:60]),
            head=base64.b64decode(_text(data["head"], 16 << 10), validate=True),
            via=Via(data["via"]).value,
            page=PageKind(data["page"]).value,
            vantage=vantage,
            status=_count(data["status"]),
            size_bytes=_count(data["size_bytes"]),
            dns_ms=_count(data["dns_ms"]),
            connect_ms=_count(data["connect_ms"]),
            tls_ms=_count(data["tls_ms"]),
            first_byte_ms=_count(data["first_byte_ms"]),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise Nonsense("this is no answer") from error


def _object(text: str, most: int) -> dict[str, Any]:
    try:
        data = json.loads(text) if len(text) <= most else None
    except (ValueError, RecursionError) as error:
        raise Nonsense("this is no JSON") from error
    if not isinstance(data, dict):
        raise Nonsense("this is no JSON object")
    return data


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("no text")
    return value


def _known(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError("neither yes nor no")
    return value


def _count(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        raise ValueError("no count")
    return value

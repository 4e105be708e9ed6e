"""Whether a page's body shows a text, in whatever encoding Japanese sites use. Pure."""

import zlib
from html import escape

from sakimori.incidents.visit import BODY_BYTES

_ENCODINGS = ("utf-8", "cp932", "euc_jp")
_INFLATED = ("gzip", "x-gzip", "deflate")
_EITHER_HEADER = 32 + zlib.MAX_WBITS


def unpacked(body: bytes, content_encoding: str) -> bytes | None:
    """The plain body, bounded; None where it is packed in a way that we did not ask for."""
    packing = content_encoding.strip().lower()
    if packing in _INFLATED:
        try:
            return zlib.decompressobj(_EITHER_HEADER).decompress(body, BODY_BYTES)
        except zlib.error:
            return None
    return body if packing in ("", "identity") else None


def shows(body: bytes, text: str) -> bool:
    """Whether the text stands in a plain body."""
    return any(wanted in body for wanted in _forms(text))


def _forms(text: str) -> set[bytes]:
    """The text's bytes in every encoding that has its signs."""
    forms = set()
    for encoding in _ENCODINGS:
        try:
            forms |= {text.encode(encoding), escape(text).encode(encoding)}
        except UnicodeEncodeError:
            continue
    return forms

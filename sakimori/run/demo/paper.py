"""What stands on a PDF of ours, for the check: it reads a letter as its addressee does. Only for what Typst made."""

import re
import zlib

_STREAM = rb"\n%d 0 obj\s*<<[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream"
_FONT_NAMES = re.compile(rb"/(f\d+) (\d+) 0 R")
_MEANING = re.compile(rb"\n(\d+) 0 obj\s*<<[^\n]*?/ToUnicode (\d+) 0 R")
_PAIR = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_STREAMS = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(f\d+) [\d.]+ Tf.*?\[(.*?)\]TJ", re.DOTALL)
_SIGN = re.compile(rb"\\([0-7]{1,3}|.)|(.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """All text in the order in which it was set, one piece per line."""
    fonts = {name: _meanings(pdf, int(number)) for name, number in _fonts(pdf)}
    lines = []
    for stream in _STREAMS.findall(pdf):
        for font, pieces in _SHOWN.findall(_inflated(stream)):
            lines.append("".join(_letters(_glyphs(pieces), fonts[font])))
    return "\n".join(lines)


def _fonts(pdf: bytes) -> list[tuple[bytes, bytes]]:
    """Each font's name on the page, and the number of the table that says what its glyphs mean."""
    tables = dict(_MEANING.findall(pdf))
    return [(name, tables[number]) for name, number in _FONT_NAMES.findall(pdf) if number in tables]


def _meanings(pdf: bytes, number: int) -> dict[int, str]:
    found = re.search(_STREAM % number, pdf, re.DOTALL)
    table = _inflated(found.group(1)) if found else b""
    return {int(glyph, 16): bytes.fromhex(sign.decode()).decode("utf-16-be") for glyph, sign in _PAIR.findall(table)}


def _letters(glyphs: bytes, meanings: dict[int, str]) -> list[str]:
    numbers = [int.from_bytes(glyphs[place : place + 2], "big") for place in range(0, len(glyphs), 2)]
    return [meanings.get(number, "?") for number in numbers]


def _glyphs(pieces: bytes) -> bytes:
    """The bytes of all strings among the pieces: (signs) with brackets escaped or balanced, and <hexadecimal>."""
    depth, glyphs, digits = 0, b"", b""
    for escaped, plain in _SIGN.findall(pieces):
        depth -= plain == b")"
        if depth > 0:
            octal = bytes([int(escaped, 8) & 255]) if escaped.isdigit() else _NAMED.get(escaped, escaped)
            glyphs += plain or octal
        elif plain == b">":
            glyphs, digits = glyphs + bytes.fromhex(digits.decode()), b""
        elif digits or plain == b"<":
            digits += plain.replace(b"<", b" ")
        depth += plain == b"("
    return glyphs


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""

"""Cut `key=value key=value` where nothing is quoted, carefully. Linear in the length of the text, whatever it holds.

1. A known key always begins a value; what looks like an unknown key does so only after a value that no visitor can
   have typed. After a visitor's text (user agent, URL, ...) it is taken for part of that text.
2. Balanced JSON is never cut: request headers come after the client's address, and must not be able to forge it.
3. A missing blank before or after a `csNLabel=...` is mended.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sakimori.logs.fields import Field, Kind
from sakimori.logs.formats.unreadable import Reason, UnreadableLine

LABEL_KEY = re.compile(r"(cs\d{1,2})label", re.IGNORECASE)
_SLOT_KEY = re.compile(r"cs\d{1,2}(?:label)?")
_JSON_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_JSON_BEGINS = re.compile(r"[\s,]*+(?=[\[{])")
_LABEL_BEGINS = re.compile(r"([^ \t])(cs\d{1,2}Label=)")
_KEY_BEGINS = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*+)=")
# A real line has fewer than a hundred. The limit bounds the cost; a visitor would need 16 kB of header to reach it.
_MAX_PIECES = 4_000
# The search for an end that is not there costs the whole rest of the line; a hostile line gets two of them.
_MAX_OPEN_JSON = 2


class Piece(NamedTuple):
    """A key as sent, and its text as sent."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a format calls things. All keys of the mappings are in lower case.

    tags: what the label of a csN means. untagged: what a csN without a meaningful label means.
    """

    fields: Mapping[str, Field]
    tags: Mapping[str, Field]
    untagged: Mapping[str, Field]

    def knows(self, key: str) -> bool:
        lower = key.lower()
        return lower in self.fields or _SLOT_KEY.fullmatch(lower) is not None

    def field(self, key: str) -> Field | None:
        lower = key.lower()
        return self.fields.get(lower) or self.untagged.get(lower)


def cut(text: str, keys: re.Pattern[str], vocabulary: Vocabulary) -> Iterator[Piece]:
    """Give the pieces in order. Text before the first key belongs to nothing and is left out.

    `keys` finds a separator and the key behind it; `text` begins with a separator.
    """
    text = _LABEL_BEGINS.sub(rf"\1{text[:1]}\2", text)
    key, begin, free, position, open_json, pieces = "", 0, False, 0, 0, 0
    while match := keys.search(text, position):
        position = match.end()
        found = match[1]
        if free and not vocabulary.knows(found):
            continue
        pieces += 1
        if pieces > _MAX_PIECES:
            raise UnreadableLine(Reason.TOO_MANY_KEYS)
        if key:
            yield from _mended(Piece(key, text[begin : match.start()]), vocabulary)
        field = vocabulary.field(found)
        key, begin, free = found, position, field is not None and field.free
        if field is not None and field.kind is Kind.JSON and open_json < _MAX_OPEN_JSON:
            position = _end_of_json(text, begin)
            open_json += position == begin
    if key:
        yield from _mended(Piece(key, text[begin:]), vocabulary)


def _end_of_json(text: str, begin: int) -> int:
    """Say where the JSON that begins here ends; `begin` itself if there is none or it is never closed."""
    opening = _JSON_BEGINS.match(text, begin)
    if opening is None:
        return begin
    depth = 0
    for mark in _JSON_MARK.finditer(text, opening.end()):
        if mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
            if depth == 0:
                return mark.end()
    return begin


class GluedPair(NamedTuple):
    """What has run into a label: how long the label itself is, the key behind it, and where that one's value begins."""

    label_length: int
    key: str
    value_place: int


def glued_pair(label: str, vocabulary: Vocabulary) -> GluedPair | None:
    """Find the known key in `clappsigdproc=Browser`, the text of a label; None if it holds none."""
    lower = label.lower()
    if lower in vocabulary.tags:
        return None
    for tag in vocabulary.tags:
        glued = _KEY_BEGINS.match(label, len(tag)) if lower.startswith(tag) else None
        if glued and vocabulary.knows(glued[1]):
            return GluedPair(len(tag), glued[1], glued.end())
    return None


def _mended(piece: Piece, vocabulary: Vocabulary) -> Iterator[Piece]:
    """Cut `cs5Label=clappsigdproc=Browser` in two; the vendor's own examples hold such lines."""
    label = piece.text.strip()
    glued = glued_pair(label, vocabulary) if LABEL_KEY.fullmatch(piece.key) else None
    if glued is None:
        yield piece
        return
    yield Piece(piece.key, label[: glued.label_length])
    yield Piece(glued.key, label[glued.value_place :])

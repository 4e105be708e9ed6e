"""Cut `key=value key=value` where nothing is quoted, carefully. Linear in the length of the text, whatever it holds.

1. A known key always begins a value; what looks like an unknown key does so only after a value that no visitor can
   have typed. After a visitor's text (user agent, URL, ...) it is taken for part of that text.
2. Balanced JSON is never cut: request headers come after the client's address, and must not be able to forge it.
3. A missing blank before or after a `csNLabel=...` is mended.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import NamedTuple

from sakimori.logs.fields import Field, Kind
from sakimori.logs.formats.unreadable import Reason, UnreadableLine

LABEL_KEY = re.compile(r"(cs\d{1,2})label", re.IGNORECASE)
_SLOT_KEY = re.compile(r"cs\d{1,2}(?:label)?")
_JSON_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_JSON_BEGINS = re.compile(r"[\s,]*+(?=[\[{])")
# Begins with two plain letters, which the regular expression engine looks for many times faster.
_LABEL_BEGINS = re.compile(r"cs(?<=[^ \t]cs)\d{1,2}Label=")
_KEY_BEGINS = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*+)=")
# A real line has fewer than a hundred. The limit bounds the cost; a visitor would need 16 kB of header to reach it.
_MAX_PIECES = 4_000
# The search for an end that is not there costs the whole rest of the line; a hostile line gets two of them.
_MAX_OPEN_JSON = 2
_MOST_REMEMBERED, _REMEMBERED_LETTERS = 4_096, 64


class Word(NamedTuple):
    """A key as sent, and what a format means by it.

    slot: for `cs7Label` the key that it labels; "" for what is no label. is_known: it always begins a value.
    is_free, is_json: a visitor may have typed its value, or it is JSON.
    """

    key: str
    lower: str
    field: Field | None
    slot: str
    is_known: bool
    is_free: bool
    is_json: bool


class Piece(NamedTuple):
    """A key, and its text as sent."""

    word: Word
    text: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a format calls things. All keys of the mappings are in lower case.

    tags: what the label of a csN means. untagged: what a csN without a meaningful label means. words: those that were
    looked up last.
    """

    fields: Mapping[str, Field]
    tags: Mapping[str, Field]
    untagged: Mapping[str, Field]
    words: dict[str, Word] = dataclass_field(default_factory=dict, init=False, compare=False, repr=False)

    def knows(self, key: str) -> bool:
        return self.word(key).is_known

    def field(self, key: str) -> Field | None:
        return self.word(key).field

    def word(self, key: str) -> Word:
        """What a key means. Short ones are remembered: lines have the same again and again."""
        return self.words.get(key) or self._look_up(key)

    def _look_up(self, key: str) -> Word:
        lower = key.lower()
        field, label = self.fields.get(lower) or self.untagged.get(lower), LABEL_KEY.fullmatch(lower)
        is_known = lower in self.fields or _SLOT_KEY.fullmatch(lower) is not None
        is_free, is_json = (field.free, field.kind is Kind.JSON) if field else (False, False)
        word = Word(key, lower, field, label[1] if label else "", is_known, is_free, is_json)
        if len(key) <= _REMEMBERED_LETTERS:
            if len(self.words) >= _MOST_REMEMBERED:
                self.words.clear()
            self.words[key] = word
        return word


def cut(text: str, keys: re.Pattern[str], vocabulary: Vocabulary) -> Iterator[Piece]:
    """Give the pieces in order. Text before the first key belongs to nothing and is left out.

    `keys` finds a separator and the key behind it; `text` begins with a separator.
    """
    text = _LABEL_BEGINS.sub(rf"{text[:1]}\g<0>", text)
    words, look_up, search = vocabulary.words, vocabulary.word, keys.search
    word, begin, is_free, position, open_json, pieces = None, 0, False, 0, 0, 0
    while match := search(text, position):
        position = match.end()
        found = words.get(match[1]) or look_up(match[1])
        if is_free and not found.is_known:
            continue
        pieces += 1
        if pieces > _MAX_PIECES:
            raise UnreadableLine(Reason.TOO_MANY_KEYS)
        if word:
            value = text[begin : match.start()]
            if word.slot:
                yield from _mended(word, value, vocabulary)
            else:
                yield Piece(word, value)
        word, begin, is_free = found, position, found.is_free
        if found.is_json and open_json < _MAX_OPEN_JSON:
            position = _end_of_json(text, begin)
            open_json += position == begin
    if word:
        yield from _mended(word, text[begin:], vocabulary)


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


def _mended(word: Word, text: str, vocabulary: Vocabulary) -> tuple[Piece, ...]:
    """Cut `cs5Label=clappsigdproc=Browser` in two; the vendor's own examples hold such lines."""
    if not word.slot:
        return (Piece(word, text),)
    label = text.strip()
    glued = glued_pair(label, vocabulary)
    if glued is None:
        return (Piece(word, text),)
    return Piece(word, label[: glued.label_length]), Piece(vocabulary.word(glued.key), label[glued.value_place :])

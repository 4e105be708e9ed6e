"""From JSON documents to lines: an array of events, or an object that wraps one, spread over many lines or not.

Collectors and exporters write them where the vendor writes one object per line. Each event's own text becomes one
line, letter by letter; only its line breaks, which in JSON stand between values, become tabs. So everything behind
reads lines whatever came, and the same file gives the same lines whoever reads it. What stands beside a wrapped list
belongs to no event and stays in the received file.

Between events, brackets and commas only part them. Where the text is no JSON, what was begun becomes one line that
cannot be read, up to the next line that begins with an object or a list; all that was whole before it is kept.
Memory is bounded by the longest event that may be.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from sakimori.logs.formats.json_places import after_space, name_at, object_at, value_at, wraps

# Four times the longest line that can be read: so far an event is looked for that is too long, to know where it ends.
LONGEST_BYTES = 1 << 20
_LOOK_BYTES = 256 << 10
_PIECE_BYTES = 16 << 10
_BOM = b"\xef\xbb\xbf"
_LIST_BEGINS = re.compile(rb"\[\s*(?:[\[{\]]|\Z)")
_BETWEEN = re.compile(r"[ \t\r\n,\[\]]*")
_LINE_END = re.compile(r"\n")
_NEXT_DOCUMENT = re.compile(r"\n[ \t\r]{0,4096}(?=[\[{])")
_UNDECIDED = re.compile(r"\n[ \t\r]{0,4096}\Z")
_BREAKS = str.maketrans("\r\n", "\t\t")
_IN_LIST = frozenset('{"-0123456789tfnNI')
# So near the end of what has come the longest sign of JSON, an escape, may have been cut.
_LONGEST_SIGN = 12
# What is nested too deeply, or too long, is so at least up to here. Further on, a document may begin.
_DEEP_BYTES = 512
_NEVER_CLOSED = b"[\n"


def lines_of_documents(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on content that is no JSON document; of one that is, give its events as lines."""
    rest, beginning = iter(blocks), b""
    for block in rest:
        beginning += block
        if _is_decided(beginning):
            break
    content = chain((beginning,), rest)
    yield from _Events().lines(content) if is_document(beginning) else content


def is_document(beginning: bytes) -> bool:
    """Whether the events of this content are cut out of JSON; False for events that are lines already."""
    start = beginning.removeprefix(_BOM).lstrip()
    if not start.startswith(b"{"):
        return _LIST_BEGINS.match(start) is not None
    line = start[:_LOOK_BYTES].partition(b"\n")[0].decode("latin-1")
    try:
        end, is_wrapper = object_at(line, 0)
    except (json.JSONDecodeError, RecursionError):
        return True  # It goes on in the next line, or it is broken, which will be seen.
    return is_wrapper or line[after_space(line, end) :][:1] in ("{", "[", ",")


def _is_decided(beginning: bytes) -> bool:
    start = beginning.removeprefix(_BOM).lstrip()
    return len(beginning) > _LOOK_BYTES or bool(start and (start[:1] not in b"[{" or b"\n" in start))


def _pieces(blocks: Iterable[bytes]) -> Iterator[str]:
    """The content in small pieces: whatever is wrong in one costs the scanner a look at all of it."""
    bom = _BOM
    for block in blocks:
        for at in range(0, len(block), _PIECE_BYTES):
            yield block[at : at + _PIECE_BYTES].removeprefix(bom).decode("latin-1")
            bom = b""


class _GoesOn(Exception):
    """More of the text is needed."""


class _Events:
    """Cuts one document after the other, as they come. Where blocks end makes no difference."""

    def __init__(self) -> None:
        self._text = ""
        self._waiting: list[str] = []
        self._come = self._wanted = 0
        self._is_last = False
        self._found: list[str] = []
        # Lists that were opened, and of them those of the document that is being cut; whether an object wraps these.
        self._depth = self._open = 0
        self._is_wrapped = self._is_broken = False
        # What ends the text that is passed on as it comes, because it is no JSON.
        self._passing: re.Pattern[str] | None = None

    def lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Give blocks of lines."""
        for piece in _pieces(blocks):
            self._waiting.append(piece)
            self._come += len(piece)
            if self._come >= self._wanted:
                yield from self._cut()
        self._is_last = True
        yield from self._cut()
        if not self._is_broken and (self._depth or self._is_wrapped):
            yield (b"\n" if self._passing else b"") + _NEVER_CLOSED

    def _cut(self) -> Iterator[bytes]:
        text, at = self._text + "".join(self._waiting), 0
        self._waiting, self._come, self._wanted = [], 0, 0
        try:
            while at < len(text):
                at = self._pass_on(text, at) if self._passing else self._take(text, self._between(text, at))
        except _GoesOn as goes_on:
            (at,) = goes_on.args
            # Twice as much each time: looking at it again and again costs no more than twice its length.
            self._wanted = len(text) - at
        self._text = text[at:]
        if self._found:
            yield "".join(self._found).encode("latin-1")
            self._found = []

    def _between(self, text: str, at: int) -> int:
        found = _BETWEEN.match(text, at)
        end = found.end() if found else at
        change = text.count("[", at, end) - text.count("]", at, end)
        self._depth, self._open = max(0, self._depth + change), max(0, self._open + change)
        return end

    def _take(self, text: str, at: int) -> int:
        """Take what begins there, if anything does. Returns the place behind it."""
        if at == len(text):
            return at
        try:
            return self._beside(text, at) if self._is_wrapped and not self._open else self._event(text, at)
        except RecursionError:
            return self._give_up(text, at, at + _DEEP_BYTES)
        except json.JSONDecodeError as error:
            may_go_on = error.pos + _LONGEST_SIGN >= len(text) or error.msg.startswith("Unterminated")
            if may_go_on and not self._is_last and len(text) - at <= LONGEST_BYTES:
                raise _GoesOn(at) from None
            is_far = error.pos - at > LONGEST_BYTES - _LONGEST_SIGN
            is_too_long = is_far or (may_go_on and len(text) - at > LONGEST_BYTES)
            return self._give_up(text, at, at + _DEEP_BYTES if is_too_long else error.pos)

    def _event(self, text: str, at: int) -> int:
        if text[at] == "{" and not self._open:
            end, self._is_wrapped = object_at(text, at)
            if self._is_wrapped:
                return end
        elif text[at] == "{" or (self._open and text[at] in _IN_LIST):
            end = self._end_of_value(text, at)
        else:
            self._passing = _LINE_END
            return at
        if end - at > LONGEST_BYTES:
            raise RecursionError
        self._found += (text[at:end].translate(_BREAKS), "\n")
        self._is_broken = False
        return end

    def _beside(self, text: str, at: int) -> int:
        """Go past one thing that stands beside a wrapped list."""
        if text[at] != '"':
            self._is_wrapped = False
            return at + (text[at] == "}")
        name, begin = name_at(text, at)
        return begin if wraps(name, text, begin) else self._end_of_value(text, begin)

    def _end_of_value(self, text: str, at: int) -> int:
        end = value_at(text, at).end
        if end == len(text) and text[end - 1].isalnum() and not self._is_last:
            raise json.JSONDecodeError("a number may go on", text, end)
        return end

    def _give_up(self, text: str, at: int, wrong: int) -> int:
        """Make one line of what is no JSON: to the line in which that shows, if a document may begin there."""
        self._passing, self._is_wrapped, self._open, self._is_broken = _NEXT_DOCUMENT, False, 0, True
        start = max(at, text.rfind("\n", at, wrong))
        self._found.append(text[at:start].translate(_BREAKS))
        return start

    def _pass_on(self, text: str, at: int) -> int:
        """Pass on what is no JSON, however long it is."""
        is_document = self._passing is not _LINE_END
        found = (_NEXT_DOCUMENT if is_document else _LINE_END).search(text, at)
        undecided = None if found or self._is_last or not is_document else _UNDECIDED.search(text, at)
        match = found or undecided
        end = match.start() if match else len(text)
        piece = text[at:end]
        self._found.append(piece.translate(_BREAKS) if is_document else piece)
        if undecided:
            raise _GoesOn(end)
        if found:
            self._passing = None
            self._found.append("\n")
        return end + 1 if found else end

"""Blocks of lines to tables of events, and the odd lines that are left for the careful parser."""

from collections.abc import Iterator

import numpy as np
import pyarrow.lib as pa

from sakimori.logs.columns import EVENT_TABLE
from sakimori.logs.fields import FIELDS, POSITION, Kind
from sakimori.logs.formats.bulk.cutting import Pairs, cut_pairs
from sakimori.logs.formats.bulk.dictionaries import Wanted
from sakimori.logs.formats.bulk.frames import frames
from sakimori.logs.formats.bulk.gathering import GIVEN, ODD, WholeNumbers, numbers_at
from sakimori.logs.formats.bulk.lines import Flags, Lines, Places, find_lines
from sakimori.logs.formats.bulk.parts import COLUMN_OF, FRAME, HEADER, IS_ESCAPED, Part, Piece
from sakimori.logs.formats.bulk.texts import extras, unique_texts
from sakimori.logs.formats.cef import CEF_VOCABULARY
from sakimori.logs.formats.values import LAST_MILLISECOND, MAX_DIGITS

# A larger table takes more memory, several times over; a smaller one more work per line where it is stored.
_MAX_ROWS = 100_000
_MAX_BYTES = 40 * 1024 * 1024
# Of one block: what marks its columns takes some hundred bytes a line. Four MiB of real lines are at most half as many.
_MOST_LINES = 80_000
_MOST = {Kind.INT: 10**MAX_DIGITS, Kind.PORT: 65_535, Kind.TIME: LAST_MILLISECOND - 1}
_WHOLE = [field for field in FIELDS if field.kind in _MOST and field.cef]


class TableReader:
    """Reads the blocks of a file, one after the other, and gives tables of the regular lines (see `columns.py`)."""

    def __init__(self) -> None:
        self._part: Part | None = None
        self._line_no = 1

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the table."""
        part = self._part
        return part is not None and (part.rows >= _MAX_ROWS or part.nbytes >= _MAX_BYTES)

    def take(self) -> pa.Table:
        """Give what has been read since the last time."""
        part, self._part = self._part, None
        return part.table() if part is not None and part.rows else EVENT_TABLE.empty_table()

    def read(self, block: bytes, *, max_line_bytes: int) -> Iterator[tuple[int, bytes]]:
        """Read whole lines; the last one need not end with a line feed.

        Gives the odd lines with their numbers, once, cut one byte behind the limit.
        """
        whole = block if block.endswith(b"\n") else block + b"\n"
        lines = find_lines(whole, max_line_bytes=max_line_bytes)
        may_be = len(lines.starts) <= _MOST_LINES and lines.may_be_regular.any()
        pairs = cut_pairs(lines, CEF_VOCABULARY) if may_be else None
        is_odd = np.ones(len(lines.starts), np.bool_)
        if pairs is not None and pairs.regular.any():
            is_odd[self._add(lines, pairs)] = False
        first, self._line_no = self._line_no, self._line_no + len(lines.starts)
        return _lines_of(whole, lines, first, np.flatnonzero(is_odd), max_line_bytes + 1)

    def _add(self, lines: Lines, pairs: Pairs) -> Places:
        """Take the lines that turn out regular. Gives their places."""
        chosen, part = np.flatnonzero(pairs.regular), self._part or Part()
        self._part = part
        slots = pairs.keys.tables.slots
        column_of = np.where(slots < len(FIELDS), COLUMN_OF[np.minimum(slots, len(FIELDS) - 1)], np.int32(-1))
        row_of = np.full(len(lines.starts), -1, np.int32)
        row_of[chosen] = np.arange(len(chosen))
        numbers = part.dictionaries.number_pairs(
            lines.buffer, pairs.cut, Wanted(row_of, column_of, IS_ESCAPED), len(chosen)
        )
        numbers[HEADER] = part.dictionaries.number(
            lines.buffer, lines.starts[chosen], lines.headers[chosen] + 1, HEADER
        )
        whole = {field.name: _whole_numbers(lines, pairs, chosen, POSITION[field.name], field.kind) for field in _WHOLE}
        odd = part.odd(numbers) | _without_time(whole)
        for column in whole.values():
            odd |= column.found == ODD
        if odd.any():
            kept = ~odd
            chosen, numbers = chosen[kept], numbers[:, kept]
            whole = {name: WholeNumbers(column.values[kept], column.found[kept]) for name, column in whole.items()}
        letters, bounds = frames(lines, pairs, chosen, part.decimals(numbers))
        numbers[FRAME] = part.dictionaries.number(letters, bounds[:-1], bounds[1:], FRAME)
        part.add(
            Piece(
                line_no=(chosen + self._line_no).astype(np.uint32),
                numbers=numbers,
                whole=whole,
                texts=unique_texts(lines.buffer, pairs, chosen),
                extra=extras(lines.buffer, pairs, chosen),
            )
        )
        return chosen


def _whole_numbers(lines: Lines, pairs: Pairs, chosen: Places, slot: int, kind: Kind) -> WholeNumbers:
    held = pairs.holder[slot][chosen]
    cut = pairs.cut
    return numbers_at(lines.buffer, cut.begin, cut.end, held, pairs.is_none, most=_MOST[kind], digits=MAX_DIGITS)


def _without_time(whole: dict[str, WholeNumbers]) -> Flags:
    without: Flags = whole["time"].found != GIVEN
    return without


def _lines_of(
    whole: bytes, lines: Lines, first_line_no: int, places: Places, longest: int
) -> Iterator[tuple[int, bytes]]:
    for place in places.tolist():
        start = lines.starts[place]
        yield first_line_no + place, whole[start : min(lines.ends[place], start + longest)]

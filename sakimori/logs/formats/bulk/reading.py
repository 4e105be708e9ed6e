"""A block of lines to a table of events, and the odd lines that are left for the careful parser."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import EVENT_TABLE
from sakimori.logs.fields import FIELDS, POSITION
from sakimori.logs.formats.bulk.addresses import pack_addresses
from sakimori.logs.formats.bulk.cutting import Pairs, cut_pairs
from sakimori.logs.formats.bulk.derived import Headers, derive, read_headers
from sakimori.logs.formats.bulk.frames import frames
from sakimori.logs.formats.bulk.lines import Lines, Places, find_lines
from sakimori.logs.formats.bulk.texts import TEXT_KINDS, Texts
from sakimori.logs.formats.bulk.typed import read_column
from sakimori.logs.formats.cef import CEF_VOCABULARY

_DERIVED = frozenset(
    ("name", "severity", "attack_kind", "attack_kinds", "outcome", "client_ip", "rule_names", "extra", "line")
)
_SENT = [field for field in FIELDS if field.name not in _DERIVED]


@dataclass(frozen=True, slots=True)
class Block:
    """What became of a block: a table of the regular lines (see `columns.py`), and the others with their numbers, once,
    cut one byte behind the limit.

    line_count: how many lines there were.
    """

    table: pa.Table
    odd: Iterator[tuple[int, bytes]]
    line_count: int


def read_block(block: bytes, *, first_line_no: int, max_line_bytes: int) -> Block:
    """Read whole lines; the last one need not end with a line feed."""
    whole = block if block.endswith(b"\n") else block + b"\n"
    lines = find_lines(whole, max_line_bytes=max_line_bytes)
    pairs = cut_pairs(lines, CEF_VOCABULARY) if lines.may_be_regular.any() else None
    is_odd = np.ones(len(lines.starts), np.bool_)
    table = EVENT_TABLE.empty_table()
    if pairs is not None and pairs.regular.any():
        table, taken = _table(lines, pairs, first_line_no)
        is_odd[taken] = False
    odd = _lines_of(whole, lines, first_line_no, np.flatnonzero(is_odd), max_line_bytes + 1)
    return Block(table, odd, len(lines.starts))


def _lines_of(
    whole: bytes, lines: Lines, first_line_no: int, places: Places, longest: int
) -> Iterator[tuple[int, bytes]]:
    for place in places.tolist():
        start = lines.starts[place]
        yield first_line_no + place, whole[start : min(lines.ends[place], start + longest)]


def _table(lines: Lines, pairs: Pairs, first_line_no: int) -> tuple[pa.Table, Places]:
    """Give the table and which lines it has. First all that may still turn out odd, then the texts."""
    chosen = np.flatnonzero(pairs.regular)
    headers = read_headers(lines, chosen)
    texts = Texts(lines.buffer, pairs, chosen)
    odd = ~headers.is_plain
    columns: dict[str, pa.Array] = {}
    for field in _SENT:
        if field.kind not in TEXT_KINDS and texts.has_any(POSITION[field.name]):
            columns[field.name], refused = read_column(field.kind, texts, POSITION[field.name])
            odd |= refused
    if "time" in columns:
        odd |= pc.is_null(columns["time"]).to_numpy(zero_copy_only=False)
    else:
        odd[:] = True
    if odd.any():
        kept = ~odd
        chosen, texts, headers = chosen[kept], texts.only(kept), headers.only(kept)
        columns = {name: column.filter(pa.array(kept)) for name, column in columns.items()}
    columns |= _other_columns(texts, headers, chosen)
    columns["frame"] = frames(lines, pairs, chosen)
    columns["line_no"] = pa.array((chosen + first_line_no).astype(np.uint32))
    arrays = [columns[name] if name in columns else _blank(name, len(chosen)) for name in EVENT_TABLE.names]
    return pa.Table.from_arrays(arrays, schema=EVENT_TABLE), chosen


def _other_columns(texts: Texts, headers: Headers, chosen: Places) -> dict[str, pa.Array]:
    columns = texts.columns()
    rules = texts.as_sent(POSITION["rule_names"])
    columns |= derive(headers, rules, columns.get("act", _blank("act", len(chosen))))
    if "client_ip_text" in columns:
        columns["client_ip"] = pack_addresses(columns["client_ip_text"])
    columns["extra"] = texts.extras()
    return columns


def _blank(name: str, count: int) -> pa.Array:
    """A column that no line of the block has."""
    kind = EVENT_TABLE.field(name).type
    if kind == pa.string():
        return pa.repeat("", count)
    if isinstance(kind, pa.ListType):
        return pa.array([[]] * count, kind)
    return pa.nulls(count, kind)

"""Texts of a block's values that are hardly ever twice the same: they are copied, column by column."""

import numpy as np
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES, REPEATED, TEXT_KINDS
from sakimori.logs.fields import FIELDS, POSITION, Kind
from sakimori.logs.formats.bulk import gathering
from sakimori.logs.formats.bulk.cutting import Pairs
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places

_ESCAPED = r"\\([=|\\])"
_ESCAPED_IN_JSON = r"\\([=|])"
_FIELDS = [field for field in FIELDS if field.kind in TEXT_KINDS and field.cef and field.name not in REPEATED]


def unique_texts(buffer: Bytes, pairs: Pairs, lines: Places) -> dict[str, pa.StringArray]:
    """Give all such columns that any of the lines has, without the escapes that their kinds have."""
    given = [field for field in _FIELDS if (pairs.holder[POSITION[field.name]][lines] >= 0).any()]
    column_of = np.full(pairs.keys.slot_count, -1, np.int32)
    column_of[[POSITION[field.name] for field in given]] = np.arange(len(given))
    first, last = pairs.spans_of(lines)
    spans = gathering.Spans(first, last, pairs.cut, column_of[pairs.keys.tables.slots])
    gathered = gathering.gather(buffer, spans, len(given))
    return {
        field.name: _unescaped(gathered.column(number), gathered.has_backslash[number], field.kind)
        for number, field in enumerate(given)
    }


def extras(buffer: Bytes, pairs: Pairs, lines: Places) -> pa.MapArray:
    """Give what stands in no column, by its key as sent: the values of unknown keys, and behind them what is None."""
    cut, keys = pairs.cut, pairs.keys
    place = np.full(len(pairs.regular), -1)
    place[lines] = np.arange(len(lines))
    unknown = np.flatnonzero(keys.tables.is_extra[cut.code]) if keys.tables.is_extra.any() else np.empty(0, np.int64)
    extra = np.concatenate((unknown, np.flatnonzero(pairs.is_none)))
    chosen = extra[place[cut.line[extra]] >= 0]
    chosen = chosen[np.argsort(cut.line[chosen], kind="stable")]
    counts = np.bincount(place[cut.line[chosen]], minlength=len(lines))
    offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
    names = pa.array(keys.names, pa.string()).take(pa.array(cut.code[chosen]))
    texts = gathering.texts_at(buffer, cut.begin, cut.end, chosen.astype(np.int32))
    values = _unescaped(texts, cut.has_backslash[chosen], Kind.TEXT)
    return pa.MapArray.from_arrays(pa.array(offsets), names, values, ARROW_TYPES[Kind.MAP])


def _unescaped(texts: pa.StringArray, with_backslash: Flags, kind: Kind) -> pa.StringArray:
    """Do what `read_text` and `read_json_text` do, to the texts that hold a backslash."""
    chosen = np.flatnonzero(with_backslash)
    if not len(chosen):
        return texts
    pattern = _ESCAPED_IN_JSON if kind is Kind.JSON else _ESCAPED
    changed = pc.replace_substring_regex(texts.take(pa.array(chosen)), pattern, r"\1")
    return pc.replace_with_mask(texts, pa.array(with_backslash), changed)

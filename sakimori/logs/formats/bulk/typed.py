"""From texts to typed columns. The careful readers decide: each is asked once for every different text of a block.

Only plain whole numbers, most of which are different, are converted at once. What a reader refuses makes a line odd.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES
from sakimori.logs.fields import Kind
from sakimori.logs.formats.bulk.lines import Flags
from sakimori.logs.formats.values import LAST_MILLISECOND, MAX_DIGITS, READERS

_MOST = {Kind.INT: 10**MAX_DIGITS, Kind.PORT: 65_535}


def read_column(kind: Kind, texts: pa.StringArray) -> tuple[pa.Array, Flags | None]:
    """Give the column, and which lines it makes odd (None: no line)."""
    if kind in (Kind.INT, Kind.PORT, Kind.TIME):
        return _whole_numbers(kind, texts)
    return _by_reader(READERS[kind], kind, texts)


def _whole_numbers(kind: Kind, texts: pa.StringArray) -> tuple[pa.Array, Flags | None]:
    """Convert digits at once. An empty text is no number; any other text (a sign, a letter) makes its line odd."""
    lengths = pc.binary_length(texts).to_numpy()
    is_number = pc.ascii_is_decimal(texts).to_numpy(zero_copy_only=False) & (lengths <= MAX_DIGITS)
    if not is_number.all():
        texts = pc.if_else(pa.array(is_number), texts, None)
    numbers = pc.cast(texts, pa.int64())
    odd = (lengths > 0) & ~is_number
    odd |= numbers.fill_null(0).to_numpy() >= (LAST_MILLISECOND if kind is Kind.TIME else _MOST[kind] + 1)
    if not odd.any():
        return pc.cast(numbers, ARROW_TYPES[kind]), None
    return pc.cast(pc.if_else(pa.array(odd), None, numbers), ARROW_TYPES[kind]), odd


def _by_reader(read: Callable[[str], object], kind: Kind, texts: pa.StringArray) -> tuple[pa.Array, Flags | None]:
    encoded = texts.dictionary_encode()
    values, refused = _read_each(read, encoded.dictionary.to_pylist())
    column = pa.array(values, ARROW_TYPES[kind]).take(encoded.indices)
    return column, refused[encoded.indices.to_numpy()] if refused.any() else None


def _read_each(read: Callable[[str], object], texts: Sequence[str]) -> tuple[list[Any], Flags]:
    values: list[Any] = []
    refused = np.zeros(len(texts), np.bool_)
    for place, text in enumerate(texts):
        try:
            values.append(read(text))
        except ValueError:
            values.append(None)
            refused[place] = True
    return values, refused

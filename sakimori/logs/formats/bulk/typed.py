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
from sakimori.logs.formats.bulk.texts import Texts
from sakimori.logs.formats.values import LAST_MILLISECOND, MAX_DIGITS, READERS

_WHOLE = {Kind.INT: 10**MAX_DIGITS, Kind.PORT: 65_535, Kind.TIME: LAST_MILLISECOND - 1}


def read_column(kind: Kind, texts: Texts, slot: int) -> tuple[pa.Array, Flags]:
    """Give the column, and which lines it makes odd."""
    if kind not in _WHOLE:
        return _by_reader(READERS[kind], kind, texts.as_sent(slot))
    numbers, odd = texts.numbers(slot, most=_WHOLE[kind], digits=MAX_DIGITS)
    return pc.cast(numbers, ARROW_TYPES[kind]), odd


def _by_reader(read: Callable[[str], object], kind: Kind, texts: pa.StringArray) -> tuple[pa.Array, Flags]:
    encoded = texts.dictionary_encode()
    values, refused = _read_each(read, encoded.dictionary.to_pylist())
    column = pa.array(values, ARROW_TYPES[kind]).take(encoded.indices)
    odd: Flags = refused[encoded.indices.to_numpy()]
    return column, odd


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

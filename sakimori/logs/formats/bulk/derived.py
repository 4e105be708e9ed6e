"""What is derived from the texts of a line: once for every different header, list of rules and action of a table."""

from collections.abc import Sequence

import numpy as np
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES
from sakimori.logs.fields import Kind
from sakimori.logs.formats.building import derived_kinds, derived_outcome, derived_rule_names
from sakimori.logs.formats.bulk.known import Numbers

Header = tuple[str, int | None]


def dictionary_of(texts: Sequence[str], numbers: Numbers) -> pa.DictionaryArray:
    """Give a column whose texts these are, by number; some of them may be alike, which a dictionary's are not."""
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    place_of = np.array([places[text] for text in texts], np.int32)
    return pa.DictionaryArray.from_arrays(place_of[numbers], pa.array(list(places), pa.string()))


def derive(
    headers: tuple[Sequence[Header], Numbers],
    rules: tuple[Sequence[tuple[str, ...] | None], Numbers],
    actions: tuple[Sequence[str], Numbers],
) -> dict[str, pa.Array]:
    """Give the columns that come from header, rules and action. Each of these as its different values, and which of
    them each line has.
    """
    lists = [names or () for names in rules[0]]
    both, which = np.unique(headers[1].astype(np.int64) * len(lists) + rules[1], return_inverse=True)
    pairs = [(headers[0][number // len(lists)][0], lists[number % len(lists)]) for number in both.tolist()]
    kinds = [derived_kinds(name, names) for name, names in pairs]
    place = pa.array(which)
    return {
        "name": dictionary_of([name for name, _ in headers[0]], headers[1]),
        "severity": pa.array([severity for _, severity in headers[0]], pa.int64()).take(pa.array(headers[1])),
        "attack_kind": dictionary_of([found[0] for found in kinds], which),
        "attack_kinds": pa.array(kinds, ARROW_TYPES[Kind.LIST]).take(place),
        "rule_names": pa.array([derived_rule_names(*pair) for pair in pairs], ARROW_TYPES[Kind.LIST]).take(place),
        "outcome": dictionary_of(list(map(derived_outcome, actions[0])), actions[1]),
    }

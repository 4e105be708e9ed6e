"""What is derived from the texts of a line: once for every different header, list of rules and action of a block."""

from dataclasses import dataclass

import numpy as np
import pyarrow.lib as pa

from sakimori.logs.columns import ARROW_TYPES
from sakimori.logs.fields import Kind
from sakimori.logs.formats.building import derived_kinds, derived_outcome, derived_rule_names
from sakimori.logs.formats.bulk.gathering import texts_at
from sakimori.logs.formats.bulk.lines import Flags, Lines, Places
from sakimori.logs.formats.cef import plain_header
from sakimori.logs.formats.values import read_list


@dataclass(frozen=True, slots=True)
class Headers:
    """Every different header, and which of them each line has. `is_plain`: lines whose header holds nothing odd."""

    names: list[str]
    severities: list[int | None]
    code: Places
    is_plain: Flags

    def only(self, kept: Flags) -> "Headers":
        """Give the headers of some of these lines."""
        return Headers(self.names, self.severities, self.code[kept], self.is_plain[kept])


def read_headers(lines: Lines, chosen: Places) -> Headers:
    """Read the headers of the given lines."""
    every = np.arange(len(chosen), dtype=np.int32)
    texts = texts_at(lines.buffer, lines.starts[chosen], lines.headers[chosen] + 1, every)
    encoded = texts.dictionary_encode()
    headers = [plain_header(text) for text in encoded.dictionary.to_pylist()]
    code = encoded.indices.to_numpy().astype(np.int64)
    is_plain = np.array([header is not None for header in headers], np.bool_)
    names = [header[0] if header else "" for header in headers]
    return Headers(names, [header[1] if header else None for header in headers], code, is_plain[code])


def derive(headers: Headers, rule_texts: pa.StringArray, acts: pa.StringArray) -> dict[str, pa.Array]:
    """Give the columns that come from header, rules and action."""
    rules = rule_texts.dictionary_encode()
    lists = [read_list(text) for text in rules.dictionary.to_pylist()]
    both, which = np.unique(headers.code * len(lists) + rules.indices.to_numpy(), return_inverse=True)
    pairs = [(headers.names[number // len(lists)], lists[number % len(lists)]) for number in both.tolist()]
    kinds = [derived_kinds(name, names) for name, names in pairs]
    actions = acts.dictionary_encode()
    code, place = pa.array(headers.code), pa.array(which)
    return {
        "name": pa.array(headers.names, pa.string()).take(code),
        "severity": pa.array(headers.severities, pa.int64()).take(code),
        "attack_kind": pa.array([found[0] for found in kinds], pa.string()).take(place),
        "attack_kinds": pa.array(kinds, ARROW_TYPES[Kind.LIST]).take(place),
        "rule_names": pa.array([derived_rule_names(*pair) for pair in pairs], ARROW_TYPES[Kind.LIST]).take(place),
        "outcome": pa.array(list(map(derived_outcome, actions.dictionary.to_pylist())), pa.string()).take(
            actions.indices
        ),
    }

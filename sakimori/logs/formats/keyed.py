"""The `key=value key=value` part that CEF and LEEF share, from its text to column values.

Nearly all lines are regular and take a short way: the sequence of keys is looked up as a whole, and a plan made once
says how to read each value. A line whose keys, labels or values are odd in any way is cut again, carefully.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sakimori.logs.fields import FIELDS, POSITION, Field, Kind
from sakimori.logs.formats.building import DEFAULTS, EXTRA
from sakimori.logs.formats.cutting import LABEL_KEY, Vocabulary, cut
from sakimori.logs.formats.sorting import sort_pieces
from sakimori.logs.formats.values import READERS, Reader, read_json_text, read_text

_KEY = r"([A-Za-z_][A-Za-z0-9_.-]*+)"
_TABBED = re.compile(rf"\t[ ]*+{_KEY}[ ]?=")
_TABS_OF_A_TABBED_LINE = 5
_MAX_PLANS = 1000
_MAX_KEYS = 100
_PLAIN_KINDS = frozenset({Kind.TEXT, Kind.WORD})
_KINDS_AFTER_JSON = frozenset({Kind.JSON, Kind.LIST})


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to read a regular sequence of keys; all work per value that C can do is left to C.

    arrange: from the texts followed by the default of each column to one value per column.
    typed: column, which text, how to read it; for the columns that are not plain text.
    extras: which text is kept under which key, for keys that we do not know.
    label_texts, expected_labels: the texts of the labels and what they must be, or the slots mean something else.
    """

    arrange: Callable[[list[Any]], tuple[Any, ...]]
    typed: tuple[tuple[int, int, Reader], ...]
    extras: tuple[tuple[int, str], ...]
    label_texts: Callable[[list[Any]], object]
    expected_labels: object


class KeyedReader:
    """Reads pairs. One object per format; it only remembers plans and may be used by several threads.

    `blank_before_sign`: in LEEF a blank may stand between key and `=`.
    """

    def __init__(self, vocabulary: Vocabulary, *, blank_before_sign: bool) -> None:
        sign = "[ ]?=" if blank_before_sign else "="
        self._vocabulary = vocabulary
        # Begins with one plain character, which the regular expression engine looks for three times faster.
        self._keys = re.compile(rf" {_KEY}{sign}")
        self._careful_keys = re.compile(rf"[ \t]{_KEY}{sign}")
        # None for a sequence that is irregular.
        self._plans: dict[tuple[str, ...], _Plan | None] = {}

    def read(self, text: str) -> list[Any]:
        """Give column values; what belongs to no column, or cannot be read as its type, stands in `extra`."""
        if "\t" in text and text.count("\t") >= _TABS_OF_A_TABBED_LINE:
            return self._read_carefully(f"\t{text}", _TABBED)
        text = f" {text}"
        parts = self._keys.split(text)
        keys = tuple(parts[1::2])
        plan = self._plans[keys] if keys in self._plans else self._make_plan(keys)
        if plan is None:
            return self._read_carefully(text, self._careful_keys)
        try:
            return _follow(plan, [part.strip() for part in parts[2::2]], has_escapes="\\" in text)
        except ValueError:
            return self._read_carefully(text, self._careful_keys)

    def _read_carefully(self, text: str, keys: re.Pattern[str]) -> list[Any]:
        return sort_pieces(cut(text, keys, self._vocabulary), self._vocabulary)

    def _make_plan(self, keys: tuple[str, ...]) -> _Plan | None:
        """Plan a regular sequence of keys; an irregular one has no plan."""
        if not 0 < len(keys) <= _MAX_KEYS:
            return None
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = self._plans[keys] = _plan(keys, self._vocabulary) if _is_regular(keys, self._vocabulary) else None
        return plan


def _follow(plan: _Plan, texts: list[str], *, has_escapes: bool) -> list[Any]:
    if plan.label_texts(texts) != plan.expected_labels:
        raise ValueError(plan.expected_labels)
    plain = [read_text(text) if "\\" in text else text for text in texts] if has_escapes else texts
    values = list(plan.arrange([*plain, *DEFAULTS]))
    for column, which, read in plan.typed:
        values[column] = read(texts[which])
    if plan.extras:
        values[EXTRA] = {key: plain[which] for which, key in plan.extras}
    return values


def _is_regular(keys: tuple[str, ...], vocabulary: Vocabulary) -> bool:
    """Say whether no key repeats, labels follow their slots, and unknown keys and what follows JSON can be believed."""
    lower = [key.lower() for key in keys]
    fields = [vocabulary.field(key) for key in keys]
    columns = [field.name for field in fields if field is not None]
    if len(set(lower)) < len(lower) or len(set(columns)) < len(columns):
        return False
    if not all(_fits(before, key, vocabulary) for before, key in pairwise(["", *lower, ""])):
        return False
    # After a text that a visitor typed, what looks like an unknown key may be his as well.
    if any(
        before is not None and before.free and field is None and not LABEL_KEY.fullmatch(key)
        for before, field, key in zip([None, *fields], fields, keys, strict=False)
    ):
        return False
    # Headers are a visitor's text: a column that seems to follow them may have been typed by him.
    after_json = dropwhile(lambda field: field is None or field.kind is not Kind.JSON, fields)
    return all(field is None or field.kind in _KINDS_AFTER_JSON for field in after_json)


def _fits(before: str, key: str, vocabulary: Vocabulary) -> bool:
    """Say whether a slot that needs a label has it next, and a label its slot just before. Keys in lower case.

    The rules of delivery (cs10) come without a label; a labelled cs10 is something else.
    """
    needs_label = before in vocabulary.untagged and bool(vocabulary.untagged[before].tags)
    return (key == f"{before}label") if needs_label else LABEL_KEY.fullmatch(key) is None


def _plan(keys: tuple[str, ...], vocabulary: Vocabulary) -> _Plan:
    sources = [len(keys) + column for column in range(len(FIELDS))]
    typed: list[tuple[int, int, Reader]] = []
    extras: list[tuple[int, str]] = []
    labels: list[int] = []
    for which, key in enumerate(keys):
        field = vocabulary.field(key)
        if field is None:
            if LABEL_KEY.fullmatch(key):
                labels.append(which)
            else:
                extras.append((which, key))
            continue
        column = POSITION[field.name]
        sources[column] = which
        if field.kind not in _PLAIN_KINDS:
            typed.append((column, which, _read_closed_json if field.kind is Kind.JSON else READERS[field.kind]))
    expected = [vocabulary.untagged[keys[which - 1].lower()].tags[0] for which in labels]
    return _Plan(itemgetter(*sources), tuple(typed), tuple(extras), _texts_at(labels), tuple(expected))


def _texts_at(places: list[int]) -> Callable[[list[Any]], object]:
    """Give a getter of several places; for one place or none, where `itemgetter` gives no tuple, a slower one."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda texts: tuple(texts[place] for place in places)


def _read_closed_json(text: str) -> str:
    """Read JSON, but refuse text that does not end like JSON: a key inside it has been taken for a real one."""
    value = read_json_text(text)
    if value and value[-1] not in "]},":
        raise ValueError(Kind.JSON)
    return value


def csn_vocabulary(keys: Mapping[str, Field]) -> Vocabulary:
    """Give the vocabulary of a format with these keys (any case) and the csN slots of `FIELDS`."""
    lower = {key.lower(): field for key, field in keys.items()}
    return Vocabulary(
        fields=MappingProxyType({key: field for key, field in lower.items() if not _CSN.fullmatch(key)}),
        tags=MappingProxyType({tag.lower(): field for field in FIELDS for tag in field.tags}),
        untagged=MappingProxyType({key: field for key, field in lower.items() if _CSN.fullmatch(key)}),
    )


_CSN = re.compile(r"cs\d{1,2}")

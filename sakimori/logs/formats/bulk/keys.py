"""What each key of a block means, looked up once per spelling, as tables that whole arrays of keys are put through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sakimori.logs.fields import FIELDS, POSITION, Field, Kind
from sakimori.logs.formats.bulk.lines import Bytes, Flags, Places
from sakimori.logs.formats.cutting import LABEL_KEY, Vocabulary

# Labels and keys that we do not know. With more of them in a block the lines that have them are odd.
_MAX_UNKNOWN = 64
_UNKNOWN_LABEL = 1 << 62
_ENDLESS = 1 << 40
_REFUSED = len(FIELDS) + _MAX_UNKNOWN
WHOLE_NUMBERS = frozenset({Kind.INT, Kind.PORT, Kind.TIME})
_KINDS_AFTER_JSON = frozenset({Kind.JSON, Kind.LIST})


class KeyTables(NamedTuple):
    """For each spelling in a block one entry in every array.

    slots: a number for each column, each label and each unknown key; what has the same number may not come twice.
    label, needs_label: the number of the label that a key is, and of the one that must follow it; 0 for none.
    is_refused: keys that make their lines odd, because there are too many.
    may_be_none: columns of whole numbers, for which the vendor writes None where it has none.
    expected_begin, label_length: where in `expected_texts` the text stands that a label must have; -1 for any text.
    """

    slots: Places
    label: Places
    needs_label: Places
    is_extra: Flags
    is_free: Flags
    is_json: Flags
    is_refused: Flags
    is_refused_after_json: Flags
    may_be_none: Flags
    expected_begin: Places
    label_length: Places
    expected_texts: Bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """The spellings in a block and what they mean.

    label_bit, needed_bit: labels as bits, for those that a format knows. ends_as_label: labels spelt `csNLabel`.
    slot_number: for `cs7` the number of its label, 0 for what is no such slot; slot_of_label: for a label the
    spelling of its slot, or -1.
    """

    names: Sequence[str]
    tables: KeyTables
    label_bit: Places
    needed_bit: Places
    ends_as_label: Flags
    slot_number: Places
    slot_of_label: Places
    slot_count: int


def understand(names: Sequence[str], vocabulary: Vocabulary) -> Keys:
    """Look up every spelling."""
    lower = [name.lower() for name in names]
    labels = [LABEL_KEY.fullmatch(name) for name in lower]
    given = [_label_number(label[1]) if label else 0 for label in labels]
    needed = [_needed(name, vocabulary) for name in lower]
    numbers = [_label_number(name) if name in vocabulary.untagged else 0 for name in lower]
    slot_of = {number: code for code, number in enumerate(numbers) if number}
    # A format has few slots with labels: each gets a bit.
    bits = {number: 1 << place for place, number in enumerate(sorted(set(needed) - {0}))}
    return Keys(
        names=names,
        tables=_tables(lower, given, needed, vocabulary),
        label_bit=_numbers([bits.get(number, _UNKNOWN_LABEL) if number else 0 for number in given]),
        needed_bit=_numbers([bits.get(number, 0) for number in needed]),
        ends_as_label=_flags(
            [number > 0 and name.endswith("Label") for name, number in zip(names, given, strict=True)]
        ),
        slot_number=_numbers(numbers),
        slot_of_label=_numbers([slot_of.get(number, -1) for number in given]),
        slot_count=_REFUSED + 1,
    )


def _tables(lower: list[str], given: list[int], needed: list[int], vocabulary: Vocabulary) -> KeyTables:
    fields = [vocabulary.field(name) for name in lower]
    slots = _slots(lower, fields)
    expected = [_expected(name, vocabulary) for name in lower]
    begins = np.cumsum([0, *map(len, expected)])[:-1]
    return KeyTables(
        slots=_numbers(slots),
        label=_numbers(given),
        needs_label=_numbers(needed),
        is_extra=_flags([field is None and not label for field, label in zip(fields, given, strict=True)]),
        is_free=_flags([field is not None and field.free for field in fields]),
        is_json=_flags([field is not None and field.kind is Kind.JSON for field in fields]),
        is_refused=_flags([slot == _REFUSED for slot in slots]),
        is_refused_after_json=_flags([field is not None and field.kind not in _KINDS_AFTER_JSON for field in fields]),
        may_be_none=_flags(
            [field is not None and field.kind in WHOLE_NUMBERS and field.name != "time" for field in fields]
        ),
        expected_begin=np.where(_flags([bool(text) for text in expected]), begins, -1),
        label_length=_numbers([len(text) or _ENDLESS for text in expected]),
        expected_texts=np.frombuffer("".join(expected).encode() or b"\0", np.uint8),
    )


def _expected(name: str, vocabulary: Vocabulary) -> str:
    """The text that this label must have, in ASCII; "" for what is no label that we know."""
    label = LABEL_KEY.fullmatch(name)
    return vocabulary.untagged[label[1]].tags[0] if label and _needed(label[1], vocabulary) else ""


def _slots(lower: list[str], fields: list[Field | None]) -> list[int]:
    """Number what may come once in a line; unknown keys as long as there are numbers."""
    numbers: dict[str, int] = {}
    slots = []
    for name, field in zip(lower, fields, strict=True):
        if field is None and len(numbers) < _MAX_UNKNOWN:
            numbers.setdefault(name, len(FIELDS) + len(numbers))
        slots.append(POSITION[field.name] if field else numbers.get(name, _REFUSED))
    return slots


def _needed(name: str, vocabulary: Vocabulary) -> int:
    return _label_number(name) if name in vocabulary.untagged and vocabulary.untagged[name].tags else 0


def _label_number(slot: str) -> int:
    """A number for `cs7`, not 0. `cs07` is not `cs7`."""
    return int(f"{len(slot)}{slot.removeprefix('cs')}")


def _numbers(values: list[int]) -> Places:
    return np.array(values, np.int64)


def _flags(values: list[bool]) -> Flags:
    return np.array(values, np.bool_)

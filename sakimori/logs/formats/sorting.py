"""From pieces to column values, the careful way: labels, missing slots, repeated keys, values of the wrong type.

A key that comes twice means that a visitor typed one of them. Columns that the vendor writes before any text of the
visitor keep the first, all others the one that stands where the vendor writes it (see `repeated.py`); an empty value
never replaces one that is not. The losers, like everything that has no column or cannot be read as its column's type,
are kept in `extra`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sakimori.logs.fields import FIELD_BY_NAME, POSITION, Field
from sakimori.logs.formats.building import EXTRA, blank_values
from sakimori.logs.formats.cutting import Piece, Vocabulary
from sakimori.logs.formats.repeated import vendors_own
from sakimori.logs.formats.values import READERS, read_text


def sort_pieces(pieces: Iterable[Piece], vocabulary: Vocabulary) -> list[Any]:
    """Give column values with `extra` filled."""
    pieces = list(pieces)
    labels = _labels(pieces)
    labelled = {vocabulary.tags[label.lower()].name for label in labels.values() if label.lower() in vocabulary.tags}
    found: dict[str, list[int]] = defaultdict(list)
    extra = _Extra()
    for place, (word, text) in enumerate(pieces):
        if word.slot:
            continue
        label, field = labels.get(word.lower, ""), word.field
        if label:
            meant = vocabulary.tags.get(label.lower())
            # A slot with a label that we do not know means what it usually does, unless another slot means that.
            field = meant or (None if field is not None and field.name in labelled else field)
        if field is None:
            extra.keep(label or word.key, text)
        else:
            found[field.name].append(place)
    chosen = {
        name: pieces[places[0]] if len(places) == 1 else _choose(FIELD_BY_NAME[name], found, pieces, extra)
        for name, places in found.items()
    }
    return _typed(chosen, extra)


def _labels(pieces: list[Piece]) -> dict[str, str]:
    """Say what each csN is labelled. A label whose own slot is missing belongs to the unlabelled csN before it."""
    present = {word.lower for word, _ in pieces}
    labels: dict[str, str] = {}
    before = ""
    for word, text in pieces:
        if word.slot:
            slot = word.slot
            if slot not in present and before.startswith("cs") and f"{before}label" not in present:
                slot = before
            labels[slot] = text.strip()
        before = word.lower
    return labels


def _choose(field: Field, found: Mapping[str, Sequence[int]], pieces: Sequence[Piece], extra: "_Extra") -> Piece:
    """Choose among all pieces of a column, and keep the others that say something else."""
    places = found[field.name]
    said = [place for place in places if pieces[place].text.strip()]
    texts = {pieces[place].text.strip() for place in said}
    if len(texts) <= 1:
        return pieces[said[0] if said else places[0]]
    own = said[0] if field.early else vendors_own(field.name, said, found)
    for place in said:
        if pieces[place].text.strip() != pieces[own].text.strip():
            extra.keep(pieces[place].word.key, pieces[place].text)
    return pieces[own]


def _typed(chosen: Mapping[str, Piece], extra: "_Extra") -> list[Any]:
    values = blank_values()
    for name, piece in chosen.items():
        try:
            values[POSITION[name]] = READERS[FIELD_BY_NAME[name].kind](piece.text)
        except ValueError:
            extra.keep(piece.word.key, piece.text)
    values[EXTRA] = extra.texts
    return values


class _Extra:
    """Texts without a column. A key that comes again gets a number, so that nothing is lost."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._times: dict[str, int] = {}

    def keep(self, key: str, text: str) -> None:
        times = self._times[key] = self._times.get(key, 0) + 1
        self.texts[key if times == 1 else f"{key}#{times}"] = read_text(text)

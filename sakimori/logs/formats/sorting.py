"""From pieces to column values, the careful way: labels, missing slots, repeated keys, values of the wrong type.

A key that comes twice means that a visitor typed one of them. Columns that the vendor writes before any text of the
visitor keep the first, all others the last; an empty value never replaces one that is not. The loser, like everything
that has no column or cannot be read as its column's type, is kept in `extra`.
"""

from collections.abc import Iterable
from typing import Any

from sakimori.logs.fields import POSITION, Field
from sakimori.logs.formats.building import EXTRA, blank_values
from sakimori.logs.formats.cutting import LABEL_KEY, Piece, Vocabulary
from sakimori.logs.formats.values import READERS, read_text


def sort_pieces(pieces: Iterable[Piece], vocabulary: Vocabulary) -> list[Any]:
    """Give column values with `extra` filled."""
    pieces = list(pieces)
    labels = _labels(pieces)
    labelled = {vocabulary.tags[label.lower()].name for label in labels.values() if label.lower() in vocabulary.tags}
    chosen: dict[str, tuple[Field, Piece]] = {}
    extra = _Extra()
    for piece in pieces:
        if LABEL_KEY.fullmatch(piece.key):
            continue
        label = labels.get(piece.key.lower(), "")
        field = vocabulary.tags.get(label.lower())
        if field is None:
            field = vocabulary.field(piece.key)
            # A slot with a label that we do not know means what it usually does, unless another slot means that.
            if field is not None and label and field.name in labelled:
                field = None
        if field is None:
            extra.keep(label or piece.key, piece.text)
        else:
            _choose(field, piece, chosen, extra)
    return _typed(chosen, extra)


def _labels(pieces: list[Piece]) -> dict[str, str]:
    """Say what each csN is labelled. A label whose own slot is missing belongs to the unlabelled csN before it."""
    present = {piece.key.lower() for piece in pieces}
    labels: dict[str, str] = {}
    before = ""
    for piece in pieces:
        key = piece.key.lower()
        if match := LABEL_KEY.fullmatch(key):
            slot = match[1]
            if slot not in present and before.startswith("cs") and f"{before}label" not in present:
                slot = before
            labels[slot] = piece.text.strip()
        before = key
    return labels


def _choose(field: Field, piece: Piece, chosen: dict[str, tuple[Field, Piece]], extra: "_Extra") -> None:
    _, other = chosen.get(field.name, (field, None))
    if other is None or not other.text.strip():
        chosen[field.name] = field, piece
    elif not piece.text.strip() or piece.text.strip() == other.text.strip():
        return
    elif field.early:
        extra.keep(piece.key, piece.text)
    else:
        extra.keep(other.key, other.text)
        chosen[field.name] = field, piece


def _typed(chosen: dict[str, tuple[Field, Piece]], extra: "_Extra") -> list[Any]:
    values = blank_values()
    for field, piece in chosen.values():
        try:
            values[POSITION[field.name]] = READERS[field.kind](piece.text)
        except ValueError:
            extra.keep(piece.key, piece.text)
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

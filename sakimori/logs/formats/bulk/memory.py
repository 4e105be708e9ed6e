"""What careful readers make of the texts of a dictionary: each is asked once for every different text."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from sakimori.logs.formats.bulk.dictionaries import Dictionaries
from sakimori.logs.formats.bulk.lines import Flags

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The values of one column's texts, by number. refused: texts for which the reader raised ValueError."""

    def __init__(self, read: Callable[[str], Value | None], dictionaries: Dictionaries, column: int) -> None:
        self._read, self._dictionaries, self._column = read, dictionaries, column
        self.values: list[Value | None] = []
        self.refused: Flags = np.empty(0, np.bool_)

    def catch_up(self) -> bool:
        """Read what is new, and say whether anything is."""
        if self._dictionaries.count(self._column) == len(self.values):
            return False
        refused = []
        for text in self._dictionaries.texts(self._column, since=len(self.values)).to_pylist():
            value, is_refused = None, False
            try:
                value = self._read(text)
            except ValueError:
                is_refused = True
            self.values.append(value)
            refused.append(is_refused)
        self.refused = np.append(self.refused, np.array(refused, np.bool_))
        return True

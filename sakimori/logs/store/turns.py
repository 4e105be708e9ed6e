"""Whose turn it is to store files of a contract.

Doubles are found by comparing a file's rows with what is stored, and then the rows come among the events. Of two files
of one contract the later must see the earlier, so between the two nobody else may store for that contract. Within a
process a lock sees to it. Processes that share a server take turns, contract by contract (decision 27).
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Turn(Protocol):
    """What is held of some contracts."""

    def hold(self) -> None:
        """Make sure of it just before rows come among the events. Raises StoreUnavailable if somebody took over."""


class Turns(Protocol):
    """Gives the turn to one process at a time."""

    def of(self, contracts: Collection[int], *, wait_seconds: float = 0.0) -> AbstractContextManager[Turn]:
        """Hold the turn of all of these contracts. Raises StoreBusy, which names those of which another process has it,
        after waiting for as long as told; StoreUnavailable when that cannot be known.
        """


class OneProcess:
    """For a store that no other process can open. Is its own turn."""

    @contextmanager
    def of(self, contracts: Collection[int], *, wait_seconds: float = 0.0) -> Iterator[Turn]:  # noqa: ARG002
        """It is always ours."""
        yield self

    def hold(self) -> None:
        """Nobody takes over."""

"""What a duty is: a piece of work that is looked at again and again."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duty:
    """A piece of work that is looked at every `every_seconds`; `run` returns how much it did.

    A duty that did something is looked at again at once.
    """

    name: str
    every_seconds: float
    run: Callable[[], int]

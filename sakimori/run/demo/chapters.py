"""The chapters of the specification that the check answers for: a chapter without a step is a failure."""

from collections.abc import Iterable

CHAPTERS = ("1-2, 1-4", "1-3", "2-1", "2-1-1", "2-1-2", "2-2", "2-3", "2-4", "2-5-1", "3-1", "3-2", "3-3")


def without_step(played: Iterable[str]) -> list[str]:
    """Chapters of which no step was played, in order."""
    found = set(played)
    return [chapter for chapter in CHAPTERS if chapter not in found]

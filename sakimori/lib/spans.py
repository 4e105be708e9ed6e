"""Spans of time, and what they leave uncovered. Pure."""

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime]


def gaps(covered: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The parts of [start, end) that lie in none of the covered spans, in order."""
    found: list[Span] = []
    reached = start
    for begins, ends in sorted(covered):
        if begins >= end:
            break
        if begins > reached:
            found.append((reached, begins))
        reached = max(reached, ends)
    if reached < end:
        found.append((reached, end))
    return found

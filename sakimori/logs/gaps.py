"""What is missing of a contract's log, and from when to when: the events of the files beside it tell. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# A file's events span minutes. One that begins further back has an old line in it, which tells of no neighbour.
_OVERLAP = timedelta(hours=1)
_NEAR = timedelta(minutes=1)


class Why(StrEnum):
    """Why something of the log is not there. SKIPPED: numbers that no index named, so nothing may be missing."""

    MISSING = "missing"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    WAITING = "waiting"
    CUT = "cut"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Gap:
    """Events between two moments that are not there, or not all of them. None: that end is not known.

    count: of what `why` says: numbers, files, or lines that a cut took; door: for one that is silent.
    """

    why: Why
    begins: datetime | None
    ends: datetime | None
    count: int = 1
    door: str = ""


def window(before: datetime | None, after: datetime | None) -> tuple[datetime | None, datetime | None]:
    """Between which moments the events of a file lie that is not there.

    before: the last event of the file before it; after: the first one of the file behind it. Files may overlap.
    """
    if before is None or after is None:
        return before, after
    if after < before - _OVERLAP:
        return before, before
    return min(before, after), max(before, after)


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Gaps of one kind and door that lie within a minute of each other become one: nobody reads closer than that.

    They come by their beginning, unknown ones first.
    """
    done: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: (each.why, each.door, _begin(each))):
        last = done[-1] if done else None
        if last and (last.why, last.door) == (gap.why, gap.door) and _touch(last, gap):
            done[-1] = replace(last, ends=_later(last, gap), count=last.count + gap.count)
        else:
            done.append(gap)
    return sorted(done, key=lambda each: (_begin(each), each.why))


def since(gaps: Sequence[Gap], moment: datetime) -> list[Gap]:
    """Those that reach beyond a moment, or of which nobody knows."""
    return [gap for gap in gaps if gap.ends is None or gap.ends >= moment]


def _begin(gap: Gap) -> float:
    return float("-inf") if gap.begins is None else gap.begins.timestamp()


def _touch(first: Gap, second: Gap) -> bool:
    return first.ends is None or _begin(second) <= (first.ends + _NEAR).timestamp()


def _later(first: Gap, second: Gap) -> datetime | None:
    return None if first.ends is None or second.ends is None else max(first.ends, second.ends)

"""What is missing of a contract's log, and from when to when: the events of the files beside it tell. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# A file's events span minutes. One that begins further back has an old line in it, which tells of no neighbour.
_OVERLAP = timedelta(hours=1)
_NEAR = timedelta(minutes=1)
# The vendor leaves out a number now and then. So many in a row look like files that it let go of before we came: it
# keeps them for 48 hours only.
MANY_IN_A_ROW = 10


class Why(StrEnum):
    """Why something of the log is not there. SKIPPED: numbers that no index named, so nothing may be missing;
    MANY_SKIPPED: the same, and too many in a row to believe it. UNREADABLE: files that are stored without lines that
    could not be read.
    """

    MISSING = "missing"
    SKIPPED = "skipped"
    MANY_SKIPPED = "many_skipped"
    QUARANTINED = "quarantined"
    UNREADABLE = "unreadable"
    WAITING = "waiting"
    CUT = "cut"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Gap:
    """Events between two moments that are not there, or not all of them. None: that end is not known.

    count: of what `why` says: numbers, files, or lines that a cut took or nobody can read; door: for a silent one.
    """

    why: Why
    begins: datetime | None
    ends: datetime | None
    count: int = 1
    door: str = ""


def why_missing(numbers: int, *, was_listed: bool) -> Why:
    """Of so many missing numbers in a row. was_listed: an index has named them."""
    if was_listed:
        return Why.MISSING
    return Why.MANY_SKIPPED if numbers >= MANY_IN_A_ROW else Why.SKIPPED


def troubled(gaps: Iterable[Gap]) -> bool:
    """Whether something is to be done or told loudly: that the vendor skips a number is usual."""
    return any(gap.why is not Why.SKIPPED for gap in gaps)


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

    Only gaps of which the same ends are known: one whose time, or whose end, is not known may lie anywhere, and must
    neither hide the span of another nor lose what is known of itself. They come by their beginning, unknown ones first.
    """
    done: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: (_kind(each), _stamp(each.begins), _stamp(each.ends))):
        last = done[-1] if done else None
        if last and _kind(last) == _kind(gap) and _touch(last, gap):
            done[-1] = replace(last, ends=_later(last.ends, gap.ends), count=last.count + gap.count)
        else:
            done.append(gap)
    return sorted(done, key=lambda each: (_stamp(each.begins), each.why, _stamp(each.ends), each.door))


def since(gaps: Sequence[Gap], moment: datetime) -> list[Gap]:
    """Those that reach beyond a moment, or of which nobody knows."""
    return [gap for gap in gaps if gap.ends is None or gap.ends >= moment]


def _kind(gap: Gap) -> tuple[Why, str, bool, bool]:
    return gap.why, gap.door, gap.begins is None, gap.ends is None


def _stamp(moment: datetime | None) -> float:
    return float("-inf") if moment is None else moment.timestamp()


def _touch(first: Gap, second: Gap) -> bool:
    """Of two of one kind. What is known of a gap with an open end is the moment of the other end."""
    known_until, known_from = first.ends or first.begins, second.begins or second.ends
    return known_until is None or known_from is None or known_from <= known_until + _NEAR


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return None if first is None or second is None else max(first, second)

"""What to do with the due blocks of one contract, given what the vendor's lists hold right now. Pure.

A list that lacks what we have just written (or still holds what we have just taken off) is an old copy: writing on
the ground of it would undo the newest entries, ours and other people's. Then nothing is written for a while.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.blacklist.models import BlockState
from sakimori.waf.interface import BlacklistView

SETTLING_TIME = timedelta(seconds=60)
DOUBT_TIME = timedelta(seconds=15)
Views = Mapping[int, BlacklistView]


@dataclass(frozen=True, slots=True)
class Entry:
    """A block as the plan sees it. `due` entries want something; the others only tell whether the view is old.

    was_active: the lists have shown it since it was written last. removal_written: that write was to take it off.
    lists: on which lists it stands or is meant to, see `lists.py`. ours: the lists on which an entry of it is ours;
    what stands on another is somebody else's, and says nothing about the age of a view.
    """

    key: int
    address: str
    state: str
    wanted: bool
    was_active: bool
    written_at: datetime | None
    removal_written: bool
    due: bool
    lists: tuple[int, ...]
    ours: frozenset[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """Keys of blocks that are proven done, and of those to write. `stale`: the view is old, write nothing now.

    foreign: keys of blocks whose address somebody else has put on one of their lists. It stays there.
    """

    active: tuple[int, ...]
    restored: tuple[int, ...]
    add: tuple[int, ...]
    remove: tuple[int, ...]
    foreign: tuple[int, ...]
    stale: bool


def make(entries: Collection[Entry], views: Views, *, now: datetime) -> Plan:
    """Sort the due entries by what the views prove and what is still to be written."""
    due = [entry for entry in entries if entry.due]
    add = [entry for entry in due if entry.wanted and not _everywhere(entry, views)]
    present = [entry for entry in due if entry.wanted and _everywhere(entry, views)]
    gone = [entry for entry in due if not entry.wanted and _gone(entry, views)]
    remove = [entry for entry in due if not entry.wanted and not _gone(entry, views)]
    return Plan(
        active=tuple(entry.key for entry in present),
        restored=tuple(entry.key for entry in gone),
        add=tuple(entry.key for entry in add),
        remove=tuple(entry.key for entry in remove),
        foreign=tuple(entry.key for entry in due if _foreign(entry, views)),
        stale=any(_contradicts(entry, views, now) for entry in _last_writes(entries)),
    )


def _everywhere(entry: Entry, views: Views) -> bool:
    return all(entry.address in views[number].everywhere for number in entry.lists)


def _gone(entry: Entry, views: Views) -> bool:
    """What somebody else made is not ours to remove: it is done when none of our own entries stands any more."""
    return not any(entry.address in views[number].somewhere for number in entry.ours & views.keys())


def _foreign(entry: Entry, views: Views) -> bool:
    return any(entry.address in views[number].somewhere for number in entry.lists if number not in entry.ours)


def _last_writes(entries: Collection[Entry]) -> Collection[Entry]:
    """Of the entries for one address only the one written last says what the list should hold."""
    last: dict[str, Entry] = {}
    for entry in entries:
        known = last.get(entry.address)
        if entry.written_at and (known is None or known.written_at is None or known.written_at < entry.written_at):
            last[entry.address] = entry
    return last.values()


def _contradicts(entry: Entry, views: Views, now: datetime) -> bool:
    """Whether the view lacks what our last write did, so soon after it that the view must be taken for old."""
    if entry.written_at is None:
        return False
    age = now - entry.written_at
    if entry.removal_written:
        shown = _gone(entry, views)
        proven = entry.state == BlockState.RESTORED
    else:
        shown = all(entry.address in views[number].everywhere for number in entry.lists if number in entry.ours)
        proven = entry.was_active
    return not shown and age <= (SETTLING_TIME if proven else DOUBT_TIME)

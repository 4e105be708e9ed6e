"""What to do with the due blocks of one contract, given what the vendor's list holds right now. Pure.

A list that lacks what we have just written (or still holds what we have just taken off) is an old copy: writing on
the ground of it would undo the newest entries, ours and other people's. Then nothing is written for a while.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.blacklist.models import BlockState
from sakimori.waf.interface import BlacklistView

SETTLING_TIME = timedelta(seconds=60)
DOUBT_TIME = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Entry:
    """A block as the plan sees it. `due` entries want something; the others only tell whether the view is old.

    was_active: the list has shown it once. removal_written: the last write was to take it off (else: to put it on).
    """

    key: int
    address: str
    state: str
    wanted: bool
    was_there_before: bool
    was_active: bool
    written_at: datetime | None
    removal_written: bool
    due: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Keys of blocks that are proven done, and of those to write. `stale`: the view is old, write nothing now.

    foreign: keys of blocks that we never wrote, whose address somebody else has put on the list.
    """

    active: tuple[int, ...]
    restored: tuple[int, ...]
    add: tuple[int, ...]
    remove: tuple[int, ...]
    foreign: tuple[int, ...]
    stale: bool


def make(entries: Collection[Entry], view: BlacklistView, *, now: datetime) -> Plan:
    """Sort the due entries by what the view proves and what is still to be written."""
    due = [entry for entry in entries if entry.due]
    add = [entry for entry in due if entry.wanted and entry.address not in view.everywhere]
    present = [entry for entry in due if entry.wanted and entry.address in view.everywhere]
    gone = [entry for entry in due if not entry.wanted and _gone(entry, view)]
    remove = [entry for entry in due if not entry.wanted and not _gone(entry, view)]
    return Plan(
        active=tuple(entry.key for entry in present),
        restored=tuple(entry.key for entry in gone),
        add=tuple(entry.key for entry in add),
        remove=tuple(entry.key for entry in remove),
        foreign=tuple(entry.key for entry in due if _foreign(entry, view)),
        stale=any(_contradicts(entry, view, now) for entry in _last_writes(entries)),
    )


def _gone(entry: Entry, view: BlacklistView) -> bool:
    """An entry that somebody else made, before us or because we never wrote, is not ours to remove: it is done."""
    return entry.was_there_before or entry.written_at is None or entry.address not in view.somewhere


def _foreign(entry: Entry, view: BlacklistView) -> bool:
    return entry.written_at is None and entry.address in view.somewhere


def _last_writes(entries: Collection[Entry]) -> Collection[Entry]:
    """Of the entries for one address only the one written last says what the list should hold."""
    last: dict[str, Entry] = {}
    for entry in entries:
        known = last.get(entry.address)
        if entry.written_at and (known is None or known.written_at is None or known.written_at < entry.written_at):
            last[entry.address] = entry
    return last.values()


def _contradicts(entry: Entry, view: BlacklistView, now: datetime) -> bool:
    """Whether the view lacks what our last write did, so soon after it that the view must be taken for old."""
    if entry.written_at is None or entry.was_there_before:
        return False
    age = now - entry.written_at
    if entry.removal_written:
        shown = entry.address not in view.somewhere
        proven = entry.state == BlockState.RESTORED
    else:
        shown = entry.address in view.everywhere
        proven = entry.was_active
    return not shown and age <= (SETTLING_TIME if proven else DOUBT_TIME)

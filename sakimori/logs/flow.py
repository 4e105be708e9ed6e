"""How a contract's files come through one door: how far its log has come, how late, with which pauses. Pure.

Two delays are told apart. The source's: from a file's last event to when it could have been taken. Ours: from there to
when it is stored and can be searched. An old file, as an import or a repair brings it, says nothing of either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sakimori.lib.jst import day_of

# Doors through which a sender delivers by himself. What people bring in says nothing of how the senders are.
LIVE_DOORS = ("pull", "hec", "syslog", "bucket", "drop")

_RECENT = 100
_OLD = timedelta(hours=1)
_PAUSE_DAYS = 15
_DAYS_FOR_A_RHYTHM = 3
_FILES_OF_A_NEW_DOOR = 20
_LONGEST_OF_A_NEW_DOOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file as its ledger row has it. stored_at: None for a quarantined one; last_at: its latest event."""

    received_at: datetime
    available_at: datetime | None = None
    stored_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """The two delays of one file."""

    source: timedelta
    ours: timedelta


@dataclass(frozen=True, slots=True)
class Flow:
    """What is kept of a door. complete_until: the time of the newest event that is stored.

    recent: the delays of the last files, the newest last. pauses: the longest time without a file, by the Japanese day
    on which it ended.
    """

    last_received_at: datetime
    files: int = 0
    complete_until: datetime | None = None
    recent: Sequence[Delay] = ()
    pauses: Mapping[date, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lag:
    """A delay over the last files: of the newest, and of 95 in 100."""

    last: timedelta
    p95: timedelta


def followed(flow: Flow | None, arrivals: Iterable[Arrival]) -> Flow | None:
    """The flow after some more files, in whatever order they are given. None as long as there was none at all."""
    for arrival in sorted(arrivals, key=lambda each: each.received_at):
        flow = _after(flow or Flow(arrival.received_at), arrival)
    return flow


def _after(flow: Flow, arrival: Arrival) -> Flow:
    until, last = flow.complete_until, arrival.last_at
    recent = flow.recent
    is_old = until is not None and last is not None and last < until - _OLD
    if arrival.stored_at is not None and last is not None and not is_old:
        recent = [*recent, _delay(arrival.received_at, arrival.available_at, arrival.stored_at, last)][-_RECENT:]
    return replace(
        flow,
        files=flow.files + 1,
        last_received_at=max(flow.last_received_at, arrival.received_at),
        complete_until=max((moment for moment in (until, last) if moment is not None), default=None),
        recent=recent,
        pauses=_pauses(flow.pauses, flow.last_received_at, arrival.received_at),
    )


def _delay(received_at: datetime, available_at: datetime | None, stored_at: datetime, last_at: datetime) -> Delay:
    """A file cannot be ready before its last event, nor after it was received."""
    ready = min(max(available_at or received_at, last_at), received_at)
    return Delay(source=ready - min(last_at, ready), ours=max(stored_at, ready) - ready)


def _pauses(pauses: Mapping[date, timedelta], before: datetime, now: datetime) -> Mapping[date, timedelta]:
    day, pause = day_of(now), now - before
    if pause < timedelta(0):
        return pauses
    oldest = day - timedelta(days=_PAUSE_DAYS - 1)
    kept = {each: known for each, known in pauses.items() if each >= oldest}
    return {**kept, day: max(pause, kept.get(day, timedelta(0)))}


def source_lag(flow: Flow) -> Lag | None:
    """How late the sender is; None as long as no file says so."""
    return _lag([delay.source for delay in flow.recent])


def our_lag(flow: Flow) -> Lag | None:
    """How long a file takes from when it could have been taken until it can be searched."""
    return _lag([delay.ours for delay in flow.recent])


def _lag(delays: Sequence[timedelta]) -> Lag | None:
    if not delays:
        return None
    rank = -(-len(delays) * 95 // 100)
    return Lag(last=delays[-1], p95=sorted(delays)[rank - 1])


def usual_pause(flow: Flow) -> timedelta | None:
    """The longest time without a file that is usual: nights, weekends. None as long as too little is known.

    The very longest of the last days is left out: it may have been an outage.
    """
    if len(flow.pauses) < _DAYS_FOR_A_RHYTHM:
        return None
    return sorted(flow.pauses.values())[-2]


def silent_since(flow: Flow, *, now: datetime, limit: timedelta) -> datetime | None:
    """Since when no file came, if that is longer than `limit` and half as long again as is usual; else None.

    A door that is new is given a day; one through which somebody once put a few files is no door that delivers.
    """
    usual = usual_pause(flow)
    if usual is None and flow.files < _FILES_OF_A_NEW_DOOR:
        return None
    allowed = max(limit, _LONGEST_OF_A_NEW_DOOR if usual is None else usual * 3 / 2)
    return flow.last_received_at if now - flow.last_received_at > allowed else None


def to_json(flow: Flow) -> dict[str, Any]:
    """`recent` and `pauses` as a row keeps them: seconds."""
    return {
        "recent": [[delay.source.total_seconds(), delay.ours.total_seconds()] for delay in flow.recent],
        "pauses": {day.isoformat(): pause.total_seconds() for day, pause in flow.pauses.items()},
    }


def recent_from_json(recent: Iterable[Sequence[float]]) -> list[Delay]:
    """The delays that `to_json` wrote."""
    return [Delay(timedelta(seconds=source), timedelta(seconds=ours)) for source, ours in recent]


def pauses_from_json(pauses: Mapping[str, float]) -> dict[date, timedelta]:
    """The pauses that `to_json` wrote."""
    return {date.fromisoformat(day): timedelta(seconds=seconds) for day, seconds in pauses.items()}

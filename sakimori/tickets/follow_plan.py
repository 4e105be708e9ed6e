"""When a follow-up (続報) is due. Pure: no rows, no clock of its own.

Two reasons: a slot of time has begun (every 60 minutes by default, counted from the moment at which the customer began
to be told), or what visits show has changed in a way that matters to him. Slots that were missed are not told after.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.incidents.models import Verdict

# What a customer would act upon. That we cannot tell how the site is changes nothing for him at once.
_TOLD_AT_ONCE = (Verdict.NOT_DISPLAYED, Verdict.SLOW, Verdict.NORMAL)


@dataclass(frozen=True, slots=True)
class Beat:
    """How often: every `slot`; changes at once, but of a page that comes and goes not more often than `pause`."""

    slot: timedelta
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the telling of one incident that goes on. told, shows: values of Verdict.

    slots: the numbers of those that were told. changed_at: when a change was told last; None while none was.
    """

    told_at: datetime
    told: str
    shows: str
    slots: Collection[int] = ()
    changed_at: datetime | None = None


def slot_of(told_at: datetime, now: datetime, slot: timedelta) -> int:
    """The number of the slot in which `now` lies; 0 is that of the first report, and of a clock that was set back."""
    return max(0, (now - told_at) // slot)


def slot_due(standing: Standing, *, beat: Beat, now: datetime) -> int | None:
    """The slot whose follow-up is to be written now; None when there is none."""
    number = slot_of(standing.told_at, now, beat.slot)
    return number if number > max(standing.slots, default=0) else None


def change_due(standing: Standing, *, beat: Beat, now: datetime) -> bool:
    """Whether what visits show is to be told now because it is not what the customer was told last."""
    if standing.shows == standing.told or standing.shows not in _TOLD_AT_ONCE:
        return False
    return standing.changed_at is None or now - standing.changed_at >= beat.pause

"""How long questions wait for an analyst: from a time on the SOC is alarmed, once per wait, for all of them together.

The alarm goes the way of every alarm: mailed at once to all of the running shift, its manager (the SOC's lead) among
them; phoned, when nobody acknowledges it in time, to the person on duty, the deputy and the manager, in this order.
A wait was told of when its time ran out before the last alarm, which the alarm's own row says; nothing else is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.notify.actions import acknowledge, end_alarm, raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.notify.roster import current_shift

_KEY = "asks-waiting"
_LINK = "/console/"
_OVER = "期限を過ぎた判断待ちはなくなりました。"


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody has waited, until when he should have an answer, and whether that is over."""

    since: datetime
    deadline: datetime
    lasts: timedelta
    left: timedelta

    @property
    def is_over(self) -> bool:
        """Whether the time has run out."""
        return self.left <= timedelta(0)


def wait_of(since: datetime, *, limit: timedelta, now: datetime) -> Wait:
    """The clock of one question."""
    deadline = since + limit
    return Wait(since, deadline, lasts=now - since, left=deadline - now)


def waiting_blocks() -> QuerySet[Block]:
    """Blocks that an analyst is asked about, the longest waiting first."""
    return Block.objects.filter(state=BlockState.PROPOSED).order_by("proposed_at", "pk")


def waiting_findings() -> QuerySet[Finding]:
    """Findings that an analyst must look at and that belong to no block, the longest waiting first."""
    return Finding.objects.filter(state=FindingState.ASK, block=None).order_by("found_at", "pk")


def watch_questions(*, limit: timedelta, now: datetime) -> int:
    """Alarm the SOC about what has waited for longer than `limit`; say so when none is left. Returns 0."""
    latest = now - limit
    since = [
        *waiting_blocks().filter(proposed_at__lte=latest).values_list("proposed_at", flat=True),
        *waiting_findings().filter(found_at__lte=latest).values_list("found_at", flat=True),
    ]
    if not since:
        end_alarm(_KEY, sentence=_OVER, now=now)
    elif (told := _last_told()) is None or max(since) + limit > told:
        _tell(len(since), oldest=min(since), limit=limit, now=now)
    return 0


def take_if_answered(*, by: User, now: datetime) -> None:
    """Whoever decides the last question that the alarm told of has taken the alarm: nobody is phoned any more."""
    for alarm in Alarm.objects.filter(key=_KEY, acknowledged_at=None):
        blocks = waiting_blocks().filter(proposed_at__lt=alarm.last_at)
        if not blocks.exists() and not waiting_findings().filter(found_at__lt=alarm.last_at).exists():
            acknowledge(alarm, by=by, now=now)


def _tell(number: int, *, oldest: datetime, limit: timedelta, now: datetime) -> None:
    minutes = f"{limit.total_seconds() / 60:g}"
    raise_alarm(
        key=_KEY,
        severity=Severity.HIGH,
        sentence=f"アナリストの判断待ち {number} 件が {minutes} 分を過ぎています"
        f"（最長 {(now - oldest) // timedelta(minutes=1)} 分）。「要判断」で承認または却下してください。{_lead(now)}",
        link=_LINK,
        now=now,
    )


def _lead(now: datetime) -> str:
    """Who leads the SOC now, for those who read the alarm; empty where the roster names nobody who is there."""
    shift = current_shift(now)
    if shift is None or not shift.manager.is_active:
        return ""
    return f"SOC 責任者 {shift.manager.shown_name} さんにもお知らせしています。"


def _last_told() -> datetime | None:
    return Alarm.objects.filter(key=_KEY).order_by("-last_at").values_list("last_at", flat=True).first()

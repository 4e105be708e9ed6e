"""The stop switch: while it is on, nothing is put on any list. What is asked to come off still does.

Deciding and applying read it once per round: decisions to block become questions, and approved blocks wait. Turning
it is recorded, and turning it twice the same way changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import Block, BlockState, Stop
from sakimori.blacklist.plan import Plan
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit

_LOOK_AGAIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand turns the switch: the login ID for the record, and the name for pages."""

    login: str
    name: str


def current() -> Stop | None:
    """The stop that is on, with since when, by whom and why; None while everything runs."""
    return Stop.objects.filter(is_on=True).first()


def is_on() -> bool:
    """Whether one is on."""
    return Stop.objects.filter(is_on=True).exists()


def past_stops() -> QuerySet[Stop]:
    """Stops that are over, the newest first."""
    return Stop.objects.filter(is_on=False).order_by("-since", "-pk")


def stop(*, by: Hand, reason: str, now: datetime) -> bool:
    """Turn the switch on. False when it was on already: then since, by whom and why stay as they were."""
    with transaction.atomic():
        row, new = Stop.objects.get_or_create(
            is_on=True, defaults={"since": now, "by_name": by.name[:150], "reason": reason[:200]}
        )
        if new:
            audit.record("blacklist.stop", by=by.login, target=f"stop:{row.pk}", now=now)
    return new


def go(*, by: Hand, reason: str, now: datetime) -> bool:
    """Turn it off: approved blocks are written with the next round. False when it was off already."""
    with transaction.atomic():
        row = Stop.objects.select_for_update().filter(is_on=True).first()
        if row is None:
            return False
        row.is_on, row.ended_at = False, now
        row.ended_by_name, row.ended_reason = by.name[:150], reason[:200]
        row.save()
        audit.record("blacklist.go", by=by.login, target=f"stop:{row.pk}", now=now)
    return True


def held_back(decision: Decision, *, stopped: bool) -> Decision:
    """While stopped, what would be blocked is asked about."""
    if stopped and decision.outcome is Outcome.BLOCK:
        return Decision(Outcome.ASK, Reason.STOPPED)
    return decision


def may_be_written(due: QuerySet[Block]) -> QuerySet[Block]:
    """Of the blocks that are due, those that may be worked on now: while stopped, approved ones wait."""
    return due.exclude(state=BlockState.APPROVED) if is_on() else due


def unless_stopped(plan: Plan, *, now: datetime) -> Plan:
    """The plan without anything to add while stopped. What was to be added is looked at again in a while."""
    if not plan.add or not is_on():
        return plan
    Block.objects.filter(pk__in=plan.add, wanted_on_list=True).update(next_try_at=now + _LOOK_AGAIN)
    return replace(plan, add=())

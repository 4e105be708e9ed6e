"""What tickets does again and again: tell customers of what the rooms below have left as rows.

A block that is active and in no ticket is news; so is one that is restored and of which no mail told, an incident
of which the customer is to be told, a deviation, a wish for a larger plan, and the end of each of them.
"""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from sakimori.blacklist.models import Block, BlockState, Finding
from sakimori.customers.models import Contract
from sakimori.customers.queries import running
from sakimori.incidents.models import Incident
from sakimori.lib.jst import day_of
from sakimori.notify.models import CallRound
from sakimori.tickets import deviations, incidents, upgrades
from sakimori.tickets.blocks import describe_blocks, join_ticket, tell_of_blocks, tell_of_restore
from sakimori.tickets.models import Ticket, TicketBlock, TicketKind, TicketState
from sakimori.usage.models import Deviation, UpgradeRequest

_AT_ONCE = 200
# A finding may be committed a little after the moment that it carries.
_SETTLING = timedelta(minutes=1)


def open_tickets(*, wave: timedelta, now: datetime) -> int:
    """Put every newly active block into its customer's ticket of this wave. Returns how many blocks."""
    alive = running(day_of(now), contract="contract")
    news = Block.objects.filter(alive, active_at__isnull=False, ticket_block=None)
    contracts = Contract.objects.filter(pk__in=news.values("contract")).select_related("customer")
    joined = 0
    for contract in contracts:
        joined += join_ticket(contract, news.filter(contract=contract)[:_AT_ONCE], wave=wave, now=now)
    return joined


def mail_blocks(*, wave: timedelta, now: datetime) -> int:
    """Write the mails about blocks that no mail has named yet: at once, then at most one per wave and ticket."""
    untold = TicketBlock.objects.filter(told_in=None, block__restored_at=None)
    tickets = Ticket.objects.filter(pk__in=untold.values("ticket")).select_related("contract__customer")
    return sum(tell_of_blocks(ticket, wave=wave, now=now) for ticket in tickets)


def mail_restores(*, now: datetime) -> int:
    """Write note and mail for every restored block of which the customer was not told. Returns how many."""
    untold = TicketBlock.objects.filter(block__state=BlockState.RESTORED, restore_told_in=None)
    rows = untold.select_related("ticket__contract__customer", "block__restore_asked_by")[:_AT_ONCE]
    return sum(tell_of_restore(row, now=now) for row in rows)


def tell_news(*, now: datetime) -> int:
    """Open a ticket with a mail for every incident, deviation and upgrade that has none. Returns how many.

    From the day of cancellation on nothing new begins.
    """
    alive = running(day_of(now), contract="contract")
    happened = Incident.objects.filter(alive, told_at__isnull=False, ticket=None)
    differ = Deviation.objects.filter(alive, ended_at=None, ticket=None)
    asked = UpgradeRequest.objects.filter(alive, ticket=None)
    return (
        sum(
            incidents.tell_of_incident(row, now=now)
            for row in happened.select_related("contract__customer", "site").order_by("pk")[:_AT_ONCE]
        )
        + sum(
            deviations.tell_of_deviation(row, now=now)
            for row in differ.select_related("contract__customer", "site").order_by("pk")[:_AT_ONCE]
        )
        + sum(
            upgrades.tell_of_upgrade(row, now=now)
            for row in asked.select_related("contract__customer", "asked_by").order_by("pk")[:_AT_ONCE]
        )
    )


def tell_ends(*, now: datetime) -> int:
    """Write the last note and mail of everything that is over, and end its ticket. Returns how many.

    A ticket of one of these kinds has a result from then on; a contract that has ended still gets them.
    """
    rows = Ticket.objects.filter(result="").order_by("pk")
    over = rows.filter(incident__ended_at__isnull=False).select_related("contract__customer", "incident__site")
    mended = rows.filter(deviation__ended_at__isnull=False).select_related("contract__customer", "deviation__site")
    settled = rows.filter(upgrade__confirmed_at__isnull=False)
    settled = settled.select_related("contract__customer", "upgrade__asked_by", "upgrade__confirmed_by")
    return (
        sum(incidents.tell_of_end(ticket, now=now) for ticket in over[:_AT_ONCE])
        + sum(deviations.tell_of_end(ticket, now=now) for ticket in mended[:_AT_ONCE])
        + sum(upgrades.tell_of_end(ticket, now=now) for ticket in settled[:_AT_ONCE])
    )


def follow_incidents(*, now: datetime) -> int:
    """While an incident goes on: tell of traffic above the plan, and say whom the calls have reached.

    Calls may go on when the incident is over: then that is said afterwards.
    """
    rows = Ticket.objects.filter(running(day_of(now), contract="contract"), incident__isnull=False, result="")
    late = _whose_calls_ended_late().select_related("contract__customer", "incident__site")
    changed = sum(incidents.settle_calls(ticket, now=now) for ticket in late[:_AT_ONCE])
    for ticket in rows.select_related("contract__customer", "incident__site"):
        changed += incidents.tell_of_excess(ticket, now=now) + incidents.refresh_incident(ticket, now=now)
    return changed


def _whose_calls_ended_late() -> QuerySet[Ticket]:
    """Tickets of incidents that were described for the last time before their round of calls ended."""
    key = Concat(Value("incident:"), Cast("incident_id", CharField()))
    rounds = CallRound.objects.filter(key=OuterRef("round_key"), ended_at__gt=OuterRef("described_at"))
    over = Ticket.objects.filter(incident__isnull=False).exclude(result="").annotate(round_key=key)
    return over.filter(Exists(rounds)).order_by("pk")


def describe_tickets(*, now: datetime) -> int:
    """Write what open tickets about blocks tell, where that is new or has changed since. Returns how many.

    Tickets from before these texts existed are found by their lack of a moment.
    """
    rows = Ticket.objects.filter(kind=TicketKind.BLACKLIST)
    grown = Finding.objects.filter(
        block__ticket_block__ticket__state__in=(TicketState.OPEN, TicketState.WAITING),
        found_at__gt=F("block__ticket_block__ticket__described_at") - _SETTLING,
    )
    due = rows.filter(Q(described_at=None) | Q(pk__in=grown.values("block__ticket_block__ticket")))
    due = due.filter(ticket_blocks__isnull=False).distinct()
    return sum(describe_blocks(ticket, now=now) for ticket in due.order_by("pk")[:_AT_ONCE])

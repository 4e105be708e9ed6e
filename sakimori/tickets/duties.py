"""What tickets does again and again: tell customers of what the rooms below have left as rows.

A block that is active, waits or was refused and is in no ticket is news; so are a finding whose address the guard
refused, a block that is restored and of which no mail told, an incident of which the customer is to be told, a
deviation, a wish for a larger plan, and the end of each of them.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from sakimori.blacklist.late import came_late
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.customers.models import Contract, Customer
from sakimori.customers.queries import running
from sakimori.incidents.models import Incident
from sakimori.lib.jst import day_of
from sakimori.notify.models import CallRound
from sakimori.tickets import deviations, incidents, upgrades
from sakimori.tickets.block_mails import customers_to_tell, tell_of_blocks
from sakimori.tickets.blocks import describe_blocks, follow_decisions, join_findings, join_ticket
from sakimori.tickets.follow_ups import Known, follow_up, known_of
from sakimori.tickets.models import Listing, Ticket, TicketBlock, TicketKind, TicketState
from sakimori.tickets.restores import BY_ITSELF, tell_of_desk, tell_of_expired, tell_of_restore, untold_restores
from sakimori.tickets.texts.reasons import NEVER_TOLD
from sakimori.usage.models import Deviation, UpgradeRequest

_AT_ONCE = 200
_MOST_JOIN = 5000
_NEWS = timedelta(hours=24)
# A finding may be committed a little after the moment that it carries.
_SETTLING = timedelta(minutes=1)


def open_tickets(*, wave: timedelta, now: datetime) -> int:
    """Put what is new of attackers' addresses into its customer's ticket of this wave. Returns of how many.

    New are blocks that are active, wait or were refused, findings whose address the guard refused, and decisions on
    addresses of which a ticket said that they wait. What was refused longer than a day ago is no news any more, and
    what came late or was imported never is.
    """
    alive = running(day_of(now), contract="contract")
    settled = Q(active_at__isnull=False) | Q(state__in=(BlockState.PROPOSED, BlockState.FAILED))
    news = Block.objects.filter(
        alive, settled | Q(state=BlockState.REFUSED, decided_at__gt=now - _NEWS), ticket_block=None
    ).exclude(reason__in=NEVER_TOLD)
    refused = Finding.objects.filter(
        alive, state=FindingState.REFUSED, block=None, ticket_finding=None, found_at__gt=now - _NEWS
    ).exclude(Q(reason__in=NEVER_TOLD) | Q(address="") | came_late(timedelta(minutes=settings.CONFIG.late_minutes)))
    joined = 0
    for contract in _contracts(news.values("contract")):
        joined += join_ticket(contract, news.filter(contract=contract).order_by("pk")[:_MOST_JOIN], wave=wave, now=now)
    for contract in _contracts(refused.values("contract")):
        rows = refused.filter(contract=contract).order_by("pk")[:_MOST_JOIN]
        joined += join_findings(contract, rows, wave=wave, now=now)
    return joined + _follow_decisions(now)


def _contracts(keys: QuerySet[Any, Any]) -> QuerySet[Contract]:
    return Contract.objects.filter(pk__in=keys).select_related("customer").order_by("pk")


def _follow_decisions(now: datetime) -> int:
    """An address that waited is on the list, or was refused."""
    decided = TicketBlock.objects.filter(noted_as=Listing.WAITING)
    decided = decided.filter(Q(block__active_at__isnull=False) | Q(block__state__in=CLOSED_STATES))
    tickets = Ticket.objects.filter(pk__in=decided.values("ticket")).select_related("contract__customer")
    return sum(follow_decisions(ticket, now=now) for ticket in tickets.order_by("pk"))


def mail_blocks(*, wave: timedelta, now: datetime) -> int:
    """Write the mails about addresses that no mail has named yet: at once, then at most one per wave and customer."""
    return sum(tell_of_blocks(row, wave=wave, now=now) for row in customers_to_tell(wave=wave, now=now))


def mail_restores(*, wave: timedelta, now: datetime) -> int:
    """Write note and mail for every restored block of which the customer was not told. Returns how many.

    Who asked hears at once, address by address; what an analyst took off together is told together, and what came off
    by itself at most once per wave and customer.
    """
    untold = untold_restores()
    by_us = (*BY_ITSELF, RestoreChannel.DESK)
    asked = untold.exclude(block__restore_channel__in=by_us).order_by("pk")[:_AT_ONCE]
    nobodys = untold.filter(block__restore_channel__in=by_us).values("ticket__contract__customer")
    told = sum(tell_of_restore(row, now=now) for row in asked)
    for customer in Customer.objects.filter(pk__in=nobodys).order_by("pk"):
        told += tell_of_desk(customer, now=now) + tell_of_expired(customer, wave=wave, now=now)
    return told


def tell_news(*, now: datetime) -> int:
    """Open a ticket with a mail for every incident, deviation and upgrade that has none. Returns how many.

    From the day of cancellation on nothing new begins.
    """
    alive = running(day_of(now), contract="contract")
    happened = Incident.objects.filter(alive, told_at__isnull=False, ticket=None)
    differ = Deviation.objects.filter(alive, ended_at=None, ticket=None)
    asked = UpgradeRequest.objects.filter(alive, ticket=None)
    happened = happened.select_related("contract__customer", "site")
    differ = differ.select_related("contract__customer", "site")
    asked = asked.select_related("contract__customer", "asked_by")
    return _each(
        [
            *(partial(incidents.tell_of_incident, row, now=now) for row in happened.order_by("pk")[:_AT_ONCE]),
            *(partial(deviations.tell_of_deviation, row, now=now) for row in differ.order_by("pk")[:_AT_ONCE]),
            *(partial(upgrades.tell_of_upgrade, row, now=now) for row in asked.order_by("pk")[:_AT_ONCE]),
        ]
    )


def _each(works: Iterable[Callable[[], int]]) -> int:
    """Do all of it. What fails keeps nobody else from being told: its error is raised when all the others are done."""
    done, failed = 0, None
    for work in works:
        try:
            done += work()
        except Exception as error:  # noqa: BLE001 - raised below
            failed = failed or error
    if failed is not None:
        raise failed
    return done


def tell_ends(*, now: datetime) -> int:
    """Write the last note and mail of everything that is over, and end its ticket. Returns how many.

    A ticket of one of these kinds has a result from then on; a contract that has ended still gets them.
    """
    rows = Ticket.objects.filter(result="").order_by("pk")
    over = rows.filter(incident__ended_at__isnull=False).select_related("contract__customer", "incident__site")
    mended = rows.filter(deviation__ended_at__isnull=False).select_related("contract__customer", "deviation__site")
    settled = rows.filter(upgrade__confirmed_at__isnull=False)
    settled = settled.select_related("contract__customer", "upgrade__asked_by", "upgrade__confirmed_by")
    return _each(
        [
            *(partial(incidents.tell_of_end, ticket, now=now) for ticket in over[:_AT_ONCE]),
            *(partial(deviations.tell_of_end, ticket, now=now) for ticket in mended[:_AT_ONCE]),
            *(partial(upgrades.tell_of_end, ticket, now=now) for ticket in settled[:_AT_ONCE]),
        ]
    )


def follow_incidents(*, now: datetime) -> int:
    """While an incident goes on: tell of traffic above the plan, and say whom the calls have reached.

    Calls may go on when the incident is over: then that is said afterwards.
    """
    rows = Ticket.objects.filter(running(day_of(now), contract="contract"), incident__isnull=False, result="")
    late = _whose_calls_ended_late().select_related("contract__customer", "incident__site")
    going_on = list(rows.select_related("contract__customer", "incident__site", "incident__exercise"))
    known, over = known_of(going_on, now=now), incidents.over_plan(going_on)
    return _each(
        [
            *(partial(incidents.settle_calls, ticket, now=now) for ticket in late[:_AT_ONCE]),
            *(partial(_follow, ticket, known[ticket.pk], is_over=ticket.pk in over, now=now) for ticket in going_on),
        ]
    )


def _follow(ticket: Ticket, known: Known, *, is_over: bool, now: datetime) -> int:
    changed = incidents.tell_of_excess(ticket, now=now) if is_over else 0
    changed += incidents.refresh_incident(ticket, calls=known.calls.told, now=now)
    return changed + follow_up(ticket, known, now=now)


def _whose_calls_ended_late() -> QuerySet[Ticket]:
    """Tickets of incidents that were described for the last time before their round of calls ended."""
    key = Concat(Value("incident:"), Cast("incident_id", CharField()))
    rounds = CallRound.objects.filter(matters__key=OuterRef("round_key"), ended_at__gt=OuterRef("described_at"))
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

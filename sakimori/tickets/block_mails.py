"""Mails about addresses of attackers: per customer and wave, each address named once for each thing that befell it.

The first mail goes out at once; the next one not before a wave's length has passed, whichever contract it is about.
What waits or was left alone gets no mail of its own: the next one tells of it. Only who waits longer than a wave is
told of by himself, once.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from sakimori.blacklist.models import BlockState
from sakimori.customers.models import Customer
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import write_mail
from sakimori.notify.models import Message
from sakimori.tickets.models import Standing, Ticket, TicketBlock, TicketFinding
from sakimori.tickets.opening import letterhead
from sakimori.tickets.summary import kinds_of, refused, summarise, unlisted
from sakimori.tickets.texts.blocked_mail import MOST_NAMED, Wave, wave_mail, wave_subject
from sakimori.tickets.texts.letter import Letterhead

_BLOCKED = Q(told_in=None, block__active_at__isnull=False, block__restored_at=None)
_AT_ONCE = 20_000
_ASKED = (BlockState.PROPOSED, BlockState.FAILED)


def customers_to_tell(*, wave: timedelta, now: datetime) -> QuerySet[Customer]:
    """Customers for whom a mail is to be written as soon as the last one is old enough."""
    due = TicketBlock.objects.filter(_BLOCKED | _waits_long(wave, now))
    return Customer.objects.filter(pk__in=due.values("ticket__contract__customer")).order_by("pk")


def tell_of_blocks(customer: Customer, *, wave: timedelta, now: datetime) -> int:
    """Write one mail about every address of the customer that no mail has named, unless the last is too fresh.

    An address that is off the list again is not announced any more: the mail about its restore tells of it.
    Returns how many addresses it tells of.
    """
    with transaction.atomic():
        rows = TicketBlock.objects.select_for_update().filter(ticket__contract__customer=customer)
        rows = rows.select_related("ticket__contract__customer", "block__contract").order_by("pk")
        blocked = list(rows.filter(_BLOCKED)[:_AT_ONCE])
        due = bool(blocked) or rows.filter(_waits_long(wave, now)).exists()
        if not due or _told_lately(customer, wave, now):
            return 0
        waiting = list(rows.filter(noted_as=Standing.WAITING, mentioned_as="", block__state__in=_ASKED)[:_AT_ONCE])
        left = list(rows.filter(noted_as=Standing.LEFT).exclude(mentioned_as=Standing.LEFT)[:_AT_ONCE])
        fresh = _refused(customer)
        named = _not_named(fresh)
        letter = _letter([*(row.ticket for row in (*blocked, *waiting, *left)), *(row.ticket for row in named)])
        told = _wave(blocked, waiting, left, named, now=now)
        message = write_mail(
            key=f"wave:{(blocked or waiting)[0].pk}:{'blocked' if blocked else 'waiting'}",
            customer=customer,
            subject=wave_subject(letter, told),
            body=wave_mail(letter, told),
            now=now,
        )
        _mark(message, blocked, waiting, left, fresh)
    return len(blocked) + len(waiting) + len(left) + len(named)


def _waits_long(wave: timedelta, now: datetime) -> Q:
    """An analyst's question that nobody has answered for a wave's length, and of which no mail told."""
    waits = Q(noted_as=Standing.WAITING, mentioned_as="", added_at__lte=now - wave, block__state__in=_ASKED)
    return waits & running(day_of(now), contract="ticket__contract")


def _told_lately(customer: Customer, wave: timedelta, now: datetime) -> bool:
    """Whether the customer got a mail about addresses within the last wave, for whichever contract."""
    lately = Q(told_in__written_at__gt=now - wave) | Q(mentioned_in__written_at__gt=now - wave)
    return TicketBlock.objects.filter(lately, ticket__contract__customer=customer).exists()


def _refused(customer: Customer) -> list[TicketFinding]:
    """Findings with an address that the guard refused, as far as no mail was written since they joined a ticket."""
    rows = TicketFinding.objects.filter(ticket__contract__customer=customer, mentioned_in=None)
    return list(rows.select_related("ticket__contract__customer", "finding").order_by("pk")[:_AT_ONCE])


def _not_named(fresh: Sequence[TicketFinding]) -> list[TicketFinding]:
    """One finding for each address that no mail about the same ticket has named."""
    told = TicketFinding.objects.filter(ticket__in={row.ticket_id for row in fresh}).exclude(mentioned_in=None)
    named = set(told.values_list("ticket_id", "finding__address").distinct())
    first: dict[tuple[int, str], TicketFinding] = {}
    for row in fresh:
        first.setdefault((row.ticket_id, row.finding.address), row)
    return [row for key, row in first.items() if key not in named]


def _letter(tickets: Sequence[Ticket]) -> Letterhead:
    """The head of the first ticket; the mail's footer names the others too."""
    first, *others = dict.fromkeys(tickets)
    return replace(letterhead(first), others=[letterhead(ticket) for ticket in others])


def _wave(
    blocked: Sequence[TicketBlock],
    waiting: Sequence[TicketBlock],
    left: Sequence[TicketBlock],
    named: Sequence[TicketFinding],
    *,
    now: datetime,
) -> Wave:
    """What the mail names: those on the list first, as far as there is room."""
    summaries = summarise(blocked[:MOST_NAMED], now=now)
    room = MOST_NAMED - len(summaries)
    waits = unlisted(waiting[:room])
    room -= len(waits)
    lefts = [*unlisted(left[:room]), *refused(named[: max(room - len(left), 0)])]
    everything = len(blocked) + len(waiting) + len(left) + len(named)
    return Wave(
        blocked=summaries,
        waiting=waits,
        left=lefts,
        blocked_count=len(blocked),
        waiting_count=len(waiting),
        passed=sum(entry.passed for entry in summaries),
        more=everything - len(summaries) - len(waits) - len(lefts),
        kinds=kinds_of([*summaries, *(entry.seen for entry in waits)]),
    )


def _mark(
    message: Message,
    blocked: Sequence[TicketBlock],
    waiting: Sequence[TicketBlock],
    left: Sequence[TicketBlock],
    fresh: Sequence[TicketFinding],
) -> None:
    """Write down which mail told of what."""
    TicketBlock.objects.filter(pk__in=[row.pk for row in blocked]).update(told_in=message)
    for rows, standing in ((waiting, Standing.WAITING), (left, Standing.LEFT)):
        named = TicketBlock.objects.filter(pk__in=[row.pk for row in rows])
        named.update(mentioned_as=standing, mentioned_in=message)
    TicketFinding.objects.filter(pk__in=[row.pk for row in fresh]).update(mentioned_in=message)

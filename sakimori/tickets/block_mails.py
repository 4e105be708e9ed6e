"""Mails about addresses of attackers: per customer and wave, each address named once for each thing that befell it.

The first mail goes out at once; the next one not before a wave's length has passed, whichever contract it is about.
What waits or was left alone gets no mail of its own: the next one tells of it. Only who waits longer than a wave is
told of by himself, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from sakimori.blacklist.models import BlockState
from sakimori.customers.models import Customer
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.notify.actions import write_mail
from sakimori.notify.models import Message
from sakimori.tickets.models import Listing, Ticket, TicketBlock, TicketFinding
from sakimori.tickets.opening import letterhead
from sakimori.tickets.summary import kinds_of, refused, summarise, unlisted
from sakimori.tickets.texts.blocked_mail import MOST_NAMED, Wave, wave_mail, wave_subject
from sakimori.tickets.texts.letter import Letterhead

_BLOCKED = Q(told_in=None, block__active_at__isnull=False, block__restored_at=None)
_AT_ONCE = 20_000
_KEY = "wave:"
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
        Customer.objects.select_for_update().get(pk=customer.pk)  # One worker at a time: a mail marks what it names.
        rows = TicketBlock.objects.filter(ticket__contract__customer=customer).order_by("pk")
        if not rows.filter(_BLOCKED | _waits_long(wave, now)).exists() or _told_lately(customer, wave, now):
            return 0
        alive = running(day_of(now), contract="ticket__contract")
        news = _News(
            blocked=_keys(rows.filter(_BLOCKED)),
            waiting=_keys(rows.filter(alive, noted_as=Listing.WAITING, mentioned_as="", block__state__in=_ASKED)),
            left=_keys(rows.filter(noted_as=Listing.LEFT).exclude(mentioned_as=Listing.LEFT)),
            fresh=(fresh := _refused(customer)),
            refused=_not_named(fresh),
        )
        letter, told = _letter(news), _wave(news, now=now)
        message = write_mail(
            key=f"{_KEY}{'blocked' if news.blocked else 'waiting'}:{(news.blocked or news.waiting)[0].entry}",
            customer=customer,
            subject=wave_subject(letter, told),
            body=wave_mail(letter, told),
            now=now,
        )
        _mark(message, news)
    return len(news)


class _Key(NamedTuple):
    """A row by its key, and the ticket in which it stands."""

    entry: int
    ticket: int


@dataclass(frozen=True, slots=True)
class _News:
    """What no mail has told of: rows by their keys, for they may be many thousands, and a mail names some hundred.

    refused: of every address that the guard refused one finding; fresh: all of them.
    """

    blocked: Sequence[_Key]
    waiting: Sequence[_Key]
    left: Sequence[_Key]
    refused: Sequence[TicketFinding]
    fresh: Sequence[TicketFinding]

    def __len__(self) -> int:
        return len(self.blocked) + len(self.waiting) + len(self.left) + len(self.refused)


def _keys(rows: QuerySet[TicketBlock]) -> list[_Key]:
    return [_Key(*row) for row in rows.values_list("pk", "ticket_id")[:_AT_ONCE]]


def _rows(keys: Sequence[_Key]) -> list[TicketBlock]:
    rows = TicketBlock.objects.filter(pk__in=[key.entry for key in keys]).order_by("pk")
    return list(rows.select_related("ticket", "block__contract"))


def _waits_long(wave: timedelta, now: datetime) -> Q:
    """An analyst's question that nobody has answered for a wave's length, and of which no mail told."""
    waits = Q(noted_as=Listing.WAITING, mentioned_as="", added_at__lte=now - wave, block__state__in=_ASKED)
    return waits & running(day_of(now), contract="ticket__contract")


def _told_lately(customer: Customer, wave: timedelta, now: datetime) -> bool:
    """Whether such a mail was written to the customer within the last wave, for whichever contract."""
    return Message.objects.filter(customer=customer, written_at__gt=now - wave, key__startswith=_KEY).exists()


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


def _letter(news: _News) -> Letterhead:
    """The head of the first ticket; the mail's footer names the others too."""
    numbers = {key.ticket for key in (*news.blocked, *news.waiting, *news.left)}
    numbers |= {row.ticket_id for row in news.refused}
    tickets = Ticket.objects.filter(pk__in=numbers).select_related("contract__customer").order_by("pk")
    first, *others = map(letterhead, tickets)
    return replace(first, others=others)


def _wave(news: _News, *, now: datetime) -> Wave:
    """What the mail names: those on the list first, as far as there is room, and of each what got through first."""
    through = _through(news.blocked) | _through(news.waiting)
    blocked = summarise(_rows(_through_first(news.blocked, through)[:MOST_NAMED]), now=now)
    blocked.sort(key=lambda entry: entry.passed == 0)
    room = MOST_NAMED - len(blocked)
    waiting = unlisted(_rows(_through_first(news.waiting, through)[:room]))
    waiting.sort(key=lambda entry: entry.seen.passed == 0)
    room -= len(waiting)
    left = [*unlisted(_rows(news.left[:room])), *refused(news.refused[: max(room - len(news.left), 0)])]
    return Wave(
        blocked=blocked,
        waiting=waiting,
        left=left,
        blocked_count=len(news.blocked),
        waiting_count=len(news.waiting),
        passed=sum(through.values()),
        more=len(news) - len(blocked) - len(waiting) - len(left),
        kinds=kinds_of([*blocked, *(entry.seen for entry in waiting)]),
    )


def _through(keys: Sequence[_Key]) -> dict[int, int]:
    """How many requests got through, by the keys of the rows of which any did: of all, not only of those named."""
    rows = TicketBlock.objects.filter(pk__in=[key.entry for key in keys], block__findings__passed__gt=0)
    return dict(
        rows.order_by().values("pk").annotate(through=Sum("block__findings__passed")).values_list("pk", "through")
    )


def _through_first(keys: Sequence[_Key], through: Mapping[int, int]) -> list[_Key]:
    return sorted(keys, key=lambda key: key.entry not in through)


def _mark(message: Message, news: _News) -> None:
    """Write down which mail told of what."""
    TicketBlock.objects.filter(pk__in=[key.entry for key in news.blocked]).update(told_in=message)
    for keys, listing in ((news.waiting, Listing.WAITING), (news.left, Listing.LEFT)):
        named = TicketBlock.objects.filter(pk__in=[key.entry for key in keys])
        named.update(mentioned_as=listing, mentioned_in=message)
    TicketFinding.objects.filter(pk__in=[row.pk for row in news.fresh]).update(mentioned_in=message)

"""Tickets about blocked addresses: one per wave, mails that name each address once, and what became of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.stories import whole_story
from sakimori.customers.models import Contract
from sakimori.tickets.models import Ticket, TicketBlock, TicketKind, TicketState
from sakimori.tickets.opening import add_note, describe, finish, letterhead, open_ticket, tell
from sakimori.tickets.summary import summarise
from sakimori.tickets.texts import blacklist as texts


def join_ticket(contract: Contract, blocks: Iterable[Block], *, wave: timedelta, now: datetime) -> int:
    """Put active blocks into the ticket of the running wave, or into a new one. Returns how many joined."""
    with transaction.atomic():
        blocks = list(blocks)
        if not blocks:
            return 0
        ticket = _ticket_of_wave(contract, wave, now) or _open(contract, blocks[0], now)
        TicketBlock.objects.bulk_create(TicketBlock(ticket=ticket, block=block, added_at=now) for block in blocks)
        addresses = [block.address for block in blocks]
        add_note(ticket, key=f"blocked:{blocks[0].pk}", text=texts.opened_note(addresses), now=now)
        _name(ticket)
        describe_blocks(ticket, now=now)
    return len(blocks)


def _ticket_of_wave(contract: Contract, wave: timedelta, now: datetime) -> Ticket | None:
    """A wave lasts as long as addresses keep coming with less than its length between them."""
    recent = TicketBlock.objects.filter(ticket__contract=contract, added_at__gt=now - wave)
    last = recent.select_related("ticket").order_by("-added_at", "-pk").first()
    return last.ticket if last else None


def _open(contract: Contract, first: Block, now: datetime) -> Ticket:
    subject = texts.ticket_subject(first.address, others=0)
    return open_ticket(contract, kind=TicketKind.BLACKLIST, subject=subject, now=now)[0]


def _name(ticket: Ticket) -> None:
    """Let the subject say how many addresses there are; a ticket that was done is open again."""
    addresses = list(ticket.ticket_blocks.order_by("pk").values_list("block__address", flat=True))
    subject = texts.ticket_subject(addresses[0], others=len(addresses) - 1)
    Ticket.objects.filter(pk=ticket.pk).update(subject=subject, state=TicketState.OPEN)


def tell_of_blocks(ticket: Ticket, *, wave: timedelta, now: datetime) -> int:
    """Write one mail that names every address of the ticket that no mail has named, unless the last is too fresh.

    An address that is off the list again is not announced any more: the mail about its restore tells of it.
    """
    with transaction.atomic():
        untold = TicketBlock.objects.select_for_update().filter(ticket=ticket, told_in=None, block__restored_at=None)
        rows = list(untold.select_related("block").order_by("pk"))
        if not rows or _told_lately(ticket, wave, now):
            return 0
        letter = letterhead(ticket)
        message = tell(
            ticket,
            key=f"blocked:{ticket.number}:{rows[0].pk}",
            subject=texts.blocked_subject(letter, len(rows)),
            body=texts.blocked_mail(letter, summarise([row.block for row in rows])),
            now=now,
        )
        TicketBlock.objects.filter(pk__in=[row.pk for row in rows]).update(told_in=message)
    return len(rows)


def _told_lately(ticket: Ticket, wave: timedelta, now: datetime) -> bool:
    """Whether this customer got a mail about blocked addresses within the last wave, whichever ticket it was for."""
    rows = TicketBlock.objects.filter(ticket__contract=ticket.contract)
    return rows.filter(told_in__written_at__gt=now - wave).exists()


def tell_of_restore(entry: TicketBlock, *, now: datetime) -> int:
    """Write note and mail that say that an address is off the list. Returns 1 when it was news."""
    block = entry.block
    if block.restored_at is None or block.restore_asked_at is None:
        return 0
    with transaction.atomic():
        letter = letterhead(entry.ticket)
        note = texts.restored_note(block.address, others_entry=block.was_there_before)
        add_note(entry.ticket, key=f"restored:{block.pk}", text=note, now=now)
        message = tell(
            entry.ticket,
            key=f"restored:{block.pk}",
            subject=texts.restored_subject(letter, block.address),
            body=texts.restored_mail(
                letter,
                block.address,
                asked_at=block.restore_asked_at,
                restored_at=block.restored_at,
                asked_by=block.restore_asked_by.shown_name if block.restore_asked_by else "SOC",
                others_entry=block.was_there_before,
            ),
            now=now,
        )
        TicketBlock.objects.filter(pk=entry.pk).update(restore_told_in=message)
        _close_when_done(entry.ticket, now)
        describe_blocks(entry.ticket, now=now)
    return 1


def describe_blocks(ticket: Ticket, *, now: datetime) -> bool:
    """Say what was detected, what we did and where the blocks stand, for report and page. Whether that is new."""
    entries = list(ticket.ticket_blocks.select_related("block").order_by("pk"))
    blocks = [entry.block for entry in entries]
    story = whole_story(Block.objects.filter(ticket_block__ticket=ticket))
    attacks = texts.Attacks(
        kinds=[kind.label for kind in story.kinds],
        sites=story.sites,
        blocked=story.blocked,
        passed=story.passed,
        first_at=story.first_at,
        last_at=story.last_at,
    )
    addresses = [block.address for block in blocks]
    return describe(
        ticket,
        now=now,
        detected=texts.detected(attacks, addresses),
        handled=texts.handled(addresses, [block.address for block in blocks if block.restore_asked_at]),
        result=texts.result(_by_state(blocks)),
    )


def _by_state(blocks: Iterable[Block]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for block in blocks:
        found.setdefault(BlockState(block.state).label, []).append(block.address)
    return found


def _close_when_done(ticket: Ticket, now: datetime) -> None:
    """A ticket whose every address is off the list again is done."""
    if not ticket.ticket_blocks.exclude(block__state=BlockState.RESTORED).exists():
        finish(ticket, now=now)

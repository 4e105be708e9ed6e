"""What changes in tickets: opening one for blocked addresses, telling by mail, a customer asking for a restore."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.blacklist import actions as blacklist
from sakimori.blacklist.models import Block, BlockState
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.notify.actions import write_mail
from sakimori.tickets import texts
from sakimori.tickets.models import Note, Ticket, TicketBlock, TicketKind, TicketState
from sakimori.tickets.summary import summarise


def request_restore(entry: TicketBlock, *, by: User, reason: str, now: datetime) -> None:
    """A customer, or an analyst for him, needs the address back. Raises `blacklist.NotPossible`.

    The caller has checked that `by` may do this (`access.check_may_restore`).
    """
    with transaction.atomic():
        blacklist.request_restore(entry.block, by=by, reason=reason, now=now)
        text = f"{by.shown_name} 様から、IPアドレス {entry.block.address} の解除をご依頼いただきました。"
        if reason:
            text += f"\n理由: {reason}"
        add_note(entry.ticket, key=f"restore-asked:{entry.block.pk}", text=text, by=by, now=now)


def add_note(ticket: Ticket, *, key: str, text: str, now: datetime, by: User | None = None) -> Note:
    """Write into a ticket once per key."""
    note, new = Note.objects.get_or_create(key=key, defaults={"ticket": ticket, "at": now, "by": by, "text": text})
    if new:
        Ticket.objects.filter(pk=ticket.pk).update(updated_at=now)
    return note


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
    return len(blocks)


def _ticket_of_wave(contract: Contract, wave: timedelta, now: datetime) -> Ticket | None:
    """A wave lasts as long as addresses keep coming with less than its length between them."""
    recent = TicketBlock.objects.filter(ticket__contract=contract, added_at__gt=now - wave)
    last = recent.select_related("ticket").order_by("-added_at", "-pk").first()
    return last.ticket if last else None


def _open(contract: Contract, first: Block, now: datetime) -> Ticket:
    ticket = Ticket.objects.create(
        contract=contract,
        number=f"pending-{first.pk}",
        kind=TicketKind.BLACKLIST,
        subject=texts.ticket_subject(first.address, others=0),
        opened_at=now,
        updated_at=now,
    )
    ticket.number = f"WSP-{ticket.pk:06d}"
    ticket.save(update_fields=["number"])
    audit.record("ticket.open", by="sakimori", target=f"ticket:{ticket.pk}", now=now, customer=contract.customer)
    return ticket


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
        letter = _letterhead(ticket)
        message = write_mail(
            key=f"blocked:{ticket.number}:{rows[0].pk}",
            customer=ticket.contract.customer,
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
        letter = _letterhead(entry.ticket)
        note = texts.restored_note(block.address, others_entry=block.was_there_before)
        add_note(entry.ticket, key=f"restored:{block.pk}", text=note, now=now)
        message = write_mail(
            key=f"restored:{block.pk}",
            customer=entry.ticket.contract.customer,
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
    return 1


def _close_when_done(ticket: Ticket, now: datetime) -> None:
    """A ticket whose every address is off the list again is done."""
    if not ticket.ticket_blocks.exclude(block__state=BlockState.RESTORED).exists():
        Ticket.objects.filter(pk=ticket.pk).update(state=TicketState.DONE, updated_at=now)


def _letterhead(ticket: Ticket) -> texts.Letterhead:
    config = settings.CONFIG
    return texts.Letterhead(
        service_name=config.service_name,
        customer_name=ticket.contract.customer.name,
        contract_number=ticket.contract.number,
        ticket_number=ticket.number,
        ticket_url=f"{config.base_url}{reverse('portal:ticket', args=[ticket.number])}",
        soc_phone=config.soc_phone,
    )

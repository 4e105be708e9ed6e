"""Notes and mails about addresses that are off the blacklist: at once where somebody asked, else grouped per wave."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.kin import ours_inside
from sakimori.blacklist.models import AskFirst, Block, BlockState, RestoreChannel
from sakimori.blacklist.own_rules import stopped_by_own_rules
from sakimori.customers.models import BlockList, Contract, Customer, VendorAccount
from sakimori.notify.actions import write_mail
from sakimori.notify.models import Message
from sakimori.tickets.blocks import close_when_done, describe_blocks
from sakimori.tickets.models import Ticket, TicketBlock
from sakimori.tickets.opening import add_note, letterhead, tell
from sakimori.tickets.texts import restored as texts

BY_ITSELF = (RestoreChannel.EXPIRY, RestoreChannel.FULL)
_MOST_NAMED = 500
_APIS = {
    BlockList.AUTO: "WAF の管理 API から一覧を読み出して確認",
    BlockList.POLICY: "WAF のポリシー API（policies/v2）から一覧を読み出して確認",
    BlockList.ACL: "WAF のサイト設定 API（prov/v1）から一覧を読み出して確認",
}


def untold_restores() -> QuerySet[TicketBlock]:
    """Restored blocks of which the customer was not told, with what a text about them needs."""
    rows = TicketBlock.objects.filter(
        block__state=BlockState.RESTORED, block__restored_at__isnull=False, restore_told_in=None
    )
    return rows.select_related(
        "ticket__contract__customer", "block__contract__vendor_account", "block__restore_asked_by"
    )


def tell_of_restore(entry: TicketBlock, *, now: datetime) -> int:
    """Write note and mail that say that an address is off the list as somebody asked. Returns 1 when it was news."""
    if entry.block.restored_at is None:
        return 0
    with transaction.atomic():
        letter, told = letterhead(entry.ticket), restored_of(entry.block, now=now)
        add_note(entry.ticket, key=f"restored:{entry.block_id}", text=texts.restored_note(told), now=now)
        message = tell(
            entry.ticket,
            key=f"restored:{entry.block_id}",
            subject=texts.restored_subject(letter, told),
            body=texts.restored_mail(letter, told),
            now=now,
        )
        TicketBlock.objects.filter(pk=entry.pk).update(restore_told_in=message)
        close_when_done(entry.ticket, now=now)
        describe_blocks(entry.ticket, now=now)
    return 1


def tell_of_desk(customer: Customer, *, now: datetime) -> int:
    """Write one mail about all addresses of a customer that an analyst took off of his own accord; nobody asked."""
    with transaction.atomic():
        entries = _entries(customer, (RestoreChannel.DESK,))
        if len(entries) == 1:
            return tell_of_restore(entries[0], now=now)
        return _tell_together(customer, entries, now=now)


def tell_of_expired(customer: Customer, *, wave: timedelta, now: datetime) -> int:
    """Write one mail about all addresses of a customer that came off by themselves, unless the last is too fresh."""
    with transaction.atomic():
        entries = _entries(customer, BY_ITSELF)
        rows = TicketBlock.objects.filter(ticket__contract__customer=customer, block__restore_channel__in=BY_ITSELF)
        if rows.filter(restore_told_in__written_at__gt=now - wave).exists():
            return 0
        return _tell_together(customer, entries, now=now)


def _entries(customer: Customer, channels: Sequence[RestoreChannel]) -> list[TicketBlock]:
    """What is to be told, for one worker at a time: a mail marks what it names."""
    Customer.objects.select_for_update().get(pk=customer.pk)
    rows = untold_restores().filter(ticket__contract__customer=customer, block__restore_channel__in=channels)
    return list(rows.order_by("pk"))


def _tell_together(customer: Customer, entries: Sequence[TicketBlock], *, now: datetime) -> int:
    if not entries:
        return 0
    told = [restored_of(entry.block, now=now, asked=False) for entry in entries]
    first, *others = dict.fromkeys(entry.ticket for entry in entries)
    letter = replace(letterhead(first), others=[letterhead(ticket) for ticket in others])
    message = write_mail(
        key=f"restored-together:{entries[0].block_id}",
        customer=customer,
        subject=texts.expired_subject(letter, len(told)),
        body=texts.expired_mail(letter, told[:_MOST_NAMED], more=len(told[_MOST_NAMED:])),
        now=now,
    )
    TicketBlock.objects.filter(pk__in=[entry.pk for entry in entries]).update(restore_told_in=message)
    for ticket in (first, *others):
        same = [row for row, entry in zip(told, entries, strict=True) if entry.ticket == ticket]
        _note_together(ticket, same, message, now)
    return len(entries)


def restored_of(block: Block, *, now: datetime, asked: bool = True) -> texts.Restored:
    """A restored block as a text tells of it. asked: somebody asked, so all that may be in his way is looked up."""
    covered_by = block.covered_by or (block.address if block.was_there_before else "")
    written_at = block.written_at
    if written_at and block.restore_asked_at and written_at < block.restore_asked_at:
        written_at = None  # Nothing had to be taken off.
    told = texts.Restored(
        address=block.address,
        channel=channel_of(block),
        asked_at=block.restore_asked_at,
        requester=requester_of(block),
        identified=block.restore_identified,
        written_at=written_at,
        restored_at=block.restored_at or now,
        api=_APIS[_list_of(block.contract)],
        covered_by=covered_by,
        covered_by_us=bool(covered_by) and _is_ours(block, covered_by),
        inside=ours_inside(block),
    )
    if not asked:
        return told
    stopped = stopped_by_own_rules(block, now=now)
    days = settings.CONFIG.ask_days if AskFirst.objects.filter(block=block).exists() else 0
    return replace(told, stopped=stopped.requests, stopped_kinds=stopped.kinds, ask_days=days)


def channel_of(block: Block) -> RestoreChannel:
    """How it was asked for. Restores from before that was written down are told by who asked."""
    if block.restore_channel:
        return RestoreChannel(block.restore_channel)
    by = block.restore_asked_by
    return RestoreChannel.PORTAL if by and not by.is_soc else RestoreChannel.DESK


def requester_of(block: Block) -> str:
    """Who asked, by name; the SOC's own people are not named."""
    if block.restore_requester:
        return block.restore_requester
    by = block.restore_asked_by
    return by.shown_name if by and not by.is_soc else "お客様"


def _note_together(ticket: Ticket, told: Sequence[texts.Restored], message: Message, now: datetime) -> None:
    add_note(ticket, key=f"restored-together:{ticket.pk}:{message.pk}", text=texts.expired_note(told), now=now)
    close_when_done(ticket, now=now)
    describe_blocks(ticket, now=now)


def _is_ours(block: Block, covered_by: str) -> bool:
    rows = Block.objects.filter(contract_id=block.contract_id, address=covered_by).exclude(pk=block.pk)
    return rows.filter(state=BlockState.ACTIVE, was_there_before=False).exists()


def _list_of(contract: Contract) -> BlockList:
    account: VendorAccount | None = getattr(contract, "vendor_account", None)
    return BlockList(account.block_list) if account else BlockList.AUTO

"""What tickets does again and again: tell customers of blocks that have become active and of those taken off.

The rows of `blacklist` are the hand-over: a block that is active and in no ticket is news; so is one that is
restored and of which no mail told.
"""

from datetime import datetime, timedelta

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import Contract
from sakimori.tickets.actions import join_ticket, tell_of_blocks, tell_of_restore
from sakimori.tickets.models import Ticket, TicketBlock

_AT_ONCE = 200


def open_tickets(*, wave: timedelta, now: datetime) -> int:
    """Put every newly active block into its customer's ticket of this wave. Returns how many blocks."""
    news = Block.objects.filter(active_at__isnull=False, ticket_block=None)
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

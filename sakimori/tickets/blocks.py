"""Tickets about addresses of attackers: one per wave, with what is blocked, what waits and what was left alone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding
from sakimori.blacklist.stories import whole_story
from sakimori.customers.models import Contract
from sakimori.tickets.models import Listing, Ticket, TicketBlock, TicketFinding, TicketKind, TicketState
from sakimori.tickets.opening import add_note, describe, finish, open_ticket
from sakimori.tickets.texts import blacklist as texts
from sakimori.tickets.texts.reasons import why_left, why_waiting

Row = TypeVar("Row", Block, Finding)
_REFUSAL_COUNTS = timedelta(hours=24)


def listing_of(block: Block) -> Listing:
    """What there is to say of a block: it stands (or stood) on the list, it waits, or it was left off it."""
    if block.state == BlockState.REFUSED:
        return Listing.LEFT
    if block.active_at or block.state in (BlockState.RESTORING, BlockState.RESTORED):
        return Listing.LISTED
    return Listing.WAITING


def join_ticket(contract: Contract, blocks: Iterable[Block], *, wave: timedelta, now: datetime) -> int:
    """Put blocks into the ticket of the running wave, or into a new one. Returns how many joined."""
    with transaction.atomic():
        Contract.objects.select_for_update().get(pk=contract.pk)
        blocks = list(blocks)
        if not blocks:
            return 0
        ticket = _ticket_of_wave(contract, wave, now) or _open(contract, blocks, now)
        TicketBlock.objects.bulk_create(
            TicketBlock(ticket=ticket, block=block, added_at=now, noted_as=listing_of(block)) for block in blocks
        )
        _note(ticket, blocks, now)
        _settle(ticket, now)
    return len(blocks)


def join_findings(contract: Contract, findings: Iterable[Finding], *, wave: timedelta, now: datetime) -> int:
    """Put findings whose address the guard refused into a ticket: the one that tells of that address already, the
    running wave's, or a new one. Returns how many joined.
    """
    with transaction.atomic():
        Contract.objects.select_for_update().get(pk=contract.pk)
        told = _tickets_by_refused_address(contract, now)
        rows = list(findings)
        fresh = [row for row in rows if row.address not in told]
        if fresh:
            ticket = _ticket_of_wave(contract, wave, now) or _open(contract, [], now)
            told |= {row.address: ticket for row in fresh}
        TicketFinding.objects.bulk_create(
            TicketFinding(ticket=told[row.address], finding=row, added_at=now) for row in rows
        )
        if fresh:
            reasons = _grouped(fresh, lambda row: why_left(row.reason))
            add_note(ticket, key=f"left-findings:{fresh[0].pk}", text=texts.left_note(reasons), now=now)
            _settle(ticket, now)
    return len(rows)


def follow_decisions(ticket: Ticket, *, now: datetime) -> int:
    """Write into a ticket what became of addresses that waited. Returns of how many that was news."""
    with transaction.atomic():
        waiting = TicketBlock.objects.select_for_update().filter(ticket=ticket, noted_as=Listing.WAITING)
        entries = list(waiting.select_related("block").order_by("pk"))
        decided = [entry for entry in entries if listing_of(entry.block) != Listing.WAITING]
        if not decided:
            return 0
        for entry in decided:
            entry.noted_as = listing_of(entry.block)
        TicketBlock.objects.bulk_update(decided, ["noted_as"])
        _note(ticket, [entry.block for entry in decided], now)
        _settle(ticket, now)
    return len(decided)


def describe_blocks(ticket: Ticket, *, now: datetime) -> bool:
    """Say what was detected, what we did and where the blocks stand, for report and page. Whether that is new."""
    return _describe(ticket, _blocks(ticket), now)


def _describe(ticket: Ticket, blocks: Sequence[Block], now: datetime) -> bool:
    found = _addresses(ticket, blocks)
    story = whole_story(findings_of(ticket))
    attacks = texts.Attacks(
        kinds=[kind.label for kind in story.kinds],
        sites=story.sites,
        blocked=story.blocked,
        passed=story.passed,
        first_at=story.first_at,
        last_at=story.last_at,
    )
    return describe(
        ticket,
        now=now,
        detected=texts.detected(attacks, found.all),
        handled=texts.handled(found, [block.address for block in blocks if block.restore_asked_by_id]),
        result=texts.result(_grouped(blocks, lambda block: BlockState(block.state).label)),
    )


def findings_of(ticket: Ticket) -> QuerySet[Finding]:
    """What was found of all addresses that a ticket tells of."""
    blocks = TicketBlock.objects.filter(ticket=ticket).values("block")
    refused = TicketFinding.objects.filter(ticket=ticket).values("finding")
    return Finding.objects.filter(Q(block__in=blocks) | Q(pk__in=refused))


def close_when_done(ticket: Ticket, *, now: datetime) -> None:
    """A ticket of which every address is off the list again, or never came on it, is done."""
    if not ticket.ticket_blocks.exclude(block__state__in=CLOSED_STATES).exists():
        finish(ticket, now=now)


def _ticket_of_wave(contract: Contract, wave: timedelta, now: datetime) -> Ticket | None:
    """A wave lasts as long as addresses keep coming with less than its length between them."""
    for rows in (TicketBlock.objects, TicketFinding.objects):
        recent = rows.filter(ticket__contract=contract, added_at__gt=now - wave).select_related("ticket")
        if last := recent.order_by("-added_at", "-pk").first():
            return last.ticket
    return None


def _tickets_by_refused_address(contract: Contract, now: datetime) -> dict[str, Ticket]:
    """Addresses of which a ticket tells that the guard refused them. That counts a day, as an analyst's no does."""
    rows = TicketFinding.objects.filter(ticket__contract=contract, added_at__gt=now - _REFUSAL_COUNTS)
    return {row.finding.address: row.ticket for row in rows.select_related("ticket", "finding").order_by("pk")}


def _open(contract: Contract, blocks: Sequence[Block], now: datetime) -> Ticket:
    subject = texts.ticket_subject(_sorted_out(blocks)) if blocks else ""
    return open_ticket(contract, kind=TicketKind.BLACKLIST, subject=subject, now=now)[0]


def _note(ticket: Ticket, blocks: Sequence[Block], now: datetime) -> None:
    """One note for each thing that there is to say of these blocks."""
    by_listing: dict[Listing, list[Block]] = {}
    for block in blocks:
        by_listing.setdefault(listing_of(block), []).append(block)
    for listing, some in by_listing.items():
        add_note(ticket, key=f"{_NOTE_KEYS[listing]}:{some[0].pk}", text=_note_text(listing, some), now=now)


_NOTE_KEYS = {Listing.LISTED: "blocked", Listing.WAITING: "waiting", Listing.LEFT: "left"}


def _note_text(listing: Listing, blocks: Sequence[Block]) -> str:
    if listing == Listing.LISTED:
        return texts.opened_note([block.address for block in blocks])
    if listing == Listing.WAITING:
        return texts.waiting_note(_grouped(blocks, lambda block: why_waiting(block.state, block.reason)))
    return texts.left_note(_grouped(blocks, lambda block: why_left(block.reason)))


def _settle(ticket: Ticket, now: datetime) -> None:
    """Subject, state and texts after a change: open while an address is on the list or waits."""
    blocks = _blocks(ticket)
    subject = texts.ticket_subject(_addresses(ticket, blocks))
    Ticket.objects.filter(pk=ticket.pk).update(subject=subject, state=TicketState.OPEN)
    close_when_done(ticket, now=now)
    _describe(ticket, blocks, now)


def _blocks(ticket: Ticket) -> list[Block]:
    """All blocks of a ticket, in the order in which they joined, with the few columns that its texts need."""
    rows = Block.objects.filter(ticket_block__ticket=ticket).order_by("ticket_block__pk")
    return list(rows.only("address", "state", "active_at", "restore_asked_by_id"))


def _addresses(ticket: Ticket, blocks: Sequence[Block]) -> texts.Addresses:
    refused = ticket.ticket_findings.order_by("pk").values_list("finding__address", flat=True)
    return _sorted_out(blocks, left=list(dict.fromkeys(refused)))


def _sorted_out(blocks: Sequence[Block], *, left: Sequence[str] = ()) -> texts.Addresses:
    def of(listing: Listing) -> list[str]:
        return [block.address for block in blocks if listing_of(block) == listing]

    return texts.Addresses(listed=of(Listing.LISTED), waiting=of(Listing.WAITING), left=[*of(Listing.LEFT), *left])


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[str]]:
    """Addresses by what `key` says of them."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row.address)
    return found

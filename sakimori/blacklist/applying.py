"""Carries decided blocks to the vendor's lists and proves it: read, plan, write down the intent, write, read back.

One writer per vendor account at a time (the claim on its row). A crash at any point leaves rows from which the next
round goes on by reading the lists first; nothing is written twice on a guess.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from sakimori.blacklist.capacity import NO_ROOM, Room, limit_of, make_room, note_full, tell_fill
from sakimori.blacklist.coverage import note_covered
from sakimori.blacklist.last_moment import NEVER_WRITTEN, close, refuse_forbidden, without_forbidden
from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.lists import Lists, check_of, lists_for, read
from sakimori.blacklist.models import Block, BlockState, ListCheck, RestoreChannel
from sakimori.blacklist.moves import move
from sakimori.blacklist.pacing import adds_rest, charge, rest
from sakimori.blacklist.plan import Plan, make
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.standing import DUE_STATES, entries_of, note_ours, still_as_wide, witnesses
from sakimori.blacklist.stop import may_be_written, unless_stopped
from sakimori.blacklist.troubles import stored_words, tell_of_error
from sakimori.blacklist.untaken import note_untaken
from sakimori.blacklist.writing import Change, Written, write
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.waf.interface import BlacklistView, WafDoubtful, WafError, WafRefused, WafVendor

_RETRY = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=5)
_NO_ROOM_PAUSE = timedelta(minutes=5)
_AT_ONCE = 500
_BESIDE_RESTORES = 50
_NO_SITE = "対象のサイトが WAF のアカウントにありません。"
_LEAVE_NO_SITE = Leave(RestoreChannel.DESK, _NO_SITE, action="block.restore.no_site")


@dataclass(slots=True)
class _Round:
    """One contract's work: its due blocks, and the lists that they need. seen: what was written last before it.

    views: what was read last.
    """

    contract: Contract
    vendor: WafVendor
    due: list[Block]
    seen: list[Block]
    lists: Lists
    check: ListCheck | None
    clock: Callable[[], datetime]
    views: Mapping[int, BlacklistView]


def apply(contract: Contract, open_vendor: Callable[[], WafVendor], *, clock: Callable[[], datetime]) -> int:
    """Work off the due blocks of one contract. The caller holds the claim. Returns how many blocks it looked at.

    From the day of cancellation on nothing new is put on the list; what was asked to be taken off still is.
    No `WafError` leaves, also not one of `open_vendor`: one contract's trouble must not keep others waiting.
    """
    ended = not contract.runs_on(day_of(clock()))
    if ended:
        _give_up(Block.objects.filter(contract=contract, state=BlockState.APPROVED), clock())
    due = _due(contract, clock())
    refused = refuse_forbidden(contract, due, now=clock())
    due = [block for block in due if block.pk not in refused]
    if not due:
        return 0
    try:
        vendor = open_vendor()
        before = vendor.calls_made()
        try:
            _work_off(_round(contract, due, vendor, clock), ended=ended)
        finally:
            charge(contract, vendor.calls_made() - before, now=clock())
    except WafError as error:
        _failed(contract, due, error, clock())
    return len(due)


def _round(contract: Contract, due: list[Block], vendor: WafVendor, clock: Callable[[], datetime]) -> _Round:
    check = check_of(contract)
    seen = witnesses(contract, now=clock())
    gone = check.gone_sites if check else ()
    found = lists_for(contract, [*due, *seen], gone=gone, of_sites=vendor.has_site_lists())
    return _Round(contract, vendor, due, seen, found, check, clock, {})


def _work_off(work: _Round, *, ended: bool) -> None:
    _fail_without_site(work)
    plan = _read_and_prove(work, work.due)
    if plan.stale:
        _wait(work.due, "the vendor's list is an old copy", work.clock())
        return
    plan = without_forbidden(work.contract, unless_stopped(plan, now=work.clock()), now=work.clock())
    plan = _without_adding(plan, work.clock()) if ended else _with_room(work, plan)
    if plan.add or plan.remove:
        written = _write(work, plan)
        _read_and_prove(work, list(_again(work.due)))
        _wait(_still_open(work.due), "not yet seen in the vendor's list", work.clock())
        _note(work, written)
    _tell_fill(work)


def _fail_without_site(work: _Round) -> None:
    """What is meant only for sites that the account does not have can be put nowhere.

    What was written once comes off: its entry may stand, and would come back to life with the site.
    """
    lost = [b.pk for b in work.due if b.only_sites and not any(work.lists.targets[n].site_ids for n in b.only_sites)]
    rows = Block.objects.filter(pk__in=lost, state__in=DUE_STATES, wanted_on_list=True)
    move(rows.filter(NEVER_WRITTEN), BlockState.FAILED, now=work.clock(), last_error=_NO_SITE)
    begin_restores(rows.exclude(NEVER_WRITTEN), _LEAVE_NO_SITE, now=work.clock())


def _without_adding(plan: Plan, now: datetime) -> Plan:
    """A write that began before the contract ended and that the list does not show everywhere is not made again."""
    _give_up(Block.objects.filter(pk__in=plan.add, wanted_on_list=True, state__in=DUE_STATES), now)
    return replace(plan, add=())


def _give_up(blocks: QuerySet[Block], now: datetime) -> None:
    close(blocks, Reason.CONTRACT_ENDED, now=now)


def _due(contract: Contract, now: datetime) -> list[Block]:
    """Restores first: somebody waits for them. Beside them only a few are added, the others with the next round."""
    rows = may_be_written(Block.objects.filter(contract=contract, state__in=DUE_STATES, next_try_at__lte=now))
    rows = rows.order_by("next_try_at", "pk")
    leaving = list(rows.filter(wanted_on_list=False)[:_AT_ONCE])
    if adds_rest(contract, now=now):
        return leaving
    return leaving + list(rows.filter(wanted_on_list=True)[: _BESIDE_RESTORES if leaving else _AT_ONCE])


def _again(due: Collection[Block]) -> QuerySet[Block]:
    return Block.objects.filter(pk__in=[block.pk for block in due], state__in=DUE_STATES)


def _still_open(due: Collection[Block]) -> list[Block]:
    return list(_again(due).exclude(state=BlockState.APPROVED))


def _read_and_prove(work: _Round, due: Collection[Block]) -> Plan:
    work.views = read(work.vendor, work.lists.targets)
    now = work.clock()
    entries = entries_of(due, work.seen, work.lists)
    plan = make(entries, work.views, now=now)
    if plan.stale:
        return plan
    _note_foreign(due, plan)
    _prove(still_as_wide(plan.active, entries, work.lists), wanted=True, now=now)
    # Before they are restored: then the customer is told at once.
    note_covered(plan.restored, frozenset().union(*(view.somewhere for view in work.views.values())))
    _prove(plan.restored, wanted=False, now=now)
    return plan


def _note_foreign(due: Collection[Block], plan: Plan) -> None:
    """Whether an entry of somebody else stands on one of their lists too, as was just read."""
    Block.objects.filter(pk__in=plan.foreign, was_there_before=False).update(was_there_before=True)
    others = {block.pk for block in due} - set(plan.foreign)
    rows = Block.objects.filter(pk__in=others, was_there_before=True, ours_on__isnull=False)
    rows.update(was_there_before=False)


def _prove(keys: Collection[int], *, wanted: bool, now: datetime) -> None:
    """The list shows it: the blocks are active, or restored. A block that changed its mind meanwhile is left alone."""
    rows = Block.objects.filter(pk__in=keys, wanted_on_list=wanted, state__in=DUE_STATES)
    if wanted:
        move(rows, BlockState.ACTIVE, now=now, active_at=now, last_error="", attempts=0, missing_since=None)
    else:
        move(rows, BlockState.RESTORED, now=now, restored_at=now, last_error="", attempts=0, missing_since=None)


def _with_room(work: _Round, plan: Plan) -> Plan:
    """Let go of the longest silent entries where a list is full; what finds no room all the same has to wait."""
    limit, now = limit_of(work.check, work.clock()), work.clock()
    blocks = {block.pk: block for block in Block.objects.filter(pk__in=(*plan.add, *plan.remove))}
    for number, view in work.views.items():
        adding = [key for key in plan.add if _lacks(work, number, blocks[key])]
        removing = [key for key in plan.remove if number in work.lists.ours(blocks[key])]
        # A list that holds more than the limit has shown that it can: nobody leaves for a number entered too low.
        holds = max(limit, view.condition.entries)
        lacking = view.condition.entries + len(adding) - len(removing) - holds
        if not adding or lacking <= 0:
            continue
        leaving = make_room(work.contract, work.lists, number, lacking, now=now)
        work.due += leaving
        late = set(sorted(adding)[max(0, len(adding) - (lacking - len(leaving))) :])
        _let_wait(late, now)
        room = Room(entries=view.condition.entries, limit=limit)
        tell_fill(work.contract, room, leaving=len(leaving), now=now)
        plan = replace(
            plan,
            add=tuple(key for key in plan.add if key not in late),
            remove=(*plan.remove, *(block.pk for block in leaving)),
        )
        blocks |= {block.pk: block for block in leaving}
    return plan


def _lacks(work: _Round, number: int, block: Block) -> bool:
    return number in work.lists.alive(block) and block.address not in work.views[number].everywhere


def _let_wait(keys: Collection[int], now: datetime) -> None:
    rows = Block.objects.filter(pk__in=keys, state__in=DUE_STATES)
    rows.update(next_try_at=now + _NO_ROOM_PAUSE, last_error=NO_ROOM)


def _write(work: _Round, plan: Plan) -> Written:
    """Write down the intent, then write."""
    now = work.clock()
    mine = Block.objects.filter(contract=work.contract, state__in=DUE_STATES)
    with transaction.atomic():
        adding = mine.filter(pk__in=plan.add, wanted_on_list=True)
        added = move(adding, BlockState.APPLYING, now=now, written_at=now, applying_at=now)
        note_ours(added, work.lists, work.views)
        removing = mine.filter(pk__in=plan.remove, wanted_on_list=False)
        removed = move(removing, BlockState.RESTORING, now=now, written_at=now)
    written = write(work.vendor, work.lists.targets, _changes(work, added, removed))
    note_untaken(added, written, work.lists, work.views, now=work.clock())
    return written


def _changes(work: _Round, added: Collection[Block], removed: Collection[Block]) -> dict[int, Change]:
    """Each list is to get only what it lacks, and to lose only what is ours."""
    found: dict[int, Change] = {}
    for number, view in work.views.items():
        adding = {block.address for block in added if number in work.lists.alive(block)} - view.everywhere
        removing = frozenset(block.address for block in removed if number in work.lists.ours(block))
        found[number] = Change(frozenset(adding), removing, standing=view.somewhere & adding)
    return {number: change for number, change in found.items() if change.add or change.remove}


def _note(work: _Round, written: Written) -> None:
    for number in written.full:
        note_full(work.contract, work.views[number].condition.entries, now=work.clock())
    for error in list(written.refused.values())[-1:]:
        tell_of_error(work.contract, error, 1, work.clock())


def _tell_fill(work: _Round) -> None:
    """With what the list holds now; a list that is full already says so when something has to leave."""
    fullest = max((view.condition.entries for view in work.views.values()), default=0)
    check = check_of(work.contract)
    room = Room(entries=fullest, limit=limit_of(check, work.clock()))
    if room.percent >= 80 or (check is not None and check.told_fill):
        tell_fill(work.contract, room, now=work.clock())


def _wait(blocks: Collection[Block], why: str, now: datetime) -> None:
    Block.objects.filter(pk__in=[block.pk for block in blocks], state__in=DUE_STATES).update(
        next_try_at=now + _RETRY, last_error=why
    )


def _failed(contract: Contract, due: Collection[Block], error: WafError, now: datetime) -> None:
    attempts = max(block.attempts for block in due) + 1
    pause = timedelta(seconds=error.retry_after_seconds) if error.retry_after_seconds else _pause(attempts)
    rows = Block.objects.filter(pk__in=[block.pk for block in due], state__in=DUE_STATES)
    rows.update(attempts=F("attempts") + 1, next_try_at=now + pause, last_error=stored_words(error))
    if isinstance(error, WafDoubtful):
        written = rows.filter(state__in=(BlockState.APPLYING, BlockState.RESTORING))
        move(written, BlockState.UNKNOWN, now=now, next_try_at=now + _RETRY)
    if error.retry_after_seconds:
        rest(contract, until=now + pause, now=now)
    if isinstance(error, WafRefused):
        ListCheck.objects.filter(contract=contract).update(next_at=now)  # Somebody looks what has become of it.
    tell_of_error(contract, error, attempts, now)


def _pause(attempts: int) -> timedelta:
    doubled: timedelta = _RETRY * 2 ** min(attempts - 1, 20)
    return min(doubled, _LONGEST_PAUSE)

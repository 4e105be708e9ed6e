"""Carries decided blocks to the vendor's list and proves it: read, plan, write down the intent, write, read back.

One writer per vendor account at a time (the claim on its row). A crash at any point leaves rows from which the next
round goes on by reading the list first; nothing is written twice on a guess.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from sakimori.blacklist.last_moment import refuse_forbidden
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.moves import move
from sakimori.blacklist.plan import SETTLING_TIME, Entry, Plan, make
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.lib.jst import day_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity
from sakimori.waf.interface import BlockTarget, WafDoubtful, WafError, WafRefused, WafUnauthorised, WafVendor

DUE_STATES = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)
_RETRY = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=5)
_ALARM_AFTER_ATTEMPTS = 3
_AT_ONCE = 500


def apply(contract: Contract, open_vendor: Callable[[], WafVendor], *, clock: Callable[[], datetime]) -> int:
    """Work off the due blocks of one contract. The caller holds the claim. Returns how many blocks it looked at.

    From the day of cancellation on nothing new is put on the list; what was asked to be taken off still is.
    No `WafError` leaves, also not one of `open_vendor`: one contract's trouble must not keep others waiting.
    """
    ended = not contract.runs_on(day_of(clock()))
    if ended:
        _give_up(Block.objects.filter(contract=contract, state=BlockState.APPROVED), clock())
    due = list(_due(contract, clock())[:_AT_ONCE])
    refused = refuse_forbidden(contract, due, now=clock())
    due = [block for block in due if block.pk not in refused]
    if not due:
        return 0
    target = BlockTarget(policy_name=f"Sakimori {contract.number}", site_ids=site_ids(contract))
    try:
        vendor = open_vendor()
        plan = _read_and_prove(contract, vendor, target, due, clock)
        if ended and not plan.stale:
            plan = _without_adding(plan, clock())
        if plan.stale:
            _wait(due, "the vendor's list is an old copy", clock())
        elif plan.add or plan.remove:
            refusal = _write(contract, vendor, target, plan, clock)
            _read_and_prove(contract, vendor, target, list(_again(due)), clock)
            _wait(_still_open(due), "not yet seen in the vendor's list", clock())
            if refusal is not None:
                _alarm(contract, refusal, 1, clock())
    except WafError as error:
        _failed(contract, due, error, clock())
    return len(due)


def _without_adding(plan: Plan, now: datetime) -> Plan:
    """A write that began before the contract ended and that the list does not show is not made again."""
    _give_up(Block.objects.filter(pk__in=plan.add, wanted_on_list=True, state__in=DUE_STATES), now)
    return replace(plan, add=())


def _give_up(blocks: QuerySet[Block], now: datetime) -> None:
    move(blocks, BlockState.REFUSED, now=now, reason=Reason.CONTRACT_ENDED, decided_at=now)


def _due(contract: Contract, now: datetime) -> QuerySet[Block]:
    rows = Block.objects.filter(contract=contract, state__in=DUE_STATES, next_try_at__lte=now)
    return rows.order_by("next_try_at", "pk")


def _again(due: Collection[Block]) -> QuerySet[Block]:
    return Block.objects.filter(pk__in=[block.pk for block in due], state__in=DUE_STATES)


def _still_open(due: Collection[Block]) -> list[Block]:
    return list(_again(due).exclude(state=BlockState.APPROVED))


def _read_and_prove(
    contract: Contract,
    vendor: WafVendor,
    target: BlockTarget,
    due: Collection[Block],
    clock: Callable[[], datetime],
) -> Plan:
    view = vendor.read_blacklist(target)
    now = clock()
    plan = make(_entries(contract, due, now), view, now=now)
    if plan.stale:
        return plan
    Block.objects.filter(pk__in=plan.foreign).update(was_there_before=True)
    _prove(plan.active, wanted=True, now=now)
    _prove(plan.restored, wanted=False, now=now)
    return plan


def _entries(contract: Contract, due: Collection[Block], now: datetime) -> list[Entry]:
    keys = {block.pk for block in due}
    recent = Q(pk__in=keys) | Q(contract=contract, written_at__gt=now - SETTLING_TIME)
    return [
        Entry(
            key=block.pk,
            address=block.address,
            state=block.state,
            wanted=block.wanted_on_list,
            was_there_before=block.was_there_before,
            was_active=block.active_at is not None,
            written_at=block.written_at,
            removal_written=_removal_written(block),
            due=block.pk in keys and block.state in DUE_STATES,
        )
        for block in Block.objects.filter(recent)
    ]


def _removal_written(block: Block) -> bool:
    asked, written = block.restore_asked_at, block.written_at
    return asked is not None and written is not None and written >= asked


def _prove(keys: Collection[int], *, wanted: bool, now: datetime) -> None:
    """The list shows it: the blocks are active, or restored. A block that changed its mind meanwhile is left alone."""
    rows = Block.objects.filter(pk__in=keys, wanted_on_list=wanted, state__in=DUE_STATES)
    if wanted:
        move(rows, BlockState.ACTIVE, now=now, active_at=now, last_error="", attempts=0)
    else:
        move(rows, BlockState.RESTORED, now=now, restored_at=now, last_error="", attempts=0)


def _write(
    contract: Contract, vendor: WafVendor, target: BlockTarget, plan: Plan, clock: Callable[[], datetime]
) -> WafRefused | None:
    """Write down the intent, then write. Returns the vendor's word when it took some addresses and not others."""
    now = clock()
    mine = Block.objects.filter(contract=contract, state__in=DUE_STATES)
    with transaction.atomic():
        adding = mine.filter(pk__in=plan.add, wanted_on_list=True)
        added = move(adding, BlockState.APPLYING, now=now, written_at=now, applying_at=now)
        removing = mine.filter(pk__in=plan.remove, wanted_on_list=False)
        removed = move(removing, BlockState.RESTORING, now=now, written_at=now)
    add = frozenset(block.address for block in added)
    remove = frozenset(block.address for block in removed)
    try:
        vendor.change_blacklist(target, add=add, remove=remove)
    except WafUnauthorised:
        raise
    except WafRefused as error:
        if len(add) + len(remove) > 1:
            return _write_one_by_one(contract, vendor, target, add=add, remove=remove, clock=clock)
        if remove:
            raise
        _fail(contract, add, error, clock())
        return error
    return None


def _write_one_by_one(
    contract: Contract,
    vendor: WafVendor,
    target: BlockTarget,
    *,
    add: frozenset[str],
    remove: frozenset[str],
    clock: Callable[[], datetime],
) -> WafRefused | None:
    """The vendor refused the whole: one address that it does not like must not keep the others back."""
    if remove:
        vendor.change_blacklist(target, add=frozenset(), remove=remove)
    refusal: WafRefused | None = None
    for address in sorted(add):
        try:
            vendor.change_blacklist(target, add=frozenset({address}), remove=frozenset())
        except WafUnauthorised:
            raise
        except WafRefused as error:
            refusal = error
            _fail(contract, {address}, error, clock())
    return refusal


def _fail(contract: Contract, addresses: Collection[str], error: WafRefused, now: datetime) -> None:
    """The vendor said no, so nothing was written: whoever puts the address on the list later, it is not ours."""
    rows = Block.objects.filter(contract=contract, address__in=addresses, state=BlockState.APPLYING)
    move(rows, BlockState.FAILED, now=now, written_at=None, last_error=_words(error))


def _wait(blocks: Collection[Block], why: str, now: datetime) -> None:
    Block.objects.filter(pk__in=[block.pk for block in blocks], state__in=DUE_STATES).update(
        next_try_at=now + _RETRY, last_error=why
    )


def _failed(contract: Contract, due: Collection[Block], error: WafError, now: datetime) -> None:
    attempts = max(block.attempts for block in due) + 1
    pause = timedelta(seconds=error.retry_after_seconds) if error.retry_after_seconds else _pause(attempts)
    rows = Block.objects.filter(pk__in=[block.pk for block in due], state__in=DUE_STATES)
    rows.update(attempts=F("attempts") + 1, next_try_at=now + pause, last_error=_words(error))
    if isinstance(error, WafDoubtful):
        written = rows.filter(state__in=(BlockState.APPLYING, BlockState.RESTORING))
        move(written, BlockState.UNKNOWN, now=now, next_try_at=now + _RETRY)
    _alarm(contract, error, attempts, now)


def _alarm(contract: Contract, error: WafError, attempts: int, now: datetime) -> None:
    if error.retryable and attempts < _ALARM_AFTER_ATTEMPTS:
        return
    if isinstance(error, WafUnauthorised):
        what = "API キーが無効、または権限がありません"
    elif isinstance(error, WafRefused):
        what = "WAF が登録または解除を受け付けませんでした"
    else:
        what = "WAF の API に接続できません。自動で再試行しています"
    raise_alarm(
        key=f"waf-api:{contract.pk}:{type(error).__name__}",
        severity=Severity.HIGH,
        sentence=f"{contract.customer.name}（契約 {contract.number}）: {what}。",
        link="/console/",
        now=now,
    )


def _pause(attempts: int) -> timedelta:
    doubled: timedelta = _RETRY * 2 ** min(attempts - 1, 20)
    return min(doubled, _LONGEST_PAUSE)


def _words(error: WafError) -> str:
    return f"{type(error).__name__}: {error}"[:300]

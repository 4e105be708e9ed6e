"""What an analyst decides about an entry of ours that somebody took off the vendor's list by hand.

And what he enters about the list itself. Each is atomic, audited, and safe to run twice.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.leaving import Leave, begin_restores
from sakimori.blacklist.models import Block, BlockState, ListCheck, RestoreChannel
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of

REMOVED_BY_HAND = "WAF の管理画面で削除されていたため、解除済みとしました。"


def put_back(block: Block, *, by: User, now: datetime) -> None:
    """登録し直す: as a new decision, written and read back like any other.

    What was ours stays ours: on another list our entry may still stand.
    """
    with transaction.atomic():
        row = _missing(block)
        if row is None:
            return
        if not row.contract.runs_on(day_of(now)):
            raise NotPossible("契約が解約日を迎えているため、登録し直せません。")
        row.state, row.missing_since = BlockState.APPROVED, None
        if row.was_there_before and row.ours_on is None:
            row.ours_on = []
        row.was_there_before = False  # What is read next tells whether an entry of somebody else is left.
        row.first_hit_at, row.last_passed_at = None, None  # Its effect is to be measured anew.
        row.attempts, row.next_try_at, row.last_error = 0, now, ""
        row.save()
        _record(row, "block.put_back", by, now)


def accept_removal(block: Block, *, by: User, now: datetime) -> None:
    """解除済みにする: a restore like any other, proven by reading; before the next block of it somebody is asked."""
    with transaction.atomic():
        row = _missing(block)
        if row is None:
            return
        why = Leave(RestoreChannel.DESK, REMOVED_BY_HAND, by=by, action="block.removal_accepted")
        begin_restores(Block.objects.filter(pk=row.pk), why, now=now)


def put_all_back(blocks: Iterable[Block], *, by: User, now: datetime) -> int:
    """The same for many, as after a deleted policy. Returns how many."""
    number = 0
    for block in blocks:
        put_back(block, by=by, now=now)
        number += 1
    return number


def enter_limit(contract: Contract, limit: int | None, *, by: User, now: datetime) -> None:
    """How many entries the account's list can hold; None: the setting holds."""
    with transaction.atomic():
        check, _ = ListCheck.objects.get_or_create(contract=contract, defaults={"next_at": now})
        if check.limit == limit and check.observed_limit is None:
            return
        ListCheck.objects.filter(pk=check.pk).update(limit=limit, observed_limit=None, observed_at=None)
        details = {"limit": limit if limit is not None else ""}
        audit.record_of(contract, "list.limit", by=by.username, now=now, details=details)


def compare_now(contract: Contract, *, by: User, now: datetime) -> None:
    """今すぐ照合する."""
    ListCheck.objects.update_or_create(contract=contract, defaults={"next_at": now})
    audit.record_of(contract, "list.compare", by=by.username, now=now)


def _missing(block: Block) -> Block | None:
    """None if somebody has decided already."""
    row = Block.objects.select_for_update().select_related("contract__customer").get(pk=block.pk)
    return row if row.state == BlockState.ACTIVE and row.missing_since is not None else None


def _record(row: Block, action: str, by: User, now: datetime) -> None:
    audit.record(
        action,
        by=by.username,
        target=f"block:{row.pk}",
        now=now,
        customer=row.contract.customer,
        details={"address": row.address},
    )

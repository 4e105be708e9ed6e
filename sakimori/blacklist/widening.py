"""An analyst lets a block that holds for some sites only hold for one more, where a doubtful attack was seen there."""

from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.blacklist import reach
from sakimori.blacklist.actions import NotPossible, check_may_be_listed
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason

_NOT_WIDENED = (*CLOSED_STATES, BlockState.RESTORING)


def block_elsewhere(finding: Finding) -> Block | None:
    """The open block of the finding's address that does not hold for its site, while an analyst is asked about it."""
    if finding.state != FindingState.ASK or finding.block_id is not None or finding.site is None:
        return None
    blocks = Block.objects.filter(contract=finding.contract_id, address=finding.address).exclude(state__in=_NOT_WIDENED)
    block = blocks.select_related("contract__customer").first()
    return None if block is None or reach.covers(block, finding.site) else block


def widen(finding: Finding, *, by: User, now: datetime) -> None:
    """Let the block hold for the finding's site too, and the finding belong to it. A second time changes nothing."""
    with transaction.atomic():
        row = Finding.objects.select_for_update().select_related("contract", "site").get(pk=finding.pk)
        if row.block_id is not None:
            return
        same = Block.objects.filter(contract=row.contract_id, address=row.address)
        list(same.select_for_update())  # Nobody else moves it meanwhile.
        block = block_elsewhere(row)
        if block is None:
            raise NotPossible("このアドレスは遮断中ではないか、すでにこのサイトも対象です。")
        check_may_be_listed(row.contract, row.address, now=now)
        reach.extend(block, row.site, Decision(Outcome.BLOCK, Reason.APPROVED), now=now, by=by.username)
        row.block = block
        row.state = FindingState.ASK if block.state == BlockState.PROPOSED else FindingState.BLOCK
        row.save(update_fields=["block", "state"])

"""What people change in blacklist: approve, refuse, dismiss, ask for a restore. Each is atomic, audited, repeatable.

Nothing here speaks to the vendor. A changed state is found by a duty (`duties.py`), which does.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.blacklist.models import AskFirst, Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit
from sakimori.lib.jst import day_of

ASKED_FROM_OUTSIDE = (RestoreChannel.PHONE, RestoreChannel.MAIL)


class NotPossible(Exception):
    """The block is not in a state in which this can be done. The text is a Japanese sentence for the person."""


def approve(block: Block, *, by: User, now: datetime) -> None:
    """An analyst says yes to a proposed block, or wants a failed one tried again."""
    allowed = (BlockState.PROPOSED, BlockState.FAILED)
    with transaction.atomic():
        row = _locked(block)
        if row.state in (BlockState.APPROVED, BlockState.APPLYING, BlockState.ACTIVE):
            return
        if row.state not in allowed:
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、承認できません。")
        if not row.contract.runs_on(day_of(now)):
            raise NotPossible("契約が解約日を迎えているため、承認できません。")
        _decide(row, BlockState.APPROVED, Reason.APPROVED, by, now)
        row.findings.update(state=FindingState.BLOCK)


def refuse(block: Block, *, by: User, now: datetime) -> None:
    """An analyst says no to a proposed or failed block."""
    with transaction.atomic():
        row = _locked(block)
        if row.state == BlockState.REFUSED:
            return
        if row.state not in (BlockState.PROPOSED, BlockState.FAILED):
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、却下できません。")
        _decide(row, BlockState.REFUSED, Reason.REFUSED_BY_ANALYST, by, now)
        row.findings.update(state=FindingState.DISMISSED)


def dismiss(finding: Finding, *, by: User, now: datetime) -> None:
    """An analyst has looked at a finding that is about no block, and nothing is to be done."""
    with transaction.atomic():
        row = Finding.objects.select_for_update().select_related("contract__customer").get(pk=finding.pk)
        if row.state == FindingState.DISMISSED:
            return
        if row.state != FindingState.ASK or row.block_id is not None:
            raise NotPossible(f"この検知は「{row.get_state_display()}」のため、確認済みにできません。")
        row.state = FindingState.DISMISSED
        row.save(update_fields=["state"])
        audit.record(
            "finding.dismiss", by=by.username, target=f"finding:{row.pk}", now=now, customer=row.contract.customer
        )


def request_restore(
    block: Block,
    *,
    by: User,
    reason: str,
    now: datetime,
    channel: RestoreChannel = RestoreChannel.DESK,
    requester: str = "",
    identified: str = "",
) -> None:
    """Somebody needs the address: take it off the list, and ask before blocking it again.

    A second request for the same block changes nothing. Asked for by phone or mail, it is taken only with the name
    of who asked and how he was identified.
    """
    if channel in ASKED_FROM_OUTSIDE and not (requester.strip() and identified.strip()):
        raise NotPossible("お電話またはメールでのご依頼には、依頼者と本人確認の方法の記入が必要です。")
    with transaction.atomic():
        row = _locked(block)
        if row.state in (BlockState.RESTORING, BlockState.RESTORED) or not row.wanted_on_list:
            return
        if row.state not in (BlockState.ACTIVE, BlockState.UNKNOWN, BlockState.APPLYING, BlockState.APPROVED):
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、解除できません。")
        row.restore_requester, row.restore_identified = requester[:100], identified[:200]
        begin_restore(row, by=by, reason=reason, channel=channel, now=now)


def begin_restore(row: Block, *, by: User, reason: str, channel: RestoreChannel, now: datetime) -> None:
    """Start the way off the list for a row that the caller has locked and looked at."""
    row.state = BlockState.RESTORING
    row.wanted_on_list = False
    row.restore_asked_at, row.restore_asked_by, row.restore_reason = now, by, reason[:200]
    row.restore_channel = channel
    row.attempts, row.next_try_at, row.last_error = 0, now, ""
    row.save()
    until = now + timedelta(days=settings.CONFIG.ask_days)
    AskFirst.objects.get_or_create(
        block=row, defaults={"contract": row.contract, "address": row.address, "until": until}
    )
    _audit(
        row,
        "block.restore.request",
        by=by.username,
        now=now,
        reason=reason,
        channel=str(channel),
        requester=row.restore_requester,
        identified=row.restore_identified,
    )


def _decide(row: Block, state: BlockState, reason: Reason, by: User, now: datetime) -> None:
    row.state, row.reason = state, reason
    row.decided_at, row.decided_by = now, by
    row.attempts, row.next_try_at, row.last_error = 0, now, ""
    row.save()
    _audit(row, f"block.{state}", by=by.username, now=now, reason=reason)


def _locked(block: Block) -> Block:
    return Block.objects.select_for_update().select_related("contract__customer").get(pk=block.pk)


def _audit(row: Block, action: str, *, by: str, now: datetime, reason: str, **details: str) -> None:
    audit.record(
        action,
        by=by,
        target=f"block:{row.pk}",
        now=now,
        customer=row.contract.customer,
        details={"address": row.address, "reason": reason} | {name: text for name, text in details.items() if text},
    )

"""What people change in blacklist: approve, shorten, refuse, dismiss, ask for a restore.

Each is atomic, recorded, and safe to do twice. Nothing here speaks to the vendor. A changed state is found by a duty
(`duties.py`), which does.
"""

from datetime import datetime, timedelta

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.blacklist import facts
from sakimori.blacklist.guard import needs_two_people
from sakimori.blacklist.kin import newer
from sakimori.blacklist.last_moment import NEVER_WRITTEN
from sakimori.blacklist.leaving import Leave, begin_restores, take_over
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.queries import RESTORABLE
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.waiting import take_if_answered
from sakimori.blacklist.wide import network_of, why_forbidden
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, written

BY_ITSELF = (RestoreChannel.EXPIRY, RestoreChannel.FULL)
ASKED_FROM_OUTSIDE = (RestoreChannel.PHONE, RestoreChannel.MAIL)


class NotPossible(Exception):
    """The block is not in a state in which this can be done. The text is a Japanese sentence for the person."""


def approve(block: Block, *, by: User, now: datetime, lasts: timedelta | None = None) -> bool:
    """An analyst says yes to a proposed block, or wants a failed one tried again. The guard still has the last word.

    lasts: it comes off by itself so long after this. What is wider than one host needs a second person's yes: after
    the first it is still proposed, and the answer is False.
    """
    with transaction.atomic():
        row = _locked(block)
        if row.state in (BlockState.APPROVED, BlockState.APPLYING, BlockState.ACTIVE):
            return True
        if row.state not in (BlockState.PROPOSED, BlockState.FAILED):
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、承認できません。")
        check_may_be_listed(row.contract, row.address, now=now)
        if lasts is not None:
            row.expires_at = (row.decided_at or row.proposed_at) + lasts
        if _lacks_a_person(row, by):
            row.save(update_fields=["decided_by", "expires_at"])
            _audit(
                row,
                "block.first_yes",
                by=by.username,
                now=now,
                reason=Reason.TWO_PEOPLE,
                until=_until(row.end_counted_from(now)),
            )
            return False
        _approve(row, by, now)
        take_if_answered(by=by, now=now)
    return True


def shorten(block: Block, *, lasts: timedelta, by: User, now: datetime) -> bool:
    """An analyst gives it an end: a question is approved with it, what is on the list ends so long after this.

    Nothing is made longer. False when a second person's yes is lacking, see `approve`.
    """
    with transaction.atomic():
        row = _locked(block)
        if row.state in (BlockState.PROPOSED, BlockState.FAILED):
            return approve(row, by=by, now=now, lasts=lasts)
        if row.state not in RESTORABLE or not row.wanted_on_list:
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、期限を設定できません。")
        if row.expires_at is not None and row.expires_at <= now + lasts:
            return True
        row.expires_at = now + lasts
        row.save(update_fields=["expires_at"])
        end = _until(row.expires_at)
        _audit(row, "block.shorten", by=by.username, now=now, reason=f"期限 {end}", until=end)
    return True


def check_may_be_listed(contract: Contract, address: str, *, now: datetime) -> None:
    """Raise NotPossible, with the guard's reason, where the address or network may not be on the contract's list."""
    if not contract.runs_on(day_of(now)):
        raise NotPossible("契約が解約日を迎えているため、承認できません。")
    network = network_of(address)
    if network is None:
        raise NotPossible("IP アドレスを特定できないため、登録できません。")
    documentation = facts.limits().documentation_counts
    forbidden = why_forbidden(network, facts.never_block(contract), documentation_counts=documentation)
    if forbidden is not None:
        raise NotPossible(forbidden.sentence)


def _until(end: datetime | None) -> str:
    """An end as the record tells it; empty where nobody chose one."""
    return written(end) if end else ""


def _lacks_a_person(row: Block, by: User) -> bool:
    """Whether this yes is only the first of two. Fills in who is who; raises NotPossible for the same person again."""
    network = network_of(row.address)
    if network is None or not needs_two_people(network) or row.second_by_id is not None:
        return False
    if row.decided_by is None:
        row.decided_by = by
        return True
    if row.decided_by == by:
        raise NotPossible(f"{row.address} は広い範囲のため、別の担当者の承認が必要です。")
    row.second_by = by
    return False


def _approve(row: Block, by: User, now: datetime) -> None:
    row.expires_at = row.end_counted_from(now)
    first = row.decided_by if row.second_by_id else by
    alone = Reason.BY_HAND if row.note else Reason.APPROVED
    _decide(row, BlockState.APPROVED, Reason.APPROVED_BY_TWO if row.second_by_id else alone, by, now)
    if first != by:
        row.decided_by = first
        row.save(update_fields=["decided_by"])
    row.findings.update(state=FindingState.BLOCK)


def refuse(block: Block, *, by: User, now: datetime) -> None:
    """An analyst says no to a proposed or failed block.

    What was once written to a list may stand on one of them, whatever its state says: it is taken off and read back.
    """
    with transaction.atomic():
        row = _locked(block)
        no = Leave(RestoreChannel.DESK, Reason.REFUSED_BY_ANALYST.sentence, by=by, action="block.refuse.restore")
        if row.state == BlockState.REFUSED or (not row.wanted_on_list and row.restore_reason == no.reason):
            return
        if row.state not in (BlockState.PROPOSED, BlockState.FAILED):
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、却下できません。")
        if not begin_restores(Block.objects.filter(pk=row.pk).exclude(NEVER_WRITTEN), no, now=now):
            _decide(row, BlockState.REFUSED, Reason.REFUSED_BY_ANALYST, by, now)
        row.findings.update(state=FindingState.DISMISSED)
        take_if_answered(by=by, now=now)


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
        take_if_answered(by=by, now=now)


def request_restore(
    block: Block,
    *,
    by: User,
    reason: str,
    now: datetime,
    channel: RestoreChannel = RestoreChannel.DESK,
    requester: str = "",
    identified: str = "",
) -> Block | None:
    """Somebody needs the address: take it off the list, and ask before blocking it again.

    A second request for the same block changes nothing; one that comes off by itself is taken over. Asked for by
    phone or mail, it is taken only with the name of who asked and how he was identified. What is off already but has
    been blocked again since comes off by its newer block, which is returned.
    """
    if channel in ASKED_FROM_OUTSIDE and not (requester.strip() and identified.strip()):
        raise NotPossible("お電話またはメールでのご依頼には、依頼者と本人確認の方法の記入が必要です。")
    with transaction.atomic():
        row, leaving = _locked(block), (BlockState.RESTORING, BlockState.RESTORED)
        why = Leave(channel, reason, by=by, requester=requester, identified=identified)
        again = newer(row)
        if again is not None and begin_restores(Block.objects.filter(pk=again.pk), why, now=now):
            return again
        is_leaving = row.state in leaving or not row.wanted_on_list
        if is_leaving and row.restore_channel not in BY_ITSELF:
            return None
        if not is_leaving and row.state not in RESTORABLE:
            raise NotPossible(f"このアドレスは「{row.get_state_display()}」のため、解除できません。")
        if is_leaving:
            take_over(row, why, now=now)
        else:
            begin_restores(Block.objects.filter(pk=row.pk), why, now=now)
    return None


def _decide(row: Block, state: BlockState, reason: Reason, by: User, now: datetime) -> None:
    row.state, row.reason = state, reason
    row.decided_at, row.decided_by = now, by
    row.attempts, row.next_try_at, row.last_error = 0, now, ""
    row.save()
    end = _until(row.expires_at) if state == BlockState.APPROVED else ""
    _audit(row, f"block.{state}", by=by.username, now=now, reason=reason, until=end)


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

"""What people do about the end of a contract: enter the day, change or withdraw it, approve the deletion.

The deletion itself is a duty. Until it begins everything can be taken back.
"""

from datetime import date, datetime

from django.db import transaction

from sakimori.accounts.models import SocRole, User
from sakimori.closing.models import Closing
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of


class NotPossible(Exception):
    """It cannot be done now. The text is a Japanese sentence for the person; nothing was changed."""


def enter(contract: Contract, *, ends_on: date, by: User, now: datetime) -> None:
    """Cancel a contract on a day, today or later, or move that day. An approval that was given is void then.

    A day that stands in the contract without anybody having entered it here may be confirmed, also a past one.
    """
    with transaction.atomic():
        row = _locked(contract)
        closing = Closing.objects.select_for_update().filter(contract=row).first()
        if closing is not None and row.ends_on == ends_on:
            return
        _check_may_change(row, closing, now)
        today = day_of(now)
        if ends_on < today and ends_on != row.ends_on:
            raise NotPossible(
                f"過去の日付は解約日にできません。本日（{written_day(today)}）以降の日付を入力してください。"
            )
        if ends_on < row.starts_on:
            raise NotPossible(f"契約の開始日（{written_day(row.starts_on)}）より前の日付は解約日にできません。")
        row.ends_on = ends_on
        row.save(update_fields=["ends_on"])
        Closing.objects.update_or_create(
            contract=row, defaults={"entered_at": now, "entered_by": by, "approved_at": None, "approved_by": None}
        )
        _audit(row, "contract.cancel", by=by, now=now, ends_on=ends_on)


def withdraw(contract: Contract, *, by: User, now: datetime) -> None:
    """Take the cancellation back: the contract runs on. Doing it twice changes nothing."""
    with transaction.atomic():
        row = _locked(contract)
        closing = Closing.objects.select_for_update().filter(contract=row).first()
        if closing is None:
            return
        _check_may_change(row, closing, now)
        _audit(row, "contract.cancel.withdraw", by=by, now=now, ends_on=row.ends_on)
        closing.delete()
        row.ends_on = None
        row.save(update_fields=["ends_on"])


def approve(contract: Contract, *, typed: str, by: User, now: datetime) -> None:
    """A manager who did not enter the day approves that all data is deleted. `typed`: the contract number, by hand."""
    with transaction.atomic():
        row = _locked(contract)
        closing = Closing.objects.select_for_update().filter(contract=row).first()
        if closing is None:
            raise NotPossible("解約日が入力されていないため、承認できません。")
        if closing.approved_at is not None:
            return
        refusal = why_not_approve(closing, by)
        if refusal:
            raise NotPossible(refusal)
        if typed.strip() != row.number:
            raise NotPossible("入力された契約番号が一致しません。もう一度ご確認ください。")
        closing.approved_at, closing.approved_by = now, by
        closing.save(update_fields=["approved_at", "approved_by"])
        _audit(row, "contract.delete.approve", by=by, now=now, deletes_on=row.deletes_on)


def why_not_approve(closing: Closing, person: User) -> str:
    """Why this person cannot approve, as a sentence; empty when he can."""
    if person.soc_role != SocRole.MANAGER:
        return "承認できるのは SOC 責任者だけです。"
    if closing.entered_by_id == person.pk:
        return "解約日を入力した方は承認できません。別の SOC 責任者が承認してください。"
    return ""


def why_not_change(contract: Contract, closing: Closing | None, now: datetime) -> str:
    """Why the day can be neither moved nor withdrawn any more, as a sentence; empty when it can."""
    if closing is not None and closing.began_at is not None:
        return "データの削除を開始しているため、変更できません。"
    if closing is not None and contract.deletes_on is not None and day_of(now) > contract.deletes_on:
        return "データ削除予定日を過ぎているため、変更できません。"
    return ""


def _check_may_change(contract: Contract, closing: Closing | None, now: datetime) -> None:
    refusal = why_not_change(contract, closing, now)
    if refusal:
        raise NotPossible(refusal)


def _locked(contract: Contract) -> Contract:
    return Contract.objects.select_for_update().select_related("customer").get(pk=contract.pk)


def _audit(contract: Contract, action: str, *, by: User, now: datetime, **details: date | None) -> None:
    audit.record_of(contract, action, by=by.username, now=now, details={"contract": contract.number, **details})

"""What people change in usage: look at the vendor now, ask for a larger plan, confirm it. Atomic and audited."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of
from sakimori.usage.models import UpgradeRequest, UsageState

MOST_MBPS = 100_000


class NotPossible(Exception):
    """It cannot be done. The text is a Japanese sentence for the person."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A larger plan, and the month whose overage it waives."""

    month: Month
    to_mbps: int


def look_now(contract: Contract, *, by: User, now: datetime) -> None:
    """Let the duties read this contract's statistics and setup at once instead of at their next turn."""
    with transaction.atomic():
        if not contract.runs_on(day_of(now)):
            raise NotPossible("解約済みの契約のため、確認は行いません。")
        UsageState.objects.update_or_create(contract=contract, defaults={"samples_next_at": now, "setup_next_at": now})
        audit.record_of(contract, "usage.look", by=by.username, now=now)


def months_to_upgrade(contract: Contract, *, now: datetime) -> list[Month]:
    """Months for which an upgrade may be asked now: this one and the last, as far as nobody has asked yet."""
    this = Month.at(now)
    taken = set(UpgradeRequest.objects.filter(contract=contract).values_list("month", flat=True))
    months = (month for month in (this, this.plus(-1)) if month >= Month.of(contract.starts_on))
    return [month for month in months if month.first not in taken]


def ask_upgrade(contract: Contract, wish: Wish, *, by: User, now: datetime) -> UpgradeRequest:
    """A customer agrees to a larger plan. The same wish twice is one request; another one for the month is refused."""
    with transaction.atomic():
        row = _locked(contract)
        there = UpgradeRequest.objects.filter(contract=row, month=wish.month.first).first()
        if there is not None:
            if there.to_mbps == wish.to_mbps:
                return there
            raise NotPossible(f"{wish.month.written}分の帯域アップグレードは、すでにお申し込みいただいています。")
        _check(row, wish, now)
        made = UpgradeRequest.objects.create(
            contract=row,
            month=wish.month.first,
            from_mbps=row.plan_mbps or 0,
            to_mbps=wish.to_mbps,
            asked_at=now,
            asked_by=by,
        )
        _audit("upgrade.ask", made, by, now)
    return made


def confirm_upgrade(request: UpgradeRequest, *, by: User, now: datetime) -> None:
    """The SOC confirms: the month's overage is waived and the plan is larger from now on. Twice changes nothing."""
    with transaction.atomic():
        row = UpgradeRequest.objects.select_for_update().select_related("contract__customer").get(pk=request.pk)
        if row.confirmed_at is not None:
            return
        contract = _locked(row.contract)
        if not contract.runs_on(day_of(now)):
            raise NotPossible("解約済みの契約のため、帯域アップグレードを確認できません。")
        if contract.plan_mbps is None or contract.plan_mbps >= row.to_mbps:
            raise NotPossible(
                f"現在の契約帯域（{contract.plan_mbps or '未登録'} Mbps）が申込内容（{row.to_mbps} Mbps）に合いません。"
            )
        row.from_mbps = contract.plan_mbps
        row.confirmed_at, row.confirmed_by = now, by
        row.save()
        contract.plan_mbps = row.to_mbps
        contract.save(update_fields=["plan_mbps"])
        _audit("upgrade.confirm", row, by, now)


def _check(contract: Contract, wish: Wish, now: datetime) -> None:
    if not contract.runs_on(day_of(now)):
        raise NotPossible("解約済みのご契約のため、お申し込みいただけません。")
    if contract.plan_mbps is None:
        raise NotPossible("契約帯域が登録されていないため、お申し込みいただけません。SOC までお問い合わせください。")
    if wish.month not in months_to_upgrade(contract, now=now):
        raise NotPossible("お申し込みいただけるのは、当月分と前月分です。")
    if not contract.plan_mbps < wish.to_mbps <= MOST_MBPS:
        raise NotPossible(
            f"変更後の契約帯域は、現在の {contract.plan_mbps} Mbps より大きく、{MOST_MBPS} Mbps 以下でご指定ください。"
        )


def _locked(contract: Contract) -> Contract:
    return Contract.objects.select_for_update().select_related("customer").get(pk=contract.pk)


def _audit(action: str, row: UpgradeRequest, by: User, now: datetime) -> None:
    audit.record(
        action,
        by=by.username,
        target=f"upgrade:{row.pk}",
        now=now,
        customer=row.contract.customer,
        details={"month": str(Month.of(row.month)), "from_mbps": row.from_mbps, "to_mbps": row.to_mbps},
    )

"""Which policy holds for a contract: its own, or the SOC's default, or the one that ships. And how they are changed.

Rows become rules here and nowhere else. Every change adds a row and is recorded; nothing that held before is lost.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from sakimori.accounts.models import SocRole, User
from sakimori.blacklist.models import Policy
from sakimori.blacklist.policy import SHIPPED, Rules
from sakimori.blacklist.policy_text import as_data, read
from sakimori.customers import audit
from sakimori.customers.models import Contract

EVERYBODY = None
_CHANGED_MEANWHILE = "ほかの担当者が先に変更しました。最新の内容を確認して、もう一度変更してください。"


class NotPossible(Exception):
    """The change cannot be made. The text is a Japanese sentence for the person."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The policy that holds. row: the newest version of its own, if there ever was one; own: whether it is its own."""

    rules: Rules
    default: Rules
    row: Policy | None
    own: bool

    @property
    def version(self) -> int:
        """What a form carries, so that nobody overwrites what he has not seen."""
        return self.row.version if self.row else 0


def shipped() -> Rules:
    """The policy that ships, with the cap of the settings."""
    return replace(SHIPPED, cap=settings.CONFIG.cap_customer)


def rules_for(contract: Contract) -> Rules:
    """The rules that hold for a contract now. One query."""
    return standing_of([contract])[contract.pk].rules


def default_standing() -> Standing:
    """The SOC's default."""
    return _default(_newest([]).get(EVERYBODY))


def standing_of(contracts: Collection[Contract]) -> dict[int, Standing]:
    """What holds for each of these contracts. One query, however many they are."""
    rows = _newest([contract.pk for contract in contracts])
    default = _default(rows.get(EVERYBODY)).rules
    return {contract.pk: _standing(rows.get(contract.pk), default) for contract in contracts}


def save_policy(
    contract: Contract | None, rules: Rules, *, seen: int, reason: str, by: User, now: datetime
) -> Policy | None:
    """Let these rules hold from now on; None when they hold already. seen: the version that the person looked at."""
    return _add_once(contract, as_data(rules), seen=seen, reason=reason, by=by, now=now)


def follow_default(contract: Contract | None, *, seen: int, reason: str, by: User, now: datetime) -> Policy | None:
    """Let the default hold again: for a contract the SOC's, for the SOC the one that ships."""
    return _add_once(contract, {}, seen=seen, reason=reason, by=by, now=now)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a policy: the row, and what held with it and before it. Defaults are those of today."""

    row: Policy
    rules: Rules
    before: Rules


def history(contract: Contract | None, default: Rules, *, most: int) -> list[Version]:
    """The last versions, the newest first. One query."""
    rows = list(Policy.objects.filter(contract=contract).select_related("changed_by").order_by("-version")[: most + 1])
    rules = [read(row.rules, default) for row in rows]
    before = [*rules[1:], default]
    return [Version(*each) for each in zip(rows[:most], rules, before, strict=False)]


def may_change(contract: Contract | None, by: User) -> bool:
    """The SOC's default touches every customer, so only a manager changes it."""
    return by.is_active and (by.soc_role == SocRole.MANAGER or (contract is not None and by.is_soc))


def note_trial(contract: Contract, *, days: int, by: str, now: datetime) -> None:
    """Who looked at the contract's log through another policy: recorded like any reading of it."""
    audit.record(
        "policy.try",
        by=by,
        target=f"contract:{contract.pk}",
        now=now,
        customer=contract.customer,
        details={"days": days},
    )


def _add_once(
    contract: Contract | None, rules: Mapping[str, object], *, seen: int, reason: str, by: User, now: datetime
) -> Policy | None:
    """Of two people who change the same version at one moment the key lets one through."""
    try:
        return _add(contract, rules, seen=seen, reason=reason, by=by, now=now)
    except IntegrityError:
        raise NotPossible(_CHANGED_MEANWHILE) from None


def _add(
    contract: Contract | None, rules: Mapping[str, object], *, seen: int, reason: str, by: User, now: datetime
) -> Policy | None:
    if not may_change(contract, by):
        raise NotPossible("SOC 全体の既定を変更できるのは SOC 責任者のみです。")
    if not reason.strip():
        raise NotPossible("変更の理由を入力してください。")
    with transaction.atomic():
        last = Policy.objects.filter(contract=contract).order_by("-version").first()
        if (last.version if last else 0) != seen:
            raise NotPossible(_CHANGED_MEANWHILE)
        if (last.rules if last else {}) == rules:
            return None
        row = Policy.objects.create(
            contract=contract, version=seen + 1, rules=rules, reason=reason[:200], changed_at=now, changed_by=by
        )
        customer = contract.customer if contract else None
        # What has changed stands in the row, which is never changed itself.
        audit.record("policy.change", by=by.username, target=f"policy:{row.pk}", now=now, customer=customer)
    return row


def _rows(keys: Collection[int]) -> QuerySet[Policy]:
    newest = Policy.objects.filter(Q(contract__in=keys) | Q(contract=None)).values("contract").annotate(last=Max("pk"))
    return Policy.objects.filter(pk__in=newest.values("last"))


def _newest(keys: Collection[int]) -> dict[int | None, Policy]:
    return {row.contract_id: row for row in _rows(keys).select_related("changed_by")}


def _default(row: Policy | None) -> Standing:
    return _standing(row, shipped())


def _standing(row: Policy | None, default: Rules) -> Standing:
    own = row is not None and bool(row.rules)
    return Standing(read(row.rules, default) if row is not None else default, default, row, own)

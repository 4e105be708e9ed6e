"""Importing a hearing sheet (chapter 1-3): kept as a draft, shown as a plan, and written only when somebody confirms.

Nothing is deleted by a sheet, and importing the same one again changes nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, Customer, SheetDraft, Site
from sakimori.customers.secrets import give_key
from sakimori.customers.sheet import read
from sakimori.customers.sheet_plan import Change, Fate, Plan, plan
from sakimori.lib.jst import day_of

DRAFT_LIFE = timedelta(days=1)
_SITES = "sites"


class NotPossible(Exception):
    """The sheet cannot be imported as things stand. The text is one Japanese sentence."""


def keep_draft(content: bytes, *, file_name: str, by: User, now: datetime) -> SheetDraft:
    """Keep an uploaded sheet until its preview is confirmed."""
    return SheetDraft.objects.create(by=by, at=now, file_name=file_name[:200], content=content)


def forget_drafts(*, now: datetime) -> int:
    """Remove what nobody confirmed for a day. Returns how many there were."""
    old = SheetDraft.objects.filter(at__lt=now - DRAFT_LIFE)
    return old.delete()[0]


def import_draft(draft: SheetDraft, *, mark: str, by: User, now: datetime) -> Customer:
    """Do what the preview with this mark showed, all of it or nothing. Raises NotPossible.

    A draft that was imported already is not imported again.
    """
    try:
        return _import(draft, mark, by, now)
    except IntegrityError as error:  # Somebody else wrote the same customer at this very moment.
        raise NotPossible("ほかの担当者の操作と重なりました。もう一度ご確認ください。") from error


def _import(draft: SheetDraft, mark: str, by: User, now: datetime) -> Customer:
    with transaction.atomic():
        draft = SheetDraft.objects.select_for_update().get(pk=draft.pk)
        if draft.imported_into:
            return draft.imported_into
        content = bytes(draft.content)
        sheet = read(content).sheet
        found = plan(sheet, today=day_of(now)) if sheet else None
        if found is None or found.obstacles:
            raise NotPossible("このシートは取り込めません。内容を確認してください。")
        if found.mark != mark:
            raise NotPossible("確認中に登録内容が変わりました。もう一度ご確認ください。")
        customer = _write(found, now)
        draft.content, draft.imported_into = b"", customer
        draft.save()
        _record(found, customer, draft.file_name, hashlib.sha256(content).hexdigest(), by, now)
    return customer


def _write(found: Plan, now: datetime) -> Customer:
    def new_customer() -> Customer:
        customer = Customer(created_at=now, number=found.customer.values["number"])
        give_key(customer)
        return customer

    customer: Customer = _save(found.customer, new_customer)
    contract = _save(found.contract, lambda: Contract(customer=customer))
    for change in found.lines:
        parent: Mapping[str, object] = {"contract": contract} if change.model is Site else {"customer": customer}
        row = _save(change, lambda change=change, parent=parent: change.model(**parent))  # type: ignore[misc]
        _give_sites(change, row, contract)
    return customer


def _save(change: Change, new: Callable[[], Any]) -> Any:
    row = change.row or new()
    if change.fate in {Fate.ADD, Fate.CHANGE, Fate.STOP}:
        for key, value in change.values.items():
            if key != _SITES:
                setattr(row, key, value)
        row.save()
    return row


def _give_sites(change: Change, row: Any, contract: Contract) -> None:
    """A contact's sites, after those of the sheet are written. Sites of other contracts of the customer stay his."""
    if _SITES not in change.values or change.fate not in {Fate.ADD, Fate.CHANGE}:
        return
    others = row.sites.exclude(contract=contract) if change.values[_SITES] else ()
    row.sites.set([*others, *contract.sites.filter(domain__in=change.values[_SITES])])


def _record(found: Plan, customer: Customer, file_name: str, digest: str, by: User, now: datetime) -> None:
    details = {
        "file": file_name,
        "sha256": digest,
        "changes": [list(_told(change)) for change in found.changes if change.fate not in {Fate.SAME, Fate.LEFT}],
    }
    audit.record(
        "customer.import", by=by.username, target=f"customer:{customer.pk}", now=now, customer=customer, details=details
    )


def _told(change: Change) -> Iterable[str]:
    yield f"{change.fate} {change.what} {change.name}"
    for difference in change.differences:
        yield f"{difference.label}: {difference.before} -> {difference.after}"

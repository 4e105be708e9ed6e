"""What a hearing sheet would change: compares a sheet with the rows and changes nothing.

Lines are matched by their keys: sites by the vendor's number, contacts by mail address, users by name, networks by
the network. Contacts that the sheet does not name any more become inactive; other rows that it lacks stay as they are.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import models

from sakimori.customers.dialling import refusals_of, split, warnings_of
from sakimori.customers.models import Applicant, Contact, Contract, Customer, Member, RegisteredNetwork, Site
from sakimori.customers.queries import running
from sakimori.customers.sheet import HearingSheet

Values = Mapping[str, Any]


class Fate(StrEnum):
    """What becomes of a row."""

    ADD = "追加"
    CHANGE = "変更"
    SAME = "変更なし"
    STOP = "無効にする"
    LEFT = "シートに記載なし（そのまま）"


@dataclass(frozen=True, slots=True)
class Difference:
    """One column before and after, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One row: `row` is the one that is there already. `values` are the columns to write."""

    what: str
    name: str
    fate: Fate
    model: type[models.Model]
    row: models.Model | None
    values: Values
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that confirming would do. obstacles: why it cannot be done. warnings: what to think about."""

    customer: Change
    contract: Change
    lines: tuple[Change, ...]
    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, the customer's own first."""
        return (self.customer, self.contract, *self.lines)

    @property
    def mark(self) -> str:
        """Differs when anything that the preview shows differs."""
        shown = [(change.what, change.name, change.fate, change.differences) for change in self.changes]
        return hashlib.sha256(repr((shown, self.obstacles)).encode()).hexdigest()


def plan(sheet: HearingSheet, *, today: date) -> Plan:
    """Compare a sheet with the rows."""
    customer = Customer.objects.filter(number=sheet.customer.number).first()
    contract = Contract.objects.filter(number=sheet.contract.number).select_related("customer").first()
    return Plan(
        customer=_change("お客様", sheet.customer.name, Customer, customer, _said(sheet.customer)),
        contract=_change("契約", sheet.contract.number, Contract, contract, asdict(sheet.contract)),
        lines=(
            *_sites(sheet, contract),
            *_contacts(sheet, customer, today),
            *_users(sheet, customer),
            *_networks(sheet, customer),
        ),
        obstacles=tuple(_obstacles(sheet, contract, today)),
        warnings=tuple(_warnings(sheet)),
    )


def _obstacles(sheet: HearingSheet, contract: Contract | None, today: date) -> Iterator[str]:
    if contract and contract.customer.number != sheet.customer.number:
        yield f"契約番号 {contract.number} は、ほかのお客様（{contract.customer.number}）の契約です。"
    if contract and not contract.runs_on(today):
        yield f"契約 {contract.number} は解約済みのため、取り込めません。"
    for line in sheet.contacts:
        for refusal in refusals_of(line.phone, line.second_phone or ""):
            yield f"{line.name} 様の電話番号 {refusal}"
    numbers = [site.vendor_site_id for site in sheet.sites]
    others = Site.objects.filter(running(today, contract="contract"), vendor_site_id__in=numbers)
    others = others.exclude(contract__number=sheet.contract.number)
    for site in others.select_related("contract").order_by("vendor_site_id"):
        yield f"サイトID {site.vendor_site_id} は、契約 {site.contract.number} に登録済みです。"


def _warnings(sheet: HearingSheet) -> Iterator[str]:
    if not any(contact.phone for contact in sheet.contacts):
        yield "電話番号のある連絡先がありません。障害のときにお電話でご連絡できません。"
    without = [contact.name for contact in sheet.contacts if contact.phone and not contact.kana]
    for contact in sheet.contacts:
        for warning in warnings_of(contact.phone, contact.second_phone or ""):
            yield f"{contact.name} 様の電話番号 {warning}"
    if without:
        yield f"フリガナのない方がいます（{'、'.join(without)}）。お電話でお名前を正しく読み上げられません。"


def _sites(sheet: HearingSheet, contract: Contract | None) -> Iterator[Change]:
    there = {site.vendor_site_id: site for site in contract.sites.order_by("pk")} if contract else {}
    for line in sheet.sites:
        row = there.pop(line.vendor_site_id, None)
        yield _change("サイト", line.domain, Site, row, asdict(line))
    for site in there.values():
        yield Change("サイト", site.domain, Fate.LEFT, Site, site, {})


def _said(line: Any) -> dict[str, Any]:
    """What a line says; what it says nothing about is left out."""
    return {key: value for key, value in asdict(line).items() if value is not None}


def _asked(row: Contact | None, values: Values, today: date) -> dict[str, Any]:
    """The sheet is the written request for hours, of the day on which it changes them."""
    if row is not None and all(getattr(row, key) == values.get(key) for key in ("hours", "on_holidays")):
        return {}
    return {"hours_asked_on": today, "hours_received_by": "ヒアリングシート", "hours_note": ""}


def _contacts(sheet: HearingSheet, customer: Customer | None, today: date) -> Iterator[Change]:
    rows = customer.contacts.order_by("priority", "pk") if customer else Contact.objects.none()
    there = {contact.email.casefold(): contact for contact in rows}
    for line in sheet.contacts:
        row = there.pop(line.email.casefold(), None)
        values = {**split(_said(line)), "active": True}
        if row is not None and row.stands_for_id is not None:
            values["stands_for"] = None
        if values.get("hours") or values.get("on_holidays") is False:
            values |= _asked(row, values, today)
        yield _change("連絡先", line.name, Contact, row, values)
    for contact in there.values():
        if contact.active and contact.stands_for_id is None:
            yield Change("連絡先", contact.name, Fate.STOP, Contact, contact, {"active": False})


def _users(sheet: HearingSheet, customer: Customer | None) -> Iterator[Change]:
    """A user with a login ID keeps it and may get another role; one without waits for it."""
    members = customer.members.select_related("user") if customer else Member.objects.none()
    issued = {member.user.shown_name: member for member in members}
    waiting = {applicant.name: applicant for applicant in customer.applicants.all()} if customer else {}
    for line in sheet.users:
        if line.name in issued:
            yield _change("ポータル利用者", line.name, Member, issued[line.name], {"role": line.role})
        else:
            yield _change("ポータル利用者", line.name, Applicant, waiting.get(line.name), asdict(line))
    named = {line.name for line in sheet.users}
    for name, row in {**waiting, **issued}.items():
        if name not in named:
            yield Change("ポータル利用者", name, Fate.LEFT, type(row), row, {})


def _networks(sheet: HearingSheet, customer: Customer | None) -> Iterator[Change]:
    there = {row.network: row for row in customer.networks.order_by("pk")} if customer else {}
    for line in sheet.networks:
        row = there.pop(line.network, None)
        yield _change("登録済みアドレス", line.network, RegisteredNetwork, row, asdict(line))
    for network in there.values():
        yield Change("登録済みアドレス", network.network, Fate.LEFT, RegisteredNetwork, network, {})


def _change(what: str, name: str, model: type[models.Model], row: models.Model | None, values: Values) -> Change:
    differences = tuple(_differences(model, row, values))
    fate = Fate.ADD if row is None else Fate.CHANGE if differences else Fate.SAME
    return Change(what, name, fate, model, row, values, differences)


def _differences(model: type[models.Model], row: models.Model | None, values: Values) -> Iterator[Difference]:
    for key, value in values.items():
        field = model._meta.get_field(key)  # noqa: SLF001 - a documented interface, whatever its name
        before = _before(row, key) if row else None
        if row is None or before != value:
            label = str(getattr(field, "verbose_name", key))
            yield Difference(label, _words(field, before) if row else "", _words(field, value))


def _before(row: models.Model, key: str) -> object:
    """What the row says now; of sites the domains."""
    if key == "sites":
        return tuple(sorted(site.domain for site in getattr(row, key).all()))
    return getattr(row, key)


def _words(field: Any, value: object) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, date):
        return f"{value:%Y/%m/%d}"
    if isinstance(value, tuple):
        return "、".join(value) or "すべて"
    if value is None or value == "":
        return "―"
    choices: dict[object, object] = dict(getattr(field, "choices", None) or ())
    return str(choices.get(value, value))

"""The filter above the list of findings."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet

from sakimori.accounts.models import User
from sakimori.blacklist.models import Finding, FindingState
from sakimori.customers import access
from sakimori.logs.attack_kinds import AttackKind

_KINDS = [("", "すべて"), *((kind.value, kind.label) for kind in AttackKind if kind is not AttackKind.NONE)]
_STATES = [("", "すべて"), *FindingState.choices]


class FindingFilter(forms.Form):
    """Customer, kind, state; empty means all. A value that is not offered narrows nothing and is said so."""

    kind = forms.ChoiceField(label="攻撃種別", choices=_KINDS, required=False)
    state = forms.ChoiceField(label="状態", choices=_STATES, required=False)
    field_order = ["customer", "kind", "state"]

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        customers = access.customers_of(user).order_by("name")
        self.fields["customer"] = forms.ModelChoiceField(
            customers, label="お客様", required=False, empty_label="すべて"
        )
        self.order_fields(self.field_order)

    def narrow(self, rows: QuerySet[Finding]) -> QuerySet[Finding]:
        """The rows that fit."""
        for lookup, value in self._lookups().items():
            rows = rows.filter(**{lookup: value})
        return rows

    def query(self) -> str:
        """The filter for the addresses of further pages."""
        chosen = {name: self.data.get(name, "") for name in self.fields}
        return urlencode({name: value for name, value in chosen.items() if value})

    def _lookups(self) -> dict[str, object]:
        self.is_valid()
        columns = {"customer": "contract__customer", "kind": "kind", "state": "state"}
        return {columns[name]: value for name, value in self.cleaned_data.items() if value}

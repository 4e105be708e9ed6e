"""The filter above the list of findings."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from sakimori.accounts.inputs import ListFilter
from sakimori.accounts.models import User
from sakimori.blacklist.models import Finding, FindingState
from sakimori.customers import access
from sakimori.customers.choosing import customer_field
from sakimori.logs.attack_kinds import AttackKind

_KINDS = [("", "すべて"), *((kind.value, kind.label) for kind in AttackKind if kind is not AttackKind.NONE)]
_STATES = [("", "すべて"), *FindingState.choices]


class FindingFilter(ListFilter):
    """Customer, kind, state; empty means all. A value that is not offered narrows nothing and is said so."""

    kind = forms.ChoiceField(label="攻撃種別", choices=_KINDS, required=False)
    state = forms.ChoiceField(label="状態", choices=_STATES, required=False)
    field_order = ["customer", "kind", "state"]

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.fields["customer"] = customer_field(access.customers_of(user))
        self.order_fields(self.field_order)

    def narrow(self, rows: QuerySet[Finding]) -> QuerySet[Finding]:
        """The rows that fit."""
        for lookup, value in self._lookups().items():
            rows = rows.filter(**{lookup: value})
        return rows

    def _lookups(self) -> dict[str, object]:
        self.is_valid()
        columns = {"customer": "contract__customer", "kind": "kind", "state": "state"}
        return {columns[name]: value for name, value in self.cleaned_data.items() if value}

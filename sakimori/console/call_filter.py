"""The filter above the list of 架電: rounds about the SOC's own alarms would bury those to customers."""

from enum import StrEnum
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from sakimori.accounts.inputs import ListFilter
from sakimori.accounts.models import User
from sakimori.customers import access
from sakimori.customers.choosing import customer_field
from sakimori.notify.models import CallRound, RoundState


class Called(StrEnum):
    """Who is called. Without a word in the address: customers, about something that has happened."""

    CUSTOMERS = ""
    SOC = "soc"
    DRILLS = "drills"
    ALL = "all"


_CALLED = [
    (Called.CUSTOMERS, "お客様"),
    (Called.SOC, "SOC 当番"),
    (Called.DRILLS, "連絡先テスト"),
    (Called.ALL, "すべて"),
]
_ROWS = {
    Called.CUSTOMERS: Q(customer__isnull=False, is_drill=False),
    Called.SOC: Q(customer__isnull=True),
    Called.DRILLS: Q(customer__isnull=False, is_drill=True),
    Called.ALL: Q(),
}


class CallFilter(ListFilter):
    """Who is called, which customer, how it stands. A value that is not offered narrows nothing and is said so."""

    called = forms.ChoiceField(label="架電先", choices=_CALLED, required=False)
    state = forms.ChoiceField(label="状態", choices=[("", "すべて"), *RoundState.choices], required=False)
    field_order = ["called", "customer", "state"]

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.fields["customer"] = customer_field(access.customers_of(user))
        self.order_fields(self.field_order)

    def narrow(self, rows: QuerySet[CallRound]) -> QuerySet[CallRound]:
        """The rows that fit."""
        self.is_valid()
        rows = rows.filter(_ROWS[Called(self.cleaned_data.get("called", ""))])
        for column in ("customer", "state"):
            if self.cleaned_data.get(column):
                rows = rows.filter(**{column: self.cleaned_data[column]})
        return rows

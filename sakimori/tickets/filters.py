"""The filter above lists of tickets, the same for both faces."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet

from sakimori.tickets.models import Ticket, TicketKind, TicketState

_ALL = ("", "すべて")


class TicketFilter(forms.Form):
    """Kind and state; empty means all. A value that is not offered narrows nothing and is said so."""

    kind = forms.ChoiceField(label="種別", choices=[_ALL, *TicketKind.choices], required=False)
    state = forms.ChoiceField(label="状態", choices=[_ALL, *TicketState.choices], required=False)

    def narrow(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """The rows that fit."""
        self.is_valid()
        return rows.filter(**{name: value for name, value in self.cleaned_data.items() if value})

    def context(self) -> dict[str, Any]:
        """What the page needs: the form, and the filter for the addresses of further pages."""
        chosen = {name: self.data.get(name, "") for name in self.fields}
        return {"filter": self, "query": urlencode({name: value for name, value in chosen.items() if value})}

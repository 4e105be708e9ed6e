"""What a customer types."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from sakimori.customers.models import Contract
from sakimori.tickets.forms import WordsForm


class RestoreForm(forms.Form):
    """Why an address is needed. The reason is a courtesy to the analyst, never a condition."""

    reason = forms.CharField(
        label="理由（任意）",
        help_text="例：取引先の事務所のアドレスのため。200 文字までご記入いただけます。",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class _ContractField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A contract by its number and the customer's name."""

    def label_from_instance(self, obj: Contract) -> str:
        """What the list shows."""
        return f"{obj.number}（{obj.customer.name}）"


class EnquiryForm(WordsForm):
    """An enquiry. The contract is asked for only where there are several."""

    about = forms.CharField(label="件名", max_length=100)
    field_order = ["contract", "about", "text", "uploads", "token"]

    def __init__(self, *args: Any, contracts: QuerySet[Contract], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = _ContractField(contracts, label="契約", empty_label="選択してください")
        found = list(contracts[:2])
        if len(found) == 1:
            choice.widget = forms.HiddenInput()
            choice.initial = found[0].pk
        self.fields["contract"] = choice
        self.order_fields(self.field_order)

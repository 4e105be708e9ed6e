"""メール: every copy that went out with its proof, sent again where it did not arrive; every mail that came in."""

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.inputs import ListFilter
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.console.pages import attempt, show
from sakimori.customers import access
from sakimori.customers.choosing import customer_field
from sakimori.lib.jst import utc_now
from sakimori.notify.actions import NotPossible
from sakimori.notify.models import Delivery, DeliveryState, Mailbox, ReceivedMail
from sakimori.notify.queries import copies_newest_first, inbox_marks, received_newest_first
from sakimori.notify.resending import contacts_for, resend

_PROVEN = [("", "すべて"), ("yes", "確認済み"), ("no", "確認できず")]


class CopyFilter(ListFilter):
    """Customer, state, and a part of the address or subject; empty means all."""

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        self.fields["customer"] = customer_field(access.customers_of(user))
        self.fields["state"] = forms.ChoiceField(
            label="状態", choices=[("", "すべて"), *DeliveryState.choices], required=False
        )
        self.fields["address"] = forms.CharField(label="宛先（一部でも可）", max_length=100, required=False)

    def narrow(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """The rows that fit."""
        self.is_valid()
        columns = {"customer": "message__customer", "state": "state", "address": "address__icontains"}
        return rows.filter(**{columns[name]: value for name, value in self.cleaned_data.items() if value})


class ReceivedFilter(ListFilter):
    """Inbox, and whether the sender is proven; empty means all."""

    box = forms.ChoiceField(label="受信箱", choices=[("", "すべて"), *Mailbox.choices], required=False)
    proven = forms.ChoiceField(label="差出人の確認", choices=_PROVEN, required=False)

    def narrow(self, rows: QuerySet[ReceivedMail]) -> QuerySet[ReceivedMail]:
        """The rows that fit."""
        self.is_valid()
        box, proven = self.cleaned_data.get("box"), self.cleaned_data.get("proven")
        if box:
            rows = rows.filter(box=box)
        return rows.filter(authenticated=proven == "yes") if proven else rows


class ResendForm(forms.Form):
    """To whom the copy goes again."""

    def __init__(self, data: QueryDict | None, *, delivery: Delivery) -> None:
        super().__init__(data)
        self.contacts = {str(contact.pk): contact for contact in contacts_for(delivery)}
        choices = [(key, f"{contact.name}（{contact.email}）") for key, contact in self.contacts.items()]
        self.fields["contact"] = forms.ChoiceField(
            label="再送先",
            choices=choices,
            help_text="登録されている連絡先から選びます。宛先の誤りは、先に連絡先を訂正してください。",
        )


@require_GET
@soc_only
def outgoing(request: PersonRequest) -> HttpResponse:
    """Every copy that went out, with what became of it."""
    form = CopyFilter(request.GET, user=request.user)
    page, rows = page_of(form.narrow(_copies(request)), request)
    return show(request, "console/mails.html", {"form": form, "page": page, "rows": rows, "query": form.query()})


@require_GET
@soc_only
def copy(request: PersonRequest, pk: int) -> HttpResponse:
    """One copy: its text, its files by name, the proof, and the form to send it again."""
    row = _copy(request, pk)
    form = ResendForm(None, delivery=row)
    return show(request, "console/mail.html", {"copy": row, "form": form if form.contacts else None})


@require_POST
@soc_only
def send_again(request: PersonRequest, pk: int) -> HttpResponse:
    """Send a copy that did not arrive again."""
    row = _copy(request, pk)
    form = ResendForm(request.POST, delivery=row)
    if form.is_valid():
        contact = form.contacts[form.cleaned_data["contact"]]
        attempt(
            request,
            lambda: resend(row, contact=contact, by=request.user, now=utc_now()),
            f"{contact.name} 様へ再送します。",
            refusal=NotPossible,
        )
    else:
        messages.error(request, "再送先を選んでください。送信済みのメールは再送できません。")
    return HttpResponseRedirect(reverse("console:mail", args=[pk]))


@require_GET
@soc_only
def received(request: PersonRequest) -> HttpResponse:
    """Every mail that came in, and whether the inboxes can be read."""
    form = ReceivedFilter(request.GET)
    page, rows = page_of(form.narrow(_received(request)), request)
    context = {"form": form, "page": page, "rows": rows, "query": form.query(), "marks": list(inbox_marks())}
    return show(request, "console/received.html", context)


@require_GET
@soc_only
def received_mail(request: PersonRequest, pk: int) -> HttpResponse:
    """One mail that came in: its text only, and how its sender is proven."""
    return show(request, "console/received_mail.html", {"mail": get_object_or_404(_received(request), pk=pk)})


def _copies(request: PersonRequest) -> QuerySet[Delivery]:
    """Copies to customers that this person may see, and those to the SOC's own people."""
    rows = copies_newest_first()
    return access.visible(rows, request.user, customer="message__customer") | rows.filter(message__customer=None)


def _copy(request: PersonRequest, pk: int) -> Delivery:
    return get_object_or_404(_copies(request), pk=pk)


def _received(request: PersonRequest) -> QuerySet[ReceivedMail]:
    rows = received_newest_first()
    return access.visible(rows, request.user) | rows.filter(customer=None)

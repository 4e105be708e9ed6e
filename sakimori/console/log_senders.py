"""By what a contract's syslog senders are known, certificates and addresses: shown, registered and removed."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.log_sender_addresses import (
    NoSenderAddress,
    read_sender_address,
    register_sender_address,
    remove_sender_address,
)
from sakimori.customers.log_senders import Certificate, NoCertificate, read_certificate, register_sender, remove_sender
from sakimori.customers.models import Contract, LogSender
from sakimori.customers.queries import contracts, log_sender_addresses, log_senders
from sakimori.lib.jst import utc_now


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A registered certificate."""

    sender: LogSender
    certificate: Certificate
    is_over: bool


class SenderForm(forms.Form):
    """One certificate in PEM."""

    certificate = forms.CharField(
        label="送信元の証明書（PEM）",
        help_text="syslog を送る側の証明書です。秘密鍵は入力しないでください。",
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        max_length=20_000,
    )


class AddressForm(forms.Form):
    """One address or small network."""

    network = forms.CharField(
        label="送信元のアドレス",
        help_text="このシステムから見た接続元のグローバルアドレスです。1 つのアドレス、または IPv4 は /28 まで、"
        "IPv6 は /64 までの範囲を入力します。例：203.0.113.7、203.0.113.0/28",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        max_length=64,
    )


@require_http_methods(["GET", "POST"])
@soc_only
def senders(request: PersonRequest, pk: int) -> HttpResponse:
    """Show by what a contract's senders are known, and register another certificate."""
    contract = access.get(contracts(), request.user, pk=pk)
    form = SenderForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            certificate = read_certificate(form.cleaned_data["certificate"])
            register_sender(contract, certificate, by=request.user, now=utc_now())
        except NoCertificate as trouble:
            form.add_error("certificate", str(trouble))
        else:
            messages.success(request, "証明書を登録しました。数秒後から受信できます。")
            return _back(contract.pk)
    return _page(request, contract, form, AddressForm())


@require_POST
@soc_only
def add_address(request: PersonRequest, pk: int) -> HttpResponse:
    """Register another address."""
    contract = access.get(contracts(), request.user, pk=pk)
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            network = read_sender_address(form.cleaned_data["network"], training=settings.CONFIG.training)
            register_sender_address(contract, network, by=request.user, now=utc_now())
        except NoSenderAddress as trouble:
            form.add_error("network", str(trouble))
        else:
            messages.success(request, "アドレスを登録しました。次の接続から受信できます。")
            return _back(contract.pk)
    return _page(request, contract, SenderForm(), form)


@require_POST
@soc_only
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove a certificate."""
    sender = access.get(log_senders(), request.user, customer="contract__customer", pk=pk)
    remove_sender(sender, by=request.user, now=utc_now())
    messages.success(request, "証明書を削除しました。この証明書ではもう受信しません。接続中のものも数秒で切断します。")
    return _back(sender.contract_id)


@require_POST
@soc_only
def remove_address(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove an address."""
    row = access.get(log_sender_addresses(), request.user, customer="contract__customer", pk=pk)
    remove_sender_address(row, by=request.user, now=utc_now())
    messages.success(
        request, "アドレスを削除しました。このアドレスからはもう受信しません。接続中のものも数秒で切断します。"
    )
    return _back(row.contract_id)


def _page(request: PersonRequest, contract: Contract, form: SenderForm, address_form: AddressForm) -> HttpResponse:
    now = utc_now()
    context: dict[str, object] = {
        "contract": contract,
        "form": form,
        "address_form": address_form,
        "rows": [_row(sender, now) for sender in contract.log_senders.order_by("pk")],
        "addresses": contract.log_sender_addresses.order_by("pk"),
        "listening": settings.CONFIG.syslog_listen,
    }
    return show(request, "console/log_senders.html", context)


def _back(contract_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:log-senders", args=[contract_id]))


def _row(sender: LogSender, now: datetime) -> SenderRow:
    certificate = read_certificate(sender.certificate)
    return SenderRow(sender, certificate, certificate.ends_at <= now)

"""The certificates of a contract's syslog senders: shown, registered and removed."""

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.log_senders import Certificate, NoCertificate, read_certificate, register_sender, remove_sender
from sakimori.customers.models import LogSender
from sakimori.customers.queries import contracts, log_senders
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


@require_http_methods(["GET", "POST"])
@soc_only
def senders(request: PersonRequest, pk: int) -> HttpResponse:
    """Show a contract's certificates, and register another."""
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
            return HttpResponseRedirect(reverse("console:log-senders", args=[pk]))
    now = utc_now()
    rows = [_row(sender, now) for sender in contract.log_senders.order_by("pk")]
    context: dict[str, object] = {
        "contract": contract,
        "form": form,
        "rows": rows,
        "listening": settings.CONFIG.syslog_listen,
    }
    return show(request, "console/log_senders.html", context)


@require_POST
@soc_only
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove a certificate."""
    sender = access.get(log_senders(), request.user, customer="contract__customer", pk=pk)
    remove_sender(sender, by=request.user, now=utc_now())
    messages.success(request, "証明書を削除しました。この証明書ではもう受信しません。")
    return HttpResponseRedirect(reverse("console:log-senders", args=[sender.contract_id]))


def _row(sender: LogSender, now: object) -> SenderRow:
    certificate = read_certificate(sender.certificate)
    return SenderRow(sender, certificate, certificate.ends_at <= now)  # type: ignore[operator]

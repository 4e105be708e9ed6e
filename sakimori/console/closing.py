"""解約 (chapter 3-1): the day of cancellation, the second person's approval, and the proofs of what was deleted."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.closing import actions
from sakimori.closing.certificate import certificate, counted, file_name
from sakimori.closing.models import Closing
from sakimori.closing.outside import Places
from sakimori.closing.queries import Standing, closing_of, contracts, preview, proofs, standing_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.store.interface import StoreError
from sakimori.reports.queries import unreleased_reports

_log = structlog.get_logger()


class EndForm(forms.Form):
    """The day of the cancellation form (解約申請書)."""

    ends_on = forms.DateField(
        label="解約日",
        help_text="解約申請書に記載された日付です。この日から監視・遮断・ログの受信が止まります。",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "日付を正しく入力してください（例：2026-11-30）。"},
    )


class ApproveForm(forms.Form):
    """The contract number, typed by hand, so that nobody deletes the wrong one by a careless click."""

    typed = forms.CharField(
        label="確認のため、契約番号を入力してください",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract as the list shows it."""

    contract: Contract
    closing: Closing | None
    standing: Standing


@require_GET
@soc_only
def closings(request: PersonRequest) -> HttpResponse:
    """All contracts, those that end first on top, and the proofs of those that are gone."""
    page, shown = page_of(access.visible(contracts(), request.user), request)
    today = day_of(utc_now())
    rows = [ContractRow(contract, closing_of(contract), standing_of(contract, today)) for contract in shown]
    return show(request, "console/closings.html", {"page": page, "rows": rows, "proofs": proofs()[:50]})


@require_GET
@soc_only
def closing(request: PersonRequest, number: str) -> HttpResponse:
    """One contract on its way out, with the forms for what can be done now and a preview of what will go."""
    return _page(request, _contract(request, number))


@require_POST
@soc_only
def enter(request: PersonRequest, number: str) -> HttpResponse:
    """Enter or move the day of cancellation."""
    contract = _contract(request, number)
    form = EndForm(request.POST)
    if not form.is_valid():
        return _page(request, contract, end_form=form)
    ends_on = form.cleaned_data["ends_on"]
    refusal = _try(lambda: actions.enter(contract, ends_on=ends_on, by=request.user, now=utc_now()))
    if refusal:
        form.add_error("ends_on", refusal)
        return _page(request, contract, end_form=form)
    contract = _contract(request, number)
    messages.success(request, f"解約日を {written_day(ends_on)} に設定しました。{_deletes(contract)}")
    return _back(number)


@require_POST
@soc_only
def withdraw(request: PersonRequest, number: str) -> HttpResponse:
    """Take the cancellation back."""
    contract = _contract(request, number)
    refusal = _try(lambda: actions.withdraw(contract, by=request.user, now=utc_now()))
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, "解約を取り消しました。契約は継続します。")
    return _back(number)


@require_POST
@soc_only
def approve(request: PersonRequest, number: str) -> HttpResponse:
    """The second person's yes."""
    contract = _contract(request, number)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _page(request, contract, approve_form=form)
    typed = form.cleaned_data["typed"]
    refusal = _try(lambda: actions.approve(contract, typed=typed, by=request.user, now=utc_now()))
    if refusal:
        form.add_error("typed", refusal)
        return _page(request, contract, approve_form=form)
    messages.success(request, f"データの削除を承認しました。{_deletes(contract)}")
    return HttpResponseRedirect(reverse("console:closings"))


@require_GET
@soc_only
def proof(request: PersonRequest, pk: int) -> HttpResponse:
    """削除証明: what was deleted, when, on whose approval."""
    row = get_object_or_404(proofs(), pk=pk)
    return show(request, "console/proof.html", {"proof": row, "rows": counted(row)})


@require_GET
@soc_only
def proof_pdf(request: PersonRequest, pk: int) -> HttpResponse:  # noqa: ARG001
    """The same as a certificate."""
    row = get_object_or_404(proofs(), pk=pk)
    config = settings.CONFIG
    content = certificate(row, service_name=config.service_name, soc_phone=config.soc_phone)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(row)}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _page(
    request: PersonRequest,
    contract: Contract,
    *,
    end_form: EndForm | None = None,
    approve_form: ApproveForm | None = None,
) -> HttpResponse:
    row, now = closing_of(contract), utc_now()
    context: dict[str, object] = {
        "contract": contract,
        "closing": row,
        "standing": standing_of(contract, day_of(now)),
        "end_form": end_form or EndForm(initial={"ends_on": contract.ends_on}),
        "approve_form": approve_form or ApproveForm(),
        "fixed": actions.why_not_change(contract, row, now),
        "not_you": actions.why_not_approve(row, request.user) if row else "",
    }
    if row is not None:
        context |= _preview(contract)
        context["owed"] = [report.period.written for report in unreleased_reports().filter(contract=contract)]
    return show(request, "console/closing.html", context)


def _preview(contract: Contract) -> dict[str, object]:
    try:
        config = settings.CONFIG
        places = Places(store=backends.log_store(), spool=backends.spool(), data=config.data, drop=config.drop)
        rows, outside, customer_too = preview(contract, places=places)
    except StoreError as error:
        _log.warning("closing.preview.failed", contract=contract.pk, error=str(error)[:300])
        return {"no_preview": True}
    return {"preview": rows, "outside": outside, "customer_too": customer_too}


def _contract(request: PersonRequest, number: str) -> Contract:
    return access.get(contracts(), request.user, number=number)


def _try(action: Callable[[], None]) -> str:
    """The sentence of a refusal; empty when it was done."""
    try:
        action()
    except actions.NotPossible as refusal:
        return str(refusal)
    return ""


def _deletes(contract: Contract) -> str:
    return f"データ削除予定日は {written_day(contract.deletes_on)}です。" if contract.deletes_on else ""


def _back(number: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:closing", args=[number]))

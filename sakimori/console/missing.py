"""欠番: missing numbers that nobody will fill any more are dismissed with a reason, or taken up again."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.inputs import reason_field
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.logs.actions import dismiss_missing, reopen_missing
from sakimori.logs.models import Dismissal, MissingFiles
from sakimori.logs.queries import missing_files


class DismissalForm(forms.Form):
    """What became of the missing numbers, and how one knows."""

    dismissal = forms.ChoiceField(label="対応", choices=[("", "選択してください"), *Dismissal.choices])
    reason = reason_field(
        "ベンダーの回答や取り込んだファイルなど、根拠を 300 文字までご記入ください。監査記録に残ります。"
    )


@require_http_methods(["GET", "POST"])
@soc_only
def missing(request: PersonRequest, pk: int) -> HttpResponse:
    """One hole in the numbers; who dismisses it says why."""
    row = _row(request, pk)
    form = DismissalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        why, reason = Dismissal(form.cleaned_data["dismissal"]), form.cleaned_data["reason"]
        if dismiss_missing(row, why=why, reason=reason, by=request.user, now=utc_now()):
            messages.success(request, f"欠番 {row.span} を対応済みにしました。")
        else:
            messages.error(request, f"欠番 {row.span} は、すでに対応済みです。")
        return HttpResponseRedirect(reverse("console:intake"))
    return show(request, "console/missing.html", {"row": row, "form": form})


@require_POST
@soc_only
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    """It is missing after all."""
    row = _row(request, pk)
    if reopen_missing(row, by=request.user, now=utc_now()):
        messages.success(request, f"欠番 {row.span} を未対応に戻しました。")
    else:
        messages.error(request, f"欠番 {row.span} は、すでに未対応です。")
    return HttpResponseRedirect(reverse("console:missing", args=[pk]))


def _row(request: PersonRequest, pk: int) -> MissingFiles:
    return access.get(missing_files(), request.user, customer="contract__customer", pk=pk)

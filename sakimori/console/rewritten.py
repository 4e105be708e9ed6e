"""書き換えられたファイル: names under which another content came; closed with a reason, or opened again."""

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
from sakimori.logs.actions import close_rewritten, reopen_rewritten
from sakimori.logs.doors import door_label
from sakimori.logs.models import Explanation, RewrittenFile
from sakimori.logs.queries import contents_of, rewritten_files
from sakimori.notify.actions import take_alarm


class ExplanationForm(forms.Form):
    """What the sender's answer was, and how one knows."""

    explanation = forms.ChoiceField(label="確認結果", choices=[("", "選択してください"), *Explanation.choices])
    reason = reason_field("送信元の回答など、根拠を 300 文字までご記入ください。監査記録に残ります。")


@require_http_methods(["GET", "POST"])
@soc_only
def rewritten(request: PersonRequest, pk: int) -> HttpResponse:
    """One case with the contents that the ledger has; who closes it says why."""
    case = _case(request, pk)
    form = ExplanationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        why, reason, now = Explanation(form.cleaned_data["explanation"]), form.cleaned_data["reason"], utc_now()
        if close_rewritten(case, why=why, reason=reason, by=request.user, now=now):
            take_alarm(case.alarm_key, by=request.user, now=now)
            messages.success(request, f"{case.name} を対応済みにしました。")
        else:
            messages.error(request, f"{case.name} は、すでに対応済みか、新しい内容が届きました。")
        return HttpResponseRedirect(reverse("console:intake"))
    files = access.visible(contents_of(case), request.user, customer="contract__customer")
    context = {"case": case, "form": form, "files": files, "door": door_label(case.door)}
    return show(request, "console/rewritten.html", context)


@require_POST
@soc_only
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    """It has to be looked into after all."""
    case = _case(request, pk)
    if reopen_rewritten(case, by=request.user, now=utc_now()):
        messages.success(request, f"{case.name} を未対応に戻しました。")
    else:
        messages.error(request, f"{case.name} は、すでに未対応です。")
    return HttpResponseRedirect(reverse("console:rewritten", args=[pk]))


def _case(request: PersonRequest, pk: int) -> RewrittenFile:
    return access.get(rewritten_files(), request.user, customer="contract__customer", pk=pk)

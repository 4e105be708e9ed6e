"""What an analyst decides about a block: approve, refuse, restore. Each is an action; the page tells the outcome."""

from datetime import datetime
from typing import Protocol

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.blacklist import actions
from sakimori.blacklist.models import Block
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks, findings
from sakimori.console.pages import attempt, back, show
from sakimori.customers import access
from sakimori.lib.jst import utc_now


class RestoreForm(forms.Form):
    """Why an analyst takes an address off the list. The reason stays in the record."""

    reason = forms.CharField(
        label="解除の理由",
        help_text="監査記録に残ります。200 文字までご記入ください。",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class _Decision(Protocol):
    def __call__(self, block: Block, *, by: User, now: datetime) -> None: ...


@require_POST
@soc_only
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """Put the address on the list, or try a failed one again."""
    return _decide(request, pk, actions.approve, "登録を承認しました。")


@require_POST
@soc_only
def refuse(request: PersonRequest, pk: int) -> HttpResponse:
    """Leave the address alone."""
    return _decide(request, pk, actions.refuse, "登録を却下しました。")


@require_POST
@soc_only
def dismiss(request: PersonRequest, pk: int) -> HttpResponse:
    """A finding without a block needs nothing more."""
    row = access.get(findings(), request.user, customer=CUSTOMER_PATH, pk=pk)
    attempt(
        request,
        lambda: actions.dismiss(row, by=request.user, now=utc_now()),
        "検知を確認済みにしました。",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise="console:attacks")


@require_http_methods(["GET", "POST"])
@soc_only
def restore(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the address off the list, with a reason."""
    row = _block(request, pk)
    form = RestoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        attempt(
            request,
            lambda: actions.request_restore(row, by=request.user, reason=reason, now=utc_now()),
            f"{row.address} の解除を受け付けました。",
            refusal=actions.NotPossible,
        )
        return HttpResponseRedirect(reverse("console:block", args=[pk]))
    return show(request, "console/restore.html", {"entry": row, "form": form, "ask_days": settings.CONFIG.ask_days})


def _decide(request: PersonRequest, pk: int, decision: _Decision, done: str) -> HttpResponse:
    row = _block(request, pk)
    attempt(
        request,
        lambda: decision(row, by=request.user, now=utc_now()),
        f"{row.address} の{done}",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise="console:attacks")


def _block(request: PersonRequest, pk: int) -> Block:
    return access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)

"""What an analyst decides about blocks, one or many: approve, refuse, shorten, restore. The page tells the outcome."""

from collections.abc import Sequence

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.blacklist import actions, bulk, stop
from sakimori.blacklist.lasting import Lasting
from sakimori.blacklist.models import Block
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks, blocks_to_decide, findings
from sakimori.console.pages import attempt, back, show, ticked
from sakimori.customers import access
from sakimori.lib.jst import utc_now

_LIST = "console:attacks"
_APPROVED, _REFUSED = "登録を承認しました。", "登録を却下しました。"
_NO_SPAN = "期間を選んでください。"
_TOLD = 5  # Addresses that a message names; the list shows the others.


class RestoreForm(forms.Form):
    """Why an analyst takes an address off the list. The reason stays in the record."""

    reason = forms.CharField(
        label="解除の理由",
        help_text="監査記録に残ります。200 文字までご記入ください。",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_POST
@soc_only
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """Put the address on the list, or try a failed one again."""
    return _tell(request, bulk.approve_all([_block(request, pk)], by=request.user, now=utc_now()), _APPROVED)


@require_POST
@soc_only
def refuse(request: PersonRequest, pk: int) -> HttpResponse:
    """Leave the address alone."""
    return _tell(request, bulk.refuse_all([_block(request, pk)], by=request.user, now=utc_now()), _REFUSED)


@require_POST
@soc_only
def shorten(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the entry an end: a question is approved with it."""
    row, lasting = _block(request, pk), _lasting(request)
    if lasting is None:
        messages.error(request, _NO_SPAN)
        return back(request, otherwise=_LIST)
    attempt(
        request,
        lambda: actions.shorten(row, lasts=lasting.span, by=request.user, now=utc_now()),
        f"{row.address} の期限を {lasting.label}後にしました。",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise=_LIST)


@require_POST
@soc_only
def decide_chosen(request: PersonRequest) -> HttpResponse:
    """One decision about all chosen rows of the list."""
    rows = list(
        access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH).filter(pk__in=ticked(request.POST))
    )
    wish, lasting = request.POST.get("wish"), _lasting(request)
    if not rows:
        messages.error(request, "対象がありません。選択されていないか、すでに判断されています。")
    elif wish == "refuse":
        return _tell(request, bulk.refuse_all(rows, by=request.user, now=utc_now()), _REFUSED)
    elif wish == "approve" or (wish == "shorten" and lasting is not None):
        lasts = lasting.span if wish == "shorten" and lasting else None
        return _tell(request, bulk.approve_all(rows, by=request.user, now=utc_now(), lasts=lasts), _APPROVED)
    else:
        messages.error(request, _NO_SPAN if wish == "shorten" else "操作を選んでください。")
    return back(request, otherwise=_LIST)


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
    return back(request, otherwise=_LIST)


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


def _tell(request: PersonRequest, decided: bulk.Decided, done: str) -> HttpResponse:
    """Say what became of it, and go back to the list."""
    if decided.done:
        held = "一斉停止中のため、再開後に登録します。" if done == _APPROVED and stop.is_on() else ""
        messages.success(request, f"{_named(decided.done)} の{done}{held}")
    if decided.first:
        messages.success(request, f"{_named(decided.first)} は広い範囲のため、別の担当者の承認を待ちます。")
    for address, why in decided.refused[:_TOLD]:
        messages.error(request, why if address in why else f"{address}：{why}")
    if len(decided.refused) > _TOLD:
        messages.error(request, f"ほか {len(decided.refused) - _TOLD} 件は変更できませんでした。")
    return back(request, otherwise=_LIST)


def _named(addresses: Sequence[str]) -> str:
    """The first few addresses, and how many there are besides."""
    more = len(addresses) - _TOLD
    return "、".join(addresses[:_TOLD]) + (f" ほか {more} 件" if more > 0 else "")


def _lasting(request: PersonRequest) -> Lasting | None:
    given = request.POST.get("lasts", "")
    return Lasting(given) if given in Lasting.values else None


def _block(request: PersonRequest, pk: int) -> Block:
    return access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)

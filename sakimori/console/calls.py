"""架電: rounds of calls, what came of each call, and the sheet from which an operator dials by hand.

Two keys write a result down: its digit, and Enter (`static/console/call_sheet.js`; without scripts the same by mouse).
"""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.call_filter import CallFilter
from sakimori.console.pages import attempt, show
from sakimori.customers import access
from sakimori.lib.jst import utc_now
from sakimori.notify import by_hand
from sakimori.notify.actions import NotPossible
from sakimori.notify.models import CallRound, CallState, RoundState
from sakimori.notify.queries import rounds
from sakimori.notify.spoken import for_sheet

_RESULT_WORDS = {
    CallState.CONFIRMED: "お話しできた",
    CallState.BUSY: "話し中",
    CallState.NO_ANSWER: "応答なし",
    CallState.MACHINE: "留守番電話",
    CallState.DECLINED: "対応不可",
    CallState.FAILED: "番号が使われていない",
}


class StopForm(forms.Form):
    """Why nobody else is called."""

    reason = forms.CharField(
        label="中止の理由",
        help_text="架電の記録に残ります。200 文字までご記入ください。",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ResultForm(forms.Form):
    """What came of a call dialled by hand: the button that was pressed, and with whom the operator spoke."""

    spoke_with = forms.CharField(
        label="お話しした方のお名前",
        help_text="「お話しできた」の場合は必ずご記入ください。",
        max_length=100,
        required=False,
    )
    result = forms.ChoiceField(choices=list(_RESULT_WORDS.items()), widget=forms.HiddenInput)


@require_GET
@soc_only
def calls(request: PersonRequest) -> HttpResponse:
    """Rounds, the newest first, at first only those to customers. All that an operator must dial stand above."""
    rows = _rounds(request)
    waiting = rows.filter(state=RoundState.RUNNING, by_hand=True).order_by("started_at", "pk")
    form = CallFilter(request.GET, user=request.user)
    page, _ = page_of(form.narrow(rows), request)
    context = {"page": page, "waiting": list(waiting), "form": form, "query": form.query()}
    return show(request, "console/calls.html", context)


@require_GET
@soc_only
def call_round(request: PersonRequest, pk: int) -> HttpResponse:
    """One round: each call with its times and result, and the sheet while an operator dials."""
    return _show_round(request, _round(request, pk))


@require_POST
@soc_only
def begin(request: PersonRequest, pk: int) -> HttpResponse:
    """The operator is about to dial the next person."""
    row = _round(request, pk)
    attempt(request, lambda: by_hand.begin_call(row, by=request.user, now=utc_now()), "", refusal=NotPossible)
    return HttpResponseRedirect(reverse("console:call-round", args=[pk]))


@require_POST
@soc_only
def result(request: PersonRequest, pk: int) -> HttpResponse:
    """The operator says what came of the call that is under way."""
    row = _round(request, pk)
    call = by_hand.call_on_sheet(row)
    form = ResultForm(request.POST)
    if call is not None and not form.is_valid():
        messages.error(request, "結果を選んでください。")
    elif call is not None:
        chosen = CallState(form.cleaned_data["result"])
        spoke_with = form.cleaned_data["spoke_with"]
        attempt(
            request,
            lambda: by_hand.enter_result(call, chosen, spoke_with=spoke_with, by=request.user, now=utc_now()),
            f"{call.name} 様への架電の結果「{_RESULT_WORDS[chosen]}」を記録しました。",
            refusal=NotPossible,
        )
    else:
        messages.error(request, "この架電は、既に終了しています。")
    return HttpResponseRedirect(reverse("console:call-round", args=[pk]))


@require_http_methods(["GET", "POST"])
@soc_only
def stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Call nobody else, with a reason."""
    row = _round(request, pk)
    form = StopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        attempt(
            request,
            lambda: by_hand.stop_round(row, by=request.user, reason=reason, now=utc_now()),
            "架電を中止しました。",
            refusal=NotPossible,
        )
        return HttpResponseRedirect(reverse("console:call-round", args=[pk]))
    return show(request, "console/call_stop.html", {"round": row, "form": form})


def _show_round(request: PersonRequest, row: CallRound) -> HttpResponse:
    call = by_hand.call_on_sheet(row) if row.by_hand else None
    form = ResultForm(initial={"spoke_with": call.name if call else ""})
    context: dict[str, object] = {
        "round": row,
        "call": call,
        "words": for_sheet(settings.CONFIG.service_name, call.name, row.say) if call else (),
        "form": form,
        "results": [(number, state.value, word) for number, (state, word) in enumerate(_RESULT_WORDS.items(), start=1)],
        "matters": list(row.matters.all()),
        "customer": row.customer,
    }
    return show(request, "console/call_round.html", context)


def _rounds(request: PersonRequest) -> QuerySet[CallRound]:
    """Rounds to customers that this person may see, and those to the SOC's own people."""
    return access.visible(rounds(), request.user) | rounds().filter(customer=None)


def _round(request: PersonRequest, pk: int) -> CallRound:
    return get_object_or_404(_rounds(request), pk=pk)

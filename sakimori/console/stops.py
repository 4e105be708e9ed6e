"""一斉停止: the switch by which the SOC's managers keep everything off every list, and when it was on before."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, manager_only, soc_only
from sakimori.accounts.inputs import reason_field
from sakimori.accounts.models import SocRole
from sakimori.accounts.paging import page_of
from sakimori.blacklist import stop as switch
from sakimori.blacklist.queries import held_by_stop
from sakimori.console.pages import show
from sakimori.lib.jst import utc_now


class ReasonForm(forms.Form):
    """Why the switch is turned, and a tick that it is meant."""

    reason = reason_field("すべてのコンソール画面に表示し、履歴に残ります。200 文字までご記入ください。", longest=200)
    sure = forms.BooleanField(label="内容を確認しました")


@require_GET
@soc_only
def stop(request: PersonRequest) -> HttpResponse:
    """Where it stands, the button for managers, and the stops of the past."""
    return _page(request, ReasonForm())


@require_POST
@manager_only
def turn_on(request: PersonRequest) -> HttpResponse:
    """Nothing is put on any list any more."""
    return _turn(request, on=True)


@require_POST
@manager_only
def turn_off(request: PersonRequest) -> HttpResponse:
    """Everything runs again."""
    return _turn(request, on=False)


def _turn(request: PersonRequest, *, on: bool) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    hand = switch.Hand(request.user.username, request.user.shown_name)
    turn = switch.stop if on else switch.go
    if turn(by=hand, reason=form.cleaned_data["reason"], now=utc_now()):
        messages.success(request, "一斉停止しました。" if on else "停止を解除し、再開しました。")
    else:
        messages.error(request, "すでに停止しています。" if on else "停止していません。")
    return HttpResponseRedirect(reverse("console:stop"))


def _page(request: PersonRequest, form: ReasonForm) -> HttpResponse:
    context: dict[str, object] = {
        "form": form,
        "may_turn": request.user.soc_role == SocRole.MANAGER,
        "held": held_by_stop(),
        "page": page_of(switch.past_stops(), request)[0],
    }
    return show(request, "console/stop.html", context)

"""当番表: who is on duty now and in the weeks to come, which hours nobody covers, and how managers change it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.lib.jst import utc_now
from sakimori.notify import roster as roster_rows
from sakimori.notify.actions import NotPossible


class _PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice among the SOC's people, with what keeps somebody from being told."""

    def label_from_instance(self, obj: Any) -> str:
        lacking = [word for value, word in ((obj.phone, "電話番号"), (obj.email, "メールアドレス")) if not value]
        return f"{obj.shown_name}（{'・'.join(lacking)}なし）" if lacking else obj.shown_name


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class ShiftForm(forms.Form):
    """A shift to be added; times are Japanese."""

    starts_at = forms.DateTimeField(label="開始（日本時間）", widget=_moment())
    ends_at = forms.DateTimeField(label="終了（日本時間）", widget=_moment())

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        people = roster_rows.soc_people()
        choose = "選んでください"
        self.fields["on_duty"] = _PersonField(people, label="当番", empty_label=choose)
        self.fields["deputy"] = _PersonField(people, label="副当番（任意）", required=False, empty_label="なし")
        self.fields["manager"] = _PersonField(people, label="責任者", empty_label=choose)


@require_http_methods(["GET", "POST"])
@soc_only
def roster(request: PersonRequest) -> HttpResponse:
    """The roster; a manager's form adds a shift."""
    form = ShiftForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _added(form, request.user):
        messages.success(request, "当番を登録しました。")
        return HttpResponseRedirect(reverse("console:roster"))
    now = utc_now()
    page, _ = page_of(roster_rows.shifts().filter(ends_at__gt=now), request)
    context: dict[str, object] = {
        "page": page,
        "now": now,
        "gaps": roster_rows.uncovered(now),
        "days": roster_rows.LOOK_AHEAD.days,
        "form": form,
        "may_change": roster_rows.may_change(request.user),
    }
    return show(request, "console/roster.html", context)


@require_POST
@soc_only
def delete(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a shift off the roster."""
    shift = get_object_or_404(roster_rows.shifts(), pk=pk)
    try:
        roster_rows.delete_shift(shift, by=request.user, now=utc_now())
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "当番を削除しました。")
    return HttpResponseRedirect(reverse("console:roster"))


def _added(form: ShiftForm, by: User) -> bool:
    try:
        roster_rows.add_shift(**form.cleaned_data, by=by, now=utc_now())
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    return True

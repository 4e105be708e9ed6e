"""通知メールのパターン: how the vendor's mails are understood; changed and tried here.

Trying shows which pattern fits a pasted or a received mail and what would happen. Nothing is changed by it.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.console.pages import show
from sakimori.console.vendor_mails import visible_mails
from sakimori.incidents.mail_tasks import NotPossible, patterns, readings, save_pattern
from sakimori.incidents.mail_trial import Trial, try_patterns
from sakimori.incidents.models import MailKind, MailPattern
from sakimori.incidents.patterns import Expressions, WrongPattern, check_expression, check_pattern
from sakimori.incidents.vendor_mails import active_patterns
from sakimori.lib.jst import utc_now

_MOST_PASTED = 20_000
_VERSIONS = 10


class MailForm(forms.Form):
    """A mail to try patterns on."""

    mail_subject = forms.CharField(label="試すメールの件名", max_length=300, required=False)
    mail_text = forms.CharField(
        label="試すメールの本文",
        help_text=f"{_MOST_PASTED:,} 文字まで貼り付けられます。",
        max_length=_MOST_PASTED,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def tried(self, wanted: list[Expressions]) -> Trial:
        """How the mail is understood by these patterns."""
        subject, text = self.cleaned_data["mail_subject"], self.cleaned_data["mail_text"]
        return try_patterns(wanted, subject=subject, text=text, now=utc_now())


class PatternForm(MailForm):
    """A pattern, and below it a mail to try it on."""

    name = forms.CharField(label="名称", max_length=60)
    kind = forms.ChoiceField(label="種類", choices=MailKind.choices)
    subject = forms.CharField(
        label="件名の正規表現",
        help_text="大文字と小文字は区別しません。空欄の場合は、どの件名にも当てはまります。",
        max_length=300,
        required=False,
        strip=False,
    )
    text = forms.CharField(
        label="本文の正規表現",
        help_text="サイトのドメイン名にあたる部分を (?P<site>…) で囲みます。^ と $ は行の始まりと終わりを表します。",
        max_length=600,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_active = forms.BooleanField(label="このパターンを使用する", required=False)

    def clean_subject(self) -> str:
        """An expression that can be used."""
        return _checked(self.cleaned_data["subject"])

    def clean_text(self) -> str:
        """An expression that can be used."""
        return _checked(self.cleaned_data["text"])

    def clean(self) -> dict[str, Any]:
        """The two make a pattern."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                check_pattern(self.expressions)
            except WrongPattern as refusal:
                self.add_error(None, str(refusal))
        return cleaned

    @property
    def expressions(self) -> Expressions:
        """The pattern as it was typed."""
        data = self.cleaned_data
        return Expressions(data["name"], MailKind(data["kind"]), data["subject"], data["text"])

    def pattern_fields(self) -> list[forms.BoundField]:
        """What makes the pattern."""
        return [self[name] for name in ("name", "kind", "subject", "text", "is_active")]

    def mail_fields(self) -> list[forms.BoundField]:
        """The mail to try it on."""
        return [self[name] for name in ("mail_subject", "mail_text")]


@require_http_methods(["GET", "POST"])
@soc_only
def all_patterns(request: PersonRequest) -> HttpResponse:
    """The list, and a mail to try all of them on: pasted, or with `?mail=` one that was received."""
    form = MailForm(request.POST if request.method == "POST" else None, initial=_received(request))
    trial = form.tried(active_patterns()) if request.method == "POST" and form.is_valid() else None
    return show(request, "console/mail_patterns.html", {"patterns": list(patterns()), "form": form, "trial": trial})


@require_http_methods(["GET", "POST"])
@soc_only
def new(request: PersonRequest) -> HttpResponse:
    """Write one."""
    return _page(request, None)


@require_http_methods(["GET", "POST"])
@soc_only
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Change one."""
    return _page(request, get_object_or_404(patterns(), pk=pk))


def _page(request: PersonRequest, row: MailPattern | None) -> HttpResponse:
    form = PatternForm(
        request.POST if request.method == "POST" else None, initial={**_initial(row), **_received(request)}
    )
    trial = None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "try":
            trial = form.tried([form.expressions])
        elif _saved(request, form, row):
            return HttpResponseRedirect(reverse("console:mail-patterns"))
    versions = list(row.versions.select_related("changed_by")[:_VERSIONS]) if row else []
    context: dict[str, object] = {"form": form, "pattern": row, "trial": trial, "versions": versions}
    return show(request, "console/mail_pattern.html", context)


def _saved(request: PersonRequest, form: PatternForm, row: MailPattern | None) -> bool:
    """A refusal stands in the form, which keeps what was typed."""
    active = form.cleaned_data["is_active"]
    try:
        save_pattern(row, form.expressions, is_active=active, by=request.user, now=utc_now())
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, "パターンを保存しました。これから届く通知メールに適用します。")
    return True


def _checked(expression: str) -> str:
    try:
        check_expression(expression)
    except WrongPattern as refusal:
        raise forms.ValidationError(str(refusal)) from refusal
    return expression


def _initial(row: MailPattern | None) -> dict[str, object]:
    if row is None:
        return {"is_active": True}
    return {name: getattr(row, name) for name in ("name", "kind", "subject", "text", "is_active")}


def _received(request: PersonRequest) -> dict[str, object]:
    """The mail that `?mail=` names, where there is one."""
    key = request.GET.get("mail", "")
    if not (key.isascii() and key.isdecimal() and len(key) < 19):
        return {}
    reading = visible_mails(request, readings()).filter(pk=int(key)).first()
    if reading is None:
        return {}
    return {"mail_subject": reading.mail.subject, "mail_text": reading.mail.text[:_MOST_PASTED]}

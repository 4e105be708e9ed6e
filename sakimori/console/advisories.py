"""Security news at the desk: written by one person, approved by a second, and how far the mails are."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.advisories import actions, checking, texts
from sakimori.advisories.models import Advisory, AdvisoryState
from sakimori.advisories.queries import advisories, progress, refused_copies
from sakimori.console.pages import attempt, show
from sakimori.lib.jst import utc_now


class AdvisoryForm(forms.Form):
    """What is written: checked by `advisories/checking.py`, so that every refusal is one clear sentence."""

    title = forms.CharField(
        label="件名",
        help_text=f"メールの件名になります。{checking.LONGEST_TITLE} 文字まで。",
        required=False,
        widget=forms.TextInput(attrs={"aria-required": "true"}),
    )
    body = forms.CharField(
        label="本文",
        help_text=f"書式のない文章として、このままお客様に届きます。{checking.LONGEST_BODY:,} 文字まで。",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "aria-required": "true"}),
    )
    sources = forms.CharField(
        label="情報源（任意）",
        help_text=f"URL を 1 行に 1 件、{checking.MOST_SOURCES} 件まで入力できます。",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_title(self) -> str:
        """One line."""
        return self._fit(lambda: checking.clean_line(self.cleaned_data["title"], "件名"))

    def clean_body(self) -> str:
        """Plain text."""
        return self._fit(lambda: checking.clean_body(self.cleaned_data["body"]))

    def clean_sources(self) -> str:
        """Web addresses."""
        return self._fit(lambda: checking.clean_sources(self.cleaned_data["sources"]))

    def _fit(self, clean: Callable[[], str]) -> str:
        try:
            return clean()
        except checking.Unfit as error:
            raise forms.ValidationError(str(error)) from error


@require_GET
@soc_only
def all_advisories(request: PersonRequest) -> HttpResponse:
    """情報提供: every advisory, the newest first."""
    page, _ = page_of(advisories(), request)
    return show(request, "console/advisories.html", {"page": page})


@require_http_methods(["GET", "POST"])
@soc_only
def new(request: PersonRequest) -> HttpResponse:
    """Write one."""
    form = AdvisoryForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        advisory = actions.write(**form.cleaned_data, by=request.user, now=utc_now())
        messages.success(request, "下書きを保存しました。別の担当者が承認すると配信されます。")
        return _back(advisory)
    return show(request, "console/advisory_form.html", {"form": form, "advisory": None})


@require_http_methods(["GET", "POST"])
@soc_only
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    found = _advisory(pk)
    initial = {"title": found.title, "body": found.body, "sources": found.sources}
    form = AdvisoryForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        texts_of_form = form.cleaned_data
        return _try(
            request,
            found,
            lambda: actions.change(found, **texts_of_form, by=request.user, now=utc_now()),
            "下書きを変更しました。",
        )
    return show(request, "console/advisory_form.html", {"form": form, "advisory": found})


@require_GET
@soc_only
def advisory(request: PersonRequest, pk: int) -> HttpResponse:
    """One advisory: as customers will read it, the approval, and how far the mails are."""
    found = _advisory(pk)
    config = settings.CONFIG
    letter = texts.Letterhead(config.service_name, "（お客様名）", ["（契約番号）"], config.soc_phone)
    approved = found.state == AdvisoryState.APPROVED
    context = {
        "advisory": found,
        "subject": texts.subject(letter, found.title),
        "draft": found.state == AdvisoryState.DRAFT,
        "own": request.user.pk in (found.written_by_id, found.changed_by_id),
        "seen": actions.seen_mark(found),
        "progress": progress(found) if approved else None,
        "refused": refused_copies(found) if approved else [],
    }
    return show(request, "console/advisory.html", context)


@require_POST
@soc_only
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """A second person lets it go out."""
    found = _advisory(pk)
    return _try(
        request,
        found,
        lambda: actions.approve(found, seen=request.POST.get("seen", ""), by=request.user, now=utc_now()),
        "承認しました。契約中のすべてのお客様の連絡先へ、順に配信します。",
    )


@require_POST
@soc_only
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    found = _advisory(pk)
    return _try(
        request, found, lambda: actions.withdraw(found, by=request.user, now=utc_now()), "下書きを取り下げました。"
    )


def _try(request: PersonRequest, found: Advisory, action: Callable[[], None], done: str) -> HttpResponse:
    attempt(request, action, done, refusal=actions.NotPossible)
    return _back(found)


def _advisory(pk: int) -> Advisory:
    return get_object_or_404(advisories(), pk=pk)


def _back(found: Advisory) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:advisory", args=[found.pk]))

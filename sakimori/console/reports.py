"""Monthly reports at the desk: what is owed and until when, the draft with its preview, and the release."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import show
from sakimori.customers import access
from sakimori.lib.countries import country_name
from sakimori.lib.jst import day_of, utc_now
from sakimori.reports import actions, wording
from sakimori.reports.figures import Figures, Tally, from_json
from sakimori.reports.models import Report, ReportState
from sakimori.reports.queries import CUSTOMER_PATH, reports
from sakimori.reports.schedule import Countdown, countdown


class DraftForm(forms.Form):
    """The analyst's words. They may follow later, but without them nobody can release the report."""

    comment = forms.CharField(
        label="所見",
        help_text="お客様のレポートに掲載されます。2,000 文字まで。空欄のまま下書きを作成し、後から追記できます。",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report as the list shows it. countdown: None once it is released."""

    report: Report
    countdown: Countdown | None


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Attacks of one kind or from one address, with numbers as people write them."""

    label: str
    country: str
    blocked: str
    passed: str
    total: str


def _tally(label: str, tally: Tally, *, country: str = "") -> TallyRow:
    return TallyRow(label, country, f"{tally.blocked:,}", f"{tally.passed:,}", f"{tally.total:,}")


@require_GET
@soc_only
def all_reports(request: PersonRequest) -> HttpResponse:
    """レポート: every report, the newest month first, with the time that is left."""
    page, shown = page_of(access.visible(reports(), request.user, customer=CUSTOMER_PATH), request)
    return show(request, "console/reports.html", {"page": page, "rows": [_row(report) for report in shown]})


@require_http_methods(["GET", "POST"])
@soc_only
def report(request: PersonRequest, pk: int) -> HttpResponse:
    """One report: figures as they are frozen, the comment, preview and release. POST makes the draft (anew)."""
    found = _report(request, pk)
    form = DraftForm(request.POST if request.method == "POST" else None, initial={"comment": found.comment})
    if request.method == "POST" and form.is_valid():
        return _drafted(request, found, form.cleaned_data["comment"])
    figures = from_json(found.figures) if found.figures is not None else None
    context = {
        "row": _row(found),
        "report": found,
        "form": form,
        "figures": figures,
        "told": _told(figures) if figures else {},
        "seen": actions.seen_mark(found),
        "released": found.state == ReportState.RELEASED,
        "own": found.drafted_by_id == request.user.pk,
    }
    return show(request, "console/report.html", context)


@require_POST
@soc_only
def release(request: PersonRequest, pk: int) -> HttpResponse:
    """A second person publishes the draft that he has read."""
    found = _report(request, pk)
    try:
        actions.release(found, seen=request.POST.get("seen", ""), by=request.user, now=utc_now())
    except actions.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "レポートを公開し、お客様の連絡先すべてへメールでお知らせします。")
    return _back(found)


@require_GET
@soc_only
def pdf(request: PersonRequest, pk: int) -> HttpResponse:
    """The PDF: that which was released, or the draft as it would be."""
    found = _report(request, pk)
    released = found.state == ReportState.RELEASED
    try:
        if released:
            content = actions.read_pdf(found, by=request.user, now=utc_now())
        else:
            content = actions.preview(found, now=utc_now())
    except actions.NotPossible as refusal:
        messages.error(request, str(refusal))
        return _back(found)
    name = wording.file_name(found.contract.customer.name, found.month)
    disposition = content_disposition_header(released, name if released else f"下書き_{name}")
    return HttpResponse(content, content_type="application/pdf", headers={"Content-Disposition": disposition or ""})


def _drafted(request: PersonRequest, found: Report, comment: str) -> HttpResponse:
    try:
        actions.draft(found, comment=comment, store=backends.log_store(), by=request.user, now=utc_now())
    except actions.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "集計し直して、下書きを保存しました。公開は別の担当者が行います。")
    return _back(found)


def _told(figures: Figures) -> dict[str, object]:
    """The figures in words and named rows."""
    return {
        "headline": wording.headline(figures),
        "period": wording.period(figures),
        "good": wording.good_traffic(figures.good),
        "notes": wording.completeness(figures),
        "attacks": wording.attacks(figures),
        "kinds": [_tally(wording.kind_label(figure.kind), figure.tally) for figure in figures.kinds],
        "sources": [
            _tally(figure.address, figure.tally, country=country_name(figure.country)) for figure in figures.sources
        ],
    }


def _row(found: Report) -> ReportRow:
    if found.state == ReportState.RELEASED:
        return ReportRow(found, None)
    return ReportRow(found, countdown(found.due_on, day_of(utc_now())))


def _report(request: PersonRequest, pk: int) -> Report:
    return access.get(reports(), request.user, customer=CUSTOMER_PATH, pk=pk)


def _back(found: Report) -> HttpResponse:
    return HttpResponseRedirect(reverse("console:report", args=[found.pk]))

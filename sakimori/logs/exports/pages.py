"""Downloads of the log as both faces show them: at once, as a bundle that is made meanwhile, and the list of those.

A face decides who may see the contract or the export and hands it over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from sakimori.accounts.gates import PersonRequest
from sakimori.accounts.pace import is_too_fast
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.customers import files
from sakimori.lib.jst import JST
from sakimori.logs import search
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports import actions
from sakimori.logs.exports.actions import AT_ONCE, UNFINISHED, NotPossible
from sakimori.logs.exports.asked import NotUnderstood, in_words, kept_part, query_of
from sakimori.logs.exports.writing import as_lines, as_table
from sakimori.logs.models import Export, ExportForm, ExportState
from sakimori.logs.pages import TROUBLE, Face, Sought
from sakimori.logs.search_address import query_string
from sakimori.logs.store.interface import StoreError

_log = structlog.get_logger()
_MOST, _WINDOW = 20, timedelta(minutes=10)
_DIGITS = 19  # So many a key has not.
_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
_TYPES = {ExportForm.CSV: ("text/csv; charset=utf-8", "csv"), ExportForm.LINES: ("text/plain; charset=utf-8", "log")}
_TONES = {
    ExportState.WAITING: "wait",
    ExportState.RUNNING: "wait",
    ExportState.READY: "done",
    ExportState.FAILED: "trouble",
    ExportState.CANCELLED: "",
}


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An export in the list. words: the conditions besides the period."""

    export: Export
    begins: datetime | None
    ends: datetime | None
    words: str
    tone: str
    is_ready: bool
    is_moving: bool


class _Refused(Exception):
    """It cannot be downloaded; the text is a Japanese sentence."""


def download(request: PersonRequest, sought: Sought) -> HttpResponseBase:
    """What was sought as a file: at once if it is small and no bundle was wanted, else as an export."""
    if is_too_fast("log-download", request.user, most=_MOST, window=_WINDOW):
        return render(request, "429.html", status=429)
    given = request.POST.get("query", "")
    try:
        query, form = _asked(sought, given, request.POST.get("form", ""))
        total = _count(sought, query)
        if total <= AT_ONCE and "bundle" not in request.POST:
            actions.note_download(sought.contract, query, form=form, total=total, by=request.user, now=sought.now)
            return _streamed(sought, query, form)
        actions.ask(sought.contract, query, form=form, total=total, by=request.user, now=sought.now)
    except (_Refused, NotPossible) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(f"{reverse(f'{sought.face.space}:logs')}?{_back(sought, given)}")
    messages.success(request, "ダウンロードの作成を受け付けました。作成が終わると、この画面からダウンロードできます。")
    return HttpResponseRedirect(reverse(f"{sought.face.space}:log-exports"))


def exports_page(
    request: PersonRequest, face: Face, rows: QuerySet[Export], *, further: dict[str, object]
) -> HttpResponse:
    """The list of exports, which asks for its progress while one is being made."""
    return render(request, "logs/exports.html", {**_listed(request, face, rows), "frame": face.frame, **further})


def progress(request: PersonRequest, face: Face, rows: QuerySet[Export]) -> HttpResponse:
    """What changed of those that were being made when the page last asked (parameters `moving`).

    The answer asks again for those that still are; when none is, it holds nothing that would ask.
    """
    asked = [int(text) for text in request.GET.getlist("moving")[:PER_PAGE] if text.isdecimal() and len(text) < _DIGITS]
    shown = [_row(export) for export in rows.filter(pk__in=asked)]
    return render(request, "logs/exports_progress.html", _context(face, shown))


def fetch(request: PersonRequest, export: Export, face: Face, *, now: datetime) -> HttpResponseBase:
    """The bundle. One that is not ready, or whose file is gone, does not exist."""
    if export.state != ExportState.READY:
        raise Http404("見つかりません")
    path = files.path_of(export.contract.customer, export.stored_name)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Http404("見つかりません") from None
    try:
        actions.note_fetching(export, by=request.user, now=now)
    except NotPossible as refusal:
        file.close()
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(f"{face.space}:log-exports"))
    name = f"{export.contract.number}_{export.asked_at.astimezone(JST):%Y%m%d-%H%M%S}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip", headers=_HEADERS)


def drop(request: PersonRequest, export: Export, face: Face, *, now: datetime) -> HttpResponse:
    """Take it back."""
    actions.drop(export, by=request.user, now=now)
    done = "作成を中止しました。" if export.state in UNFINISHED else "ダウンロードを削除しました。"
    messages.success(request, done)
    return HttpResponseRedirect(reverse(f"{face.space}:log-exports"))


def _asked(sought: Sought, given: str, form: str) -> tuple[LogQuery, ExportForm]:
    try:
        query = query_of(sought.contract.pk, given)
        form_ = ExportForm(form)
    except (NotUnderstood, ValueError):
        raise _Refused("ダウンロードする条件を読み取れません。もう一度検索してください。") from None
    part = kept_part(query, sought.kept_from)
    if part is None:
        raise _Refused("この期間のログは保管されていません。")
    return part, form_


def _count(sought: Sought, query: LogQuery) -> int:
    try:
        total = search.count(sought.store, query)
    except StoreError as error:
        _log.warning(
            "logs.download.failed", contract=sought.contract.pk, error=f"{type(error).__name__}: {error}"[:300]
        )
        raise _Refused(TROUBLE) from None
    if not total:
        raise _Refused("条件に合うログはありません。")
    return total


def _streamed(sought: Sought, query: LogQuery, form: ExportForm) -> StreamingHttpResponse:
    """Row by row, so that memory does not grow. Events that arrive meanwhile may come too."""
    kind, ending = _TYPES[form]
    rows = islice(search.walk(sought.store, query), 2 * AT_ONCE)
    pieces = as_table(rows) if form is ExportForm.CSV else as_lines(rows)
    begins, ends = (moment.astimezone(JST).strftime("%Y%m%d-%H%M") for moment in (query.begins, query.ends))
    name = f"{sought.contract.number}_{begins}_{ends}.{ending}"
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return StreamingHttpResponse(pieces, content_type=kind, headers={**_HEADERS, "Content-Disposition": disposition})


def _back(sought: Sought, given: str) -> str:
    """The search that the person came from; only its contract where it cannot be understood."""
    try:
        return query_string(query_of(sought.contract.pk, given), contract=sought.contract.number)
    except NotUnderstood:
        return f"contract={sought.contract.number}"


def _listed(request: PersonRequest, face: Face, rows: QuerySet[Export]) -> dict[str, object]:
    page, exports = page_of(rows, request)
    shown = [_row(export) for export in exports]
    return {"page": page, **_context(face, shown)}


def _context(face: Face, shown: Sequence[ExportRow]) -> dict[str, object]:
    moving = [row.export.pk for row in shown if row.is_moving]
    return {
        "rows": shown,
        "moving": moving,
        "is_moving": bool(moving),
        "space": face.space,
        "logs_address": reverse(f"{face.space}:logs"),
        "progress_address": reverse(f"{face.space}:log-exports-progress"),
        "fetch_name": f"{face.space}:log-export",
        "drop_name": f"{face.space}:log-export-drop",
    }


def _row(export: Export) -> ExportRow:
    try:
        query = query_of(export.contract_id, export.query)
    except NotUnderstood:
        query = None
    return ExportRow(
        export=export,
        begins=query.begins if query else None,
        ends=query.ends if query else None,
        words=in_words(query) if query else "",
        tone=_TONES[ExportState(export.state)],
        is_ready=export.state == ExportState.READY,
        is_moving=export.state in UNFINISHED,
    )

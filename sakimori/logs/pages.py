"""The log search (chapter 2-5-1) as both faces show it: the list with its chart, the lists of values, a single event.

A face decides who may see the contract and hands it over; what the SOC reads is recorded before the store is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from sakimori.accounts.gates import PersonRequest
from sakimori.accounts.paging import PER_PAGE
from sakimori.customers.models import Contract
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import start_of_day
from sakimori.logs import periods, search
from sakimori.logs.actions import note_event, note_reading
from sakimori.logs.arrival import arrival_of
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.chart import HEIGHT, PLOT_HEIGHT, TOP, chart_of
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports.actions import AT_ONCE
from sakimori.logs.filters import By, Filter
from sakimori.logs.links import Links
from sakimori.logs.search_form import SearchForm
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.logs.timeline import Split, rows_of_page, timeline
from sakimori.logs.top_lists import TOP_LISTS, tops
from sakimori.logs.wording import details_of, log_row

_log = structlog.get_logger()
TROUBLE = (
    "検索を完了できませんでした。期間を短くするか、IP アドレスで絞り込んで、しばらくしてからもう一度お試しください。"
)
_DRAWING = {"height": HEIGHT, "top": TOP, "bottom": TOP + PLOT_HEIGHT, "plot": PLOT_HEIGHT}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UP_TO = 2**63


@dataclass(frozen=True, slots=True)
class Face:
    """Which face shows the page: the space of its addresses and the template that frames it."""

    space: str
    frame: str


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose log is sought, by whom, and when. kept_from: the first day of Japan whose log is kept."""

    face: Face
    contract: Contract
    store: LogStore
    kept_from: date
    now: datetime


def search_page(
    request: PersonRequest, sought: Sought, *, contracts: Sequence[Contract], further: dict[str, object]
) -> HttpResponse:
    """The search and what it finds. contracts: those among which the person may choose."""
    form, split = _form(request, sought), _split(request.GET)
    context: dict[str, object] = {**_frame(sought), "contracts": contracts, "form": form, "split": split, **further}
    context["arrival"] = arrival_of(sought.contract, kept_from=sought.kept_from, now=sought.now)
    if form.is_valid():
        query = form.sought()
        _note(request, sought, query)
        links = Links(query, sought.contract.number, split)
        context |= {
            "links": _steps(links, sought),
            "chips": links.chips(),
            "query": links.parameters(query),
            **_found(sought, links, request.GET.get("page", "1")),
            "lists": _lists(sought, links) if "lists" in request.GET else None,
        }
    return render(request, "logs/search.html", context)


def lists_page(request: PersonRequest, sought: Sought) -> HttpResponse:
    """Only the lists of the most frequent values, for the script that fetches them after the page."""
    form = _form(request, sought)
    if not form.is_valid():
        raise Http404("見つかりません")
    query = form.sought()
    _note(request, sought, query)
    links = Links(query, sought.contract.number, _split(request.GET))
    return render(request, "logs/lists.html", {**_frame(sought), "lists": _lists(sought, links)})


def event_page(
    request: PersonRequest, sought: Sought, place: search.Place, *, further: dict[str, object]
) -> HttpResponse:
    """Everything of one event: a page of its own, or what the list's drawer shows when a script asks for it.

    What is older than what is kept is not there, even where the store has not let go of it yet.
    """
    if place.time < start_of_day(sought.kept_from):
        raise Http404("見つかりません")
    if request.user.is_soc:
        note_event(sought.contract, place, by=request.user, now=sought.now)
    context: dict[str, object] = {**_frame(sought), **further}
    try:
        row = search.event_at(sought.store, sought.contract.pk, place)
    except StoreError as error:
        context["trouble"] = _told(error, sought)
    else:
        if row is None:
            raise Http404("見つかりません")
        context |= _event(request, sought, row)
    is_part = "HX-Request" in request.headers
    return render(request, "logs/event_body.html" if is_part else "logs/event.html", context)


def place_of(at: int, file_id: int, line_no: int) -> search.Place:
    """The place that an address names. Http404 where no event can lie."""
    try:
        moment = _EPOCH + timedelta(milliseconds=at)
    except OverflowError:
        raise Http404("見つかりません") from None
    if not (moment.year < 2200 and file_id < _UP_TO and line_no < 2**32):
        raise Http404("見つかりません")
    return search.Place(moment, file_id, line_no)


def _frame(sought: Sought) -> dict[str, object]:
    """What each of these pages knows."""
    contract, space = sought.contract, sought.face.space
    return {
        "frame": sought.face.frame,
        "contract": contract,
        "oldest": written_day(sought.kept_from),
        "space": space,
        "page_address": reverse(f"{space}:logs"),
        "download_address": reverse(f"{space}:log-download"),
        "exports_address": reverse(f"{space}:log-exports"),
        "at_once": f"{AT_ONCE:,}",
        "lists_address": reverse(f"{space}:log-lists"),
        "event_address": reverse(f"{space}:log-event", args=[contract.number, 0, 0, 0]).removesuffix("0-0-0/"),
        "only_detections": not contract.keeps_access_lines,
    }


def _form(request: PersonRequest, sought: Sought) -> SearchForm:
    parameters = [(name, value) for name, values in request.GET.lists() for value in values]
    sites = [site.domain for site in sought.contract.sites.all()]
    return SearchForm(parameters, contract_id=sought.contract.pk, sites=sites, oldest=sought.kept_from, now=sought.now)


def _split(parameters: QueryDict) -> Split:
    return Split.KIND if parameters.get("bars") == Split.KIND.value else Split.OUTCOME


def _note(request: PersonRequest, sought: Sought, query: LogQuery) -> None:
    if request.user.is_soc:
        note_reading(sought.contract, query, by=request.user, now=sought.now)


def _found(sought: Sought, links: Links, number: str) -> dict[str, object]:
    """Chart and one page of rows, or the sentence that says why there are none."""
    query = links.query
    try:
        counted = timeline(sought.store, query, links.split)
        page: Page[int] = Paginator(range(min(counted.total, search.MAX_ROWS)), PER_PAGE).get_page(number)
        rows = rows_of_page(sought.store, query, counted, offset=max(page.start_index() - 1, 0), limit=PER_PAGE)
    except StoreError as error:
        return {"trouble": _told(error, sought)}
    asks_for_good = Filter(By.KIND, AttackKind.NONE.value) in query.filters
    return {
        "total": counted.total,
        "page": page,
        "rows": [log_row(row, links) for row in rows],
        "most": search.MAX_ROWS if counted.total > search.MAX_ROWS else None,
        "chart": chart_of(counted, links) if counted.total else None,
        "drawing": _DRAWING,
        "good_is_unknown": asks_for_good and not sought.contract.keeps_access_lines,
    }


def _lists(sought: Sought, links: Links) -> dict[str, object]:
    """The most frequent values, each with its links, or the sentence that says why there are none."""
    try:
        found = tops(sought.store, links.query, limit=10)
    except StoreError as error:
        return {"trouble": _told(error, sought)}
    return {
        "tables": [
            (by.label, [(links.choice(by, top.value), top.count) for top in found[by]]) for by in TOP_LISTS if found[by]
        ]
    }


def _steps(links: Links, sought: Sought) -> dict[str, object]:
    """Links to other periods, and to the same bars split another way."""
    query, oldest = links.query, start_of_day(sought.kept_from)
    steps = {
        "earlier": periods.earlier(query, oldest=oldest),
        "later": periods.later(query, newest=sought.now),
        "zoomed_in": periods.zoomed_in(query),
        "zoomed_out": periods.zoomed_out(query, oldest=oldest, newest=sought.now),
    }
    usual = [
        (each.label, links.to(query.within(*periods.usual(name, now=sought.now, oldest=oldest))))
        for name, each in periods.USUAL.items()
    ]
    splits = {split.name.lower(): links.to(query, split=split) for split in Split}
    return {**{name: links.to(step) for name, step in steps.items() if step}, "usual": usual, "splits": splits}


def _event(request: PersonRequest, sought: Sought, row: search.Row) -> dict[str, object]:
    """One event in words. Its links narrow the search that the reader came from, or begin one around its moment."""
    form = _form(request, sought)
    day = timedelta(hours=12)
    query = form.sought() if form.is_valid() and "begins" in request.GET else None
    links = Links(
        query or LogQuery(sought.contract.pk, row["time"] - day, row["time"] + day),
        sought.contract.number,
        _split(request.GET),
    )
    return {
        "time": row["time"],
        "details": details_of(row, links),
        "back": links.to(links.query),
    }


def _told(error: StoreError, sought: Sought) -> str:
    """Write down what went wrong; the reader gets a sentence that helps."""
    _log.warning("logs.search.failed", contract=sought.contract.pk, error=f"{type(error).__name__}: {error}"[:300])
    return TROUBLE

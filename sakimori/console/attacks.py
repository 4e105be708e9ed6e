"""What attacks there are: those that wait for a decision, all findings, and each in full."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.blacklist.around import around
from sakimori.blacklist.explanations import KindText, explain
from sakimori.blacklist.lasting import Lasting
from sakimori.blacklist.models import Finding
from sakimori.blacklist.others import attacked_others
from sakimori.blacklist.proxy_cases import outside_cases, waiting_cases
from sakimori.blacklist.queries import (
    CUSTOMER_PATH,
    blocks,
    blocks_to_decide,
    finding_in_full,
    findings,
    findings_to_decide,
    last_findings,
    sites_of,
)
from sakimori.blacklist.stories import sentence_of, story_of
from sakimori.blacklist.widening import block_elsewhere
from sakimori.console.block_rows import block_rows
from sakimori.console.filters import FindingFilter
from sakimori.console.pages import show
from sakimori.console.records import records_of
from sakimori.customers import access
from sakimori.lib.jst import utc_now

_NOTHING_NEW = 204
_LONGEST_KEY = 18  # Digits; no database knows larger ones.


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as the lists show it."""

    finding: Finding
    kind: KindText
    reason: str


@require_GET
@soc_only
def to_decide(request: PersonRequest) -> HttpResponse:
    """要判断: the desk's work list, the longest waiting first."""
    now = utc_now()
    waiting = outside_cases(access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH))
    page, shown = page_of(waiting, request)
    loose = access.visible(findings_to_decide(), request.user, customer=CUSTOMER_PATH)
    context: dict[str, object] = {
        "page": page,
        "rows": block_rows(shown, now=now),
        "now": now,
        "newest": _newest(request),
        "lastings": Lasting.choices,
        "ask_minutes": settings.CONFIG.ask_minutes,
        "loose": _finding_rows(list(loose[:PER_PAGE])),
        "loose_count": loose.count(),
        "proxy_cases": access.visible(waiting_cases(), request.user, customer=CUSTOMER_PATH)[:PER_PAGE],
    }
    return show(request, "console/to_decide.html", context)


@require_GET
@soc_only
def news(request: PersonRequest) -> HttpResponse:
    """How many questions have come since the list was shown (`newest`); 204 while the page says so already."""
    rows = outside_cases(access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH))
    came = rows.filter(pk__gt=_number(request, "newest")).count()
    if came == _number(request, "shown"):
        return HttpResponse(status=_NOTHING_NEW)
    return render(request, "console/decide_news.html", {"came": came})


@require_GET
@soc_only
def all_findings(request: PersonRequest) -> HttpResponse:
    """すべての検知, narrowed by customer, kind and state."""
    form = FindingFilter(request.GET, user=request.user)
    page, shown = page_of(form.narrow(access.visible(findings(), request.user, customer=CUSTOMER_PATH)), request)
    rows = _finding_rows(shown)
    return show(request, "console/findings.html", {"page": page, "rows": rows, "form": form, "query": form.query()})


@require_GET
@soc_only
def finding(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding with its evidence."""
    row = access.get(finding_in_full(), request.user, customer=CUSTOMER_PATH, pk=pk)
    context: dict[str, object] = {
        "finding": row,
        "story": story_of(row),
        "reason": sentence_of(row.reason),
        "around": around(row),
        "elsewhere": block_elsewhere(row),
    }
    return show(request, "console/finding.html", context)


@require_GET
@soc_only
def block(request: PersonRequest, pk: int) -> HttpResponse:
    """The whole life of one block: decisions, findings, evidence, record. A list's drawer takes only the inside."""
    row = access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)
    context: dict[str, object] = {
        "row": block_rows([row], now=utc_now(), evidence=True)[0],
        "lastings": Lasting.choices,
        "entry": row,
        "only_sites": sites_of(row),
        "findings": _finding_rows(list(last_findings([row]))),
        "records": records_of(row),
        "others": attacked_others([row], now=utc_now())[row.pk],
    }
    if "HX-Request" in request.headers:
        return render(request, "console/block.html", {**context, "frame": "console/part.html", "part": f"-{row.pk}"})
    return show(request, "console/block.html", {**context, "frame": "console/base.html"})


def _newest(request: PersonRequest) -> int:
    """The key of the newest question that there is, on whichever page of the list."""
    rows = outside_cases(access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH))
    return rows.order_by("-pk").values_list("pk", flat=True).first() or 0


def _number(request: PersonRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_KEY else 0


def _finding_rows(rows: list[Finding]) -> list[FindingRow]:
    return [FindingRow(row, explain(row.kind), sentence_of(row.reason)) for row in rows]

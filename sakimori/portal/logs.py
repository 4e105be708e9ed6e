"""ログ検索 (chapter 2-5-1): a contract's log by period and address, for customers with the option and for the SOC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.paging import PER_PAGE
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.calendar import first_kept_day, written_day
from sakimori.lib.jst import day_of, utc_now, written
from sakimori.logs import search
from sakimori.logs.actions import note_reading
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import FIELDS
from sakimori.logs.queries import contracts_with_log_page
from sakimori.logs.store.interface import StoreError
from sakimori.portal.log_completeness import log_completeness
from sakimori.portal.log_form import LogForm

_log = structlog.get_logger()
_LONGEST_TEXT = 20_000
_TROUBLE = (
    "検索を完了できませんでした。期間を短くするか、IP アドレスで絞り込んで、しばらくしてからもう一度お試しください。"
)
_KINDS = {kind.value: kind.label for kind in AttackKind}
_OUTCOMES = {outcome.value: outcome.label for outcome in Outcome}
_TONES = {Outcome.BLOCKED: "stop", Outcome.DENIED: "stop", Outcome.ALLOWED: "done"}


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event as the list shows it, and every filled column as its drawer does (label, text)."""

    time: datetime
    site: str
    address: str
    country: str
    kind: str
    outcome: str
    tone: str
    request: str
    details: Sequence[tuple[str, str]]


@require_GET
@signed_in
def logs(request: PersonRequest) -> HttpResponse:
    """The search and what it finds. Without the option the page does not exist."""
    contracts = list(access.visible(contracts_with_log_page(), request.user))
    contract = _chosen(request, contracts)
    now = utc_now()
    form = LogForm(request.GET, contract=contract, now=now)
    context: dict[str, object] = {
        "contract": contract,
        "contracts": contracts,
        "form": form,
        "completeness": log_completeness(contract, now=now),
        "oldest": written_day(first_kept_day(day_of(now))),
        "customers": [] if request.user.is_soc else list(access.customers_of(request.user)),
    }
    if form.is_valid():
        if request.user.is_soc:
            note_reading(contract, form.sought(), by=request.user, now=now)
        context |= {"query": form.query_string(), **_found(form.sought(), request.GET.get("page", "1"))}
    return render(request, "portal/logs.html", context)


def _chosen(request: PersonRequest, contracts: Sequence[Contract]) -> Contract:
    number = request.GET.get("contract")
    if number:
        return access.get(contracts_with_log_page(), request.user, number=number)
    if not contracts:
        raise Http404("見つかりません")
    return contracts[0]


def _found(query: search.LogQuery, number: str) -> dict[str, object]:
    """One page of rows, or the sentence that says why there is none."""
    store = backends.log_store()
    try:
        total = search.count(store, query)
        page: Page[int] = Paginator(range(min(total, search.MAX_ROWS)), PER_PAGE).get_page(number)
        offset = max(page.start_index() - 1, 0)
        found = search.rows(store, query, offset=offset, limit=PER_PAGE) if total else ()
    except StoreError as error:
        _log.warning("logs.search.failed", contract=query.contract_id, error=f"{type(error).__name__}: {error}"[:300])
        return {"trouble": _TROUBLE}
    most = search.MAX_ROWS if total > search.MAX_ROWS else None
    return {"page": page, "total": total, "rows": [log_row(row) for row in found], "most": most}


def log_row(row: Mapping[str, Any]) -> LogRow:
    """A row of the store in words."""
    query = f"?{row['query']}" if row["query"] else ""
    return LogRow(
        time=row["time"],
        site=row["site"],
        address=row["address"] or row["client_ip_text"],
        country=row["country"],
        kind=_KINDS.get(row["attack_kind"], row["attack_kind"]),
        outcome=_OUTCOMES.get(row["outcome"], row["outcome"]),
        tone=_TONES.get(row["outcome"], ""),
        request=f"{row['method']} {row['url']}{query}".strip(),
        details=[(field.label, text) for field in FIELDS if (text := _text(field.name, row[field.name]))],
    )


def _text(name: str, value: object) -> str:
    if name == "attack_kinds" and isinstance(value, list | tuple):
        return "、".join(_KINDS.get(str(kind), str(kind)) for kind in value)
    if name == "attack_kind":
        return _KINDS.get(str(value), str(value))
    if name == "outcome":
        return _OUTCOMES.get(str(value), str(value))
    return _cut(_plain(value))


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{written(value)}.{value.microsecond // 1000:03}"
    if isinstance(value, Mapping):
        return "、".join(f"{key}={text}" for key, text in value.items())
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …（以下省略）"

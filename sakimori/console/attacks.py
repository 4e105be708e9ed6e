"""What attacks there are: those that wait for a decision, those that are blocked, all findings, and each in full."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.blacklist.around import around
from sakimori.blacklist.explanations import KindText, explain
from sakimori.blacklist.models import Block, Finding
from sakimori.blacklist.queries import (
    CUSTOMER_PATH,
    DECIDABLE,
    RESTORABLE,
    blocks,
    blocks_on_list,
    blocks_to_decide,
    finding_in_full,
    findings,
    findings_to_decide,
    last_findings,
)
from sakimori.blacklist.stories import Story, sentence_of, stories, story_of
from sakimori.blacklist.widening import block_elsewhere
from sakimori.console.filters import FindingFilter
from sakimori.console.pages import show
from sakimori.console.records import records_of
from sakimori.console.troubles import Trouble, trouble_of
from sakimori.customers import access


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block as the lists show it."""

    block: Block
    story: Story
    reason: str
    trouble: Trouble | None
    decidable: bool
    restorable: bool


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
    page, shown = page_of(access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH), request)
    loose = access.visible(findings_to_decide(), request.user, customer=CUSTOMER_PATH)
    context: dict[str, object] = {
        "page": page,
        "rows": _block_rows(shown),
        "loose": _finding_rows(list(loose[:PER_PAGE])),
        "loose_count": loose.count(),
    }
    return show(request, "console/to_decide.html", context)


@require_GET
@soc_only
def blocked(request: PersonRequest) -> HttpResponse:
    """遮断中: what is on the list, or on its way to or from it."""
    page, shown = page_of(access.visible(blocks_on_list(), request.user, customer=CUSTOMER_PATH), request)
    return show(request, "console/blocked.html", {"page": page, "rows": _block_rows(shown)})


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
    """The whole life of one block: decisions, findings, evidence, record."""
    row = access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)
    context = {
        "row": _block_rows([row], evidence=True)[0],
        "entry": row,
        "findings": _finding_rows(list(last_findings([row]))),
        "records": records_of(row),
    }
    return show(request, "console/block.html", context)


def _block_rows(rows: list[Block], *, evidence: bool = False) -> list[BlockRow]:
    told = stories(rows, evidence=evidence)
    return [
        BlockRow(
            row,
            told[row.pk],
            sentence_of(row.reason),
            trouble_of(row.last_error) if row.last_error else None,
            decidable=row.state in DECIDABLE,
            restorable=row.state in RESTORABLE,
        )
        for row in rows
    ]


def _finding_rows(rows: list[Finding]) -> list[FindingRow]:
    return [FindingRow(row, explain(row.kind), sentence_of(row.reason)) for row in rows]

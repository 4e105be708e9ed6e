"""What pages read across blocks and findings. Callers narrow the rows through `customers.access`."""

from collections.abc import Sequence

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.customers.models import AuditEntry

CUSTOMER_PATH = "contract__customer"
MOVING = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)
DECIDABLE = (BlockState.PROPOSED, BlockState.FAILED)
RESTORABLE = (BlockState.ACTIVE, BlockState.UNKNOWN, BlockState.APPLYING, BlockState.APPROVED)
_SHOWN_FINDINGS = 5
_HEAVY = ("samples", "request_ids", "rules")


def blocks() -> QuerySet[Block]:
    """Every block with the people and the customer that its page names."""
    return Block.objects.select_related("contract__customer", "decided_by", "restore_asked_by", "ticket_block__ticket")


def blocks_to_decide() -> QuerySet[Block]:
    """Blocks that wait for an analyst, the longest waiting first."""
    wanted = (*DECIDABLE, BlockState.UNKNOWN)
    return blocks().filter(state__in=wanted).order_by("proposed_at", "pk")


def blocks_on_list() -> QuerySet[Block]:
    """Blocks that are on the list, or on the way to or from it; the newest first."""
    wanted = (BlockState.ACTIVE, BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING)
    return blocks().filter(state__in=wanted).order_by("-proposed_at", "-pk")


def findings() -> QuerySet[Finding]:
    """Every finding, the newest first, without the columns that only its own page shows."""
    rows = Finding.objects.select_related("contract__customer", "block").defer(*_HEAVY)
    return rows.order_by("-found_at", "-pk")


def findings_to_decide() -> QuerySet[Finding]:
    """Findings that an analyst must look at and that belong to no block."""
    return findings().filter(state=FindingState.ASK, block=None).order_by("found_at", "pk")


def finding_in_full() -> QuerySet[Finding]:
    """Findings with everything that their own page shows."""
    return Finding.objects.select_related("contract__customer", "block", "file")


def last_findings(blocks: Sequence[Block]) -> QuerySet[Finding]:
    """The last few findings of each block, in full; one query however many blocks there are."""
    number = Window(RowNumber(), partition_by=F("block_id"), order_by=[F("last_at").desc(), F("id").desc()])
    rows = Finding.objects.filter(block__in=blocks).annotate(number=number)
    return rows.filter(number__lte=_SHOWN_FINDINGS).order_by("-last_at", "-pk")


def audit_of(block: Block) -> QuerySet[AuditEntry]:
    """What the record says of a block, in order."""
    return AuditEntry.objects.filter(target=f"block:{block.pk}").order_by("pk")

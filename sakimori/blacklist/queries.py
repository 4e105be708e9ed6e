"""What pages read across blocks and findings. Callers narrow the rows through `customers.access`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from sakimori.accounts.models import User
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState
from sakimori.customers.models import AuditEntry

CUSTOMER_PATH = "contract__customer"
MOVING = (BlockState.APPROVED, BlockState.APPLYING, BlockState.RESTORING, BlockState.UNKNOWN)
DECIDABLE = (BlockState.PROPOSED, BlockState.FAILED)
RESTORABLE = (BlockState.ACTIVE, BlockState.UNKNOWN, BlockState.APPLYING, BlockState.APPROVED)
_SHOWN_FINDINGS = 5
_HEAVY = ("samples", "request_ids", "rules")


def blocks() -> QuerySet[Block]:
    """Every block with the people and the customer that its page names."""
    return Block.objects.select_related(
        "contract__customer", "decided_by", "second_by", "restore_asked_by", "ticket_block__ticket", "proxy_case"
    )


def blocks_to_decide() -> QuerySet[Block]:
    """Blocks that wait for an analyst, the longest waiting first."""
    wanted = (*DECIDABLE, BlockState.UNKNOWN)
    return blocks().filter(state__in=wanted).order_by("proposed_at", "pk")


def held_by_stop() -> int:
    """How many approved blocks wait until they may be written."""
    return Block.objects.filter(state=BlockState.APPROVED).count()


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


def deciders() -> QuerySet[User]:
    """Everybody who has ever said yes or no to a block, by name."""
    decided = Block.objects.exclude(decided_by=None).values("decided_by")
    second = Block.objects.exclude(second_by=None).values("second_by")
    return User.objects.filter(Q(pk__in=decided) | Q(pk__in=second)).order_by("last_name", "first_name", "pk")


def sites_of(block: Block) -> list[str]:
    """The sites that an entry holds for, by name; none where it holds for all sites of the contract."""
    if not block.only_sites:
        return []
    names = dict(block.contract.sites.values_list("vendor_site_id", "domain"))
    return [names.get(number, f"サイト {number}") for number in block.only_sites]


def audit_of(block: Block) -> QuerySet[AuditEntry]:
    """What the record says of a block, in order."""
    return AuditEntry.objects.filter(target=f"block:{block.pk}").order_by("pk")


@dataclass(frozen=True, slots=True)
class LateGroup:
    """Late findings of one contract, address and kind. `newest` stands for them; `block`: the open one, if any."""

    newest: Finding
    findings: int
    requests: int
    blocked: int
    passed: int
    first_at: datetime
    last_at: datetime
    sites: Sequence[str]
    block: Block | None


def newest_late_findings() -> QuerySet[Finding]:
    """One finding, the newest, of every group of late findings; the newest group first."""
    groups = Finding.objects.filter(state=FindingState.LATE).values("contract", "address", "kind")
    newest = groups.annotate(newest=Max("pk")).values("newest")
    return findings().filter(pk__in=newest).order_by("-pk")


def late_groups(newest: Sequence[Finding]) -> list[LateGroup]:
    """The groups that these findings stand for, in their order: two queries, however many they are."""
    late = Finding.objects.filter(state=FindingState.LATE, **_named(newest))
    sums = (
        late.values("contract_id", "address", "kind", "site_name")
        .annotate(
            findings=Count("pk"),
            hits=Sum(F("blocked") + F("passed") + F("challenged") + F("other")),
            stopped=Sum("blocked"),
            through=Sum("passed"),
            first=Min("first_at"),
            last=Max("last_at"),
        )
        .order_by("site_name")
    )
    told: dict[tuple[int, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in sums:
        told[row["contract_id"], row["address"], row["kind"]].append(row)
    blocks = Block.objects.exclude(state__in=CLOSED_STATES).filter(**_named(newest))
    open_blocks = {(block.contract_id, block.address): block for block in blocks}
    return [
        _late_group(row, told[row.contract_id, row.address, row.kind], open_blocks.get((row.contract_id, row.address)))
        for row in newest
    ]


def _named(rows: Sequence[Finding]) -> dict[str, Any]:
    """Contracts and addresses together: a little more than is wanted, and one index for it."""
    return {"contract__in": {row.contract_id for row in rows}, "address__in": {row.address for row in rows}}


def _late_group(newest: Finding, sums: Sequence[Mapping[str, Any]], block: Block | None) -> LateGroup:
    """A group that somebody dismissed in between is shown as its newest finding has it."""
    return LateGroup(
        newest=newest,
        findings=sum(row["findings"] for row in sums),
        requests=sum(row["hits"] for row in sums),
        blocked=sum(row["stopped"] for row in sums),
        passed=sum(row["through"] for row in sums),
        first_at=min((row["first"] for row in sums), default=newest.first_at),
        last_at=max((row["last"] for row in sums), default=newest.last_at),
        sites=[row["site_name"] for row in sums if row["site_name"]],
        block=block,
    )

"""Blocks with their findings, summed up as a mail or page tells of them."""

from collections.abc import Iterable, Sequence

from django.db.models import prefetch_related_objects

from sakimori.blacklist.models import Block, Finding
from sakimori.logs.attack_kinds import AttackKind
from sakimori.tickets.texts import BlockedAddress

_LABELS = {kind.value: kind.label for kind in AttackKind}


def summarise(blocks: Sequence[Block]) -> list[BlockedAddress]:
    """One record per active block, in the order given. Two queries, however many blocks."""
    prefetch_related_objects(list(blocks), "findings")
    return [_summary(block, list(block.findings.all())) for block in blocks]


def _summary(block: Block, findings: Sequence[Finding]) -> BlockedAddress:
    moment = block.active_at or block.proposed_at
    return BlockedAddress(
        address=block.address,
        kinds=_distinct(_LABELS.get(finding.kind, finding.kind) for finding in findings),
        sites=_distinct(finding.site_name for finding in findings),
        country=next((finding.country for finding in findings if finding.country), ""),
        blocked=sum(finding.blocked for finding in findings),
        passed=sum(finding.passed for finding in findings),
        first_at=min((finding.first_at for finding in findings), default=moment),
        last_at=max((finding.last_at for finding in findings), default=moment),
        active_at=moment,
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))

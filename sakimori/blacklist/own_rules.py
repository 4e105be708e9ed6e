"""What the WAF's own rules have stopped from an address lately. They go on stopping it when our entry is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from sakimori.blacklist.explanations import explain
from sakimori.blacklist.models import Block, Finding
from sakimori.logs.attack_kinds import AttackKind

LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Requests that other rules than our entry have stopped, and the kinds in words."""

    requests: int
    kinds: Sequence[str]


def stopped_by_own_rules(block: Block, *, now: datetime) -> Stopped:
    """Of the address of a block, at its contract, over the last days."""
    rows = Finding.objects.filter(contract_id=block.contract_id, address=block.address, last_at__gt=now - LATELY)
    sums = rows.values("kind", "name").annotate(stopped=Sum("blocked"), ours=Sum("ours")).order_by("kind", "name")
    counts = {(row["kind"], row["name"]): _by_others(**row) for row in sums}
    kinds = dict.fromkeys(explain(kind).label for (kind, _), count in counts.items() if count)
    return Stopped(sum(counts.values()), list(kinds))


def _by_others(kind: str, name: str, stopped: int, ours: int) -> int:
    """A country's rule is one of the customer's own, although it stops in the same way as our entry."""
    own = kind == AttackKind.ACL and "country" in name.lower()
    return stopped if own else stopped - ours

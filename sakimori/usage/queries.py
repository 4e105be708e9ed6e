"""What reads across samples and deviations. Callers narrow the rows through `customers.access`."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.customers.models import Contract
from sakimori.usage.models import Sample

_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """Traffic of all sites of a contract, in + out, against its plan. plan_mbps None: no plan is registered."""

    at: datetime
    bits_per_second: int
    plan_mbps: int | None

    @property
    def is_over_plan(self) -> bool:
        """Whether traffic is above the contracted bandwidth: then inspection may be bypassed (chapter 3-2)."""
        return self.plan_mbps is not None and self.bits_per_second > self.plan_mbps * _MEGA


def highest_load(contract: Contract, *, since: datetime) -> Load | None:
    """The highest five minutes since a moment; None when the vendor has given no figure since then."""
    rows = Sample.objects.filter(contract=contract, site=None, at__gte=since).order_by("-bits_per_second", "at")
    sample = rows.first()
    return Load(sample.at, sample.bits_per_second, contract.plan_mbps) if sample else None

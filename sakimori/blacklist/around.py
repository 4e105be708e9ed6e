"""What a finding is part of: all findings of its contract, site, address and kind that lie in one sliding window.

Findings are written per log file, and an attack does not stop where a file does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Min, Sum

from sakimori.blacklist.models import Finding
from sakimori.blacklist.policies import rules_for
from sakimori.blacklist.policy import KindRule


@dataclass(frozen=True, slots=True)
class Around:
    """Sums of the findings in the window around one. rule: what the contract's policy says of the kind now."""

    rule: KindRule
    findings: int
    blocked: int
    passed: int
    rest: int
    ours: int
    first_at: datetime
    last_at: datetime

    @property
    def total(self) -> int:
        """All requests."""
        return self.blocked + self.passed + self.rest


def around(finding: Finding) -> Around:
    """Two queries: the contract's rule, and the sums of all findings that its window reaches from this one."""
    rule = rules_for(finding.contract).of(finding.kind)
    reach = timedelta(minutes=rule.minutes)
    same = Finding.objects.filter(
        contract=finding.contract_id, address=finding.address, kind=finding.kind, site=finding.site_id
    )
    near = same.filter(last_at__gte=finding.first_at - reach, first_at__lte=finding.last_at + reach)
    sums = near.aggregate(
        number=Count("pk"),
        stopped=Sum("blocked"),
        through=Sum("passed"),
        others=Sum(F("challenged") + F("other")),
        mine=Sum("ours"),
        first=Min("first_at"),
        last=Max("last_at"),
    )
    return Around(
        rule,
        findings=sums["number"],
        blocked=sums["stopped"],
        passed=sums["through"],
        rest=sums["others"],
        ours=sums["mine"],
        first_at=sums["first"],
        last_at=sums["last"],
    )

"""What a contract's policy needs to know of its new findings: the rules, the announced scans, the counts in windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sakimori.blacklist.announced import Announced
from sakimori.blacklist.models import Finding
from sakimori.blacklist.policies import rules_for
from sakimori.blacklist.policy import Mode, Rules, Seen
from sakimori.blacklist.quiet import announced
from sakimori.blacklist.sliding import Stretch, most_within
from sakimori.customers.models import Contract
from sakimori.logs.store.interface import LogStore


@dataclass(frozen=True, slots=True)
class Wishes:
    """within: by the key of a finding whose kind has a threshold, the most requests in one window around it."""

    rules: Rules
    scans: Sequence[Announced]
    within: Mapping[int, int]

    def seen(self, row: Finding) -> Seen:
        """The finding as the policy sees it."""
        return Seen(
            kind=row.kind,
            blocked=row.blocked,
            passed=row.passed,
            challenged=row.challenged,
            other=row.other,
            ours=row.ours,
            within=self.within.get(row.pk),
        )


def wishes_of(contract: Contract, rows: Sequence[Finding], *, store: LogStore) -> Wishes:
    """Gather it: one query for the rules, one for the scans, one to the store per kind that has a threshold."""
    rules = rules_for(contract)
    scans = announced(contract, since=min(row.first_at for row in rows))
    within: dict[int, int] = {}
    for kind in {row.kind for row in rows if rules.of(row.kind).requests > 1}:
        rule = rules.of(kind)
        if rule.mode is Mode.OBSERVE:
            continue
        stretches = [_stretch(row, row.site.vendor_site_id) for row in rows if row.kind == kind and row.site]
        stretches = [stretch for stretch in stretches if stretch.address]
        within |= most_within(store, stretches, contract_id=contract.pk, kind=kind, minutes=rule.minutes)
    return Wishes(rules, scans, within)


def _stretch(row: Finding, site_id: int) -> Stretch:
    return Stretch(row.pk, site_id, row.address, row.first_at, row.last_at)

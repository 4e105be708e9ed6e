"""What the system itself changes in blacklist: findings are written down, and each is settled into a block or not.

Atomic and safe to run twice: a file's findings are written together with the file's mark, a finding is settled
only while it is new.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from sakimori.blacklist.decision import Decision
from sakimori.blacklist.models import Finding
from sakimori.blacklist.policy import SHIPPED, Rules
from sakimori.blacklist.search import FoundAttack
from sakimori.blacklist.settlement import settlement
from sakimori.customers.models import Site
from sakimori.logs.models import LogFile


def write_findings(file: LogFile, found: Sequence[FoundAttack], *, now: datetime) -> int:
    """Write the findings of a stored file and mark the file as searched, together. Returns how many were new."""
    with transaction.atomic():
        marked = LogFile.objects.filter(pk=file.pk, searched_at=None).update(searched_at=now)
        if not marked:
            return 0
        sites = {site.vendor_site_id: site for site in Site.objects.filter(contract=file.contract)}
        Finding.objects.bulk_create(
            (_finding(file, attack, sites.get(attack.site_id or 0), now) for attack in found), batch_size=500
        )
    return len(found)


def _finding(file: LogFile, attack: FoundAttack, site: Site | None, now: datetime) -> Finding:
    return Finding(
        contract=file.contract,
        file=file,
        site=site,
        site_name=attack.site[:253],
        address=attack.address,
        kind=attack.kind,
        name=attack.name[:200],
        blocked=attack.blocked,
        passed=attack.passed,
        challenged=attack.challenged,
        other=attack.other,
        ours=attack.ours,
        country=attack.country[:8],
        first_at=attack.first_at,
        last_at=attack.last_at,
        rules=list(attack.rules),
        request_ids=list(attack.request_ids),
        samples=[dict(sample) for sample in attack.samples],
        found_at=now,
    )


def settle(
    finding: Finding, decision: Decision, *, good_requests: int | None, now: datetime, rules: Rules = SHIPPED
) -> bool:
    """Carry out a decision on a new finding. Returns True when it began a new automatic block.

    rules: the contract's policy, for how long and for which sites a block is to hold.
    """
    with settlement([finding], rules=rules, now=now) as settled:
        return settled.settle(finding, decision, good_requests=good_requests)

"""What the system itself changes in blacklist: findings are written down, and each is settled into a block or not.

Atomic and safe to run twice: a file's findings are written together with the file's mark, a finding is settled
only while it is new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from sakimori.blacklist.decision import Decision
from sakimori.blacklist.models import Finding
from sakimori.blacklist.policy import SHIPPED, Rules
from sakimori.blacklist.search import FoundAttack
from sakimori.blacklist.settlement import settlement
from sakimori.customers.models import Site
from sakimori.logs.models import LogFile

_FINDINGS_TOGETHER = 500


def write_findings(searched: Iterable[tuple[LogFile, Sequence[FoundAttack]]], *, now: datetime) -> int:
    """Write the findings of stored files, and with those of each its mark as searched. Returns how many were new.

    Some hundred findings are one transaction, with whole files in it: few files would have one each.
    """
    new, some, waiting = 0, list[tuple[LogFile, Sequence[FoundAttack]]](), 0
    for file, found in searched:
        some.append((file, found))
        waiting += len(found)
        if waiting >= _FINDINGS_TOGETHER:
            new += _write_together(some, now)
            some, waiting = [], 0
    return new + _write_together(some, now)


def _write_together(searched: Sequence[tuple[LogFile, Sequence[FoundAttack]]], now: datetime) -> int:
    if not searched:
        return 0
    keys, contracts = [file.pk for file, _ in searched], {file.contract_id for file, found in searched if found}
    with transaction.atomic():
        # Always in one order: two workers must not wait for each other.
        mine = LogFile.objects.select_for_update().filter(pk__in=keys, searched_at=None).order_by("pk")
        unmarked = set(mine.values_list("pk", flat=True))
        LogFile.objects.filter(pk__in=unmarked).update(searched_at=now)
        sites = {(site.contract_id, site.vendor_site_id): site for site in Site.objects.filter(contract__in=contracts)}
        findings = [
            _finding(file, attack, sites.get((file.contract_id, attack.site_id or 0)), now)
            for file, found in searched
            if file.pk in unmarked
            for attack in found
        ]
        Finding.objects.bulk_create(findings, batch_size=500)
    return len(findings)


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

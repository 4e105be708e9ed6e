"""Attacks by proxy as rows: each is one case, and its automatic blocks wait for an analyst.

A block that is not written yet goes back to the analysts. One that is, or may be, on the list is never taken off
silently: one alarm names the addresses, and a person lifts them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, Finding, FindingState, ProxyCase
from sakimori.blacklist.moves import move
from sakimori.blacklist.proxy import GOES_ON, WITHIN, Case, Target, source_of
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_WRITTEN = (BlockState.APPLYING, BlockState.ACTIVE, BlockState.UNKNOWN)
# Of a write that only some of the lists took an approved block may have an entry on the others.
_MAY_STAND = Q(state__in=_WRITTEN) | Q(state=BlockState.APPROVED, written_at__isnull=False)
_NAMED = 8


def known_targets(contract: Contract, *, now: datetime) -> dict[Target, datetime]:
    """What the cases of the last day are about, and when each was last seen."""
    return {_target(row): row.last_at for row in _live(contract, now)}


def taking_part(contract: Contract, addresses: Collection[str], *, now: datetime) -> frozenset[str]:
    """Those of the addresses that took part in a case of the last day."""
    rows = Block.objects.filter(contract=contract, address__in=addresses, proxy_case__in=_live(contract, now))
    return frozenset(rows.values_list("address", flat=True))


def note(contract: Contract, cases: Sequence[Case], *, now: datetime) -> None:
    """Write the cases down, take automatic blocks back that are not written yet, and tell of those that are."""
    for case in cases:
        with transaction.atomic():
            row = _row(contract, case, now)
            waiting = _automatic(contract, case).filter(state=BlockState.APPROVED)
            _take_back(waiting.filter(written_at=None), row, now)
            written = _automatic(contract, case).filter(_MAY_STAND, proxy_case=None)
            if addresses := list(written.order_by("pk").values_list("address", flat=True)):
                _tell(row, addresses, now)
                written.update(proxy_case=row)


def attach(contract: Contract, cases: Sequence[Case], *, now: datetime) -> None:
    """Put the blocks that these cases have led to under their case."""
    for case in cases:
        with transaction.atomic():
            row = _row(contract, case, now)
            _of_case(contract, case).filter(proxy_case=None).update(proxy_case=row)
            taken = set(row.blocks.values_list("address", flat=True)) | case.addresses
            row.sources = max(row.sources, len({source_of(address) for address in taken}))
            row.save(update_fields=["sources"])


def cases() -> QuerySet[ProxyCase]:
    """Every case, with how many of its blocks wait for an analyst and how many are on the list."""
    return ProxyCase.objects.select_related("contract__customer").annotate(
        waiting=Count("blocks", filter=Q(blocks__state=BlockState.PROPOSED)),
        on_list=Count("blocks", filter=Q(blocks__state__in=_WRITTEN)),
    )


def waiting_cases() -> QuerySet[ProxyCase]:
    """Cases that an analyst has something to decide about, the newest first."""
    waiting = Block.objects.filter(state=BlockState.PROPOSED).exclude(proxy_case=None)
    return cases().filter(pk__in=waiting.values("proxy_case")).order_by("-last_at", "-pk")


def outside_cases(blocks: QuerySet[Block]) -> QuerySet[Block]:
    """Blocks without those that wait under a case: an analyst decides on those on the page of the case."""
    return blocks.exclude(proxy_case__isnull=False, state=BlockState.PROPOSED)


def waiting_under(case: ProxyCase) -> QuerySet[Block]:
    """What an analyst has to decide of a case, in the order in which it came."""
    return case.blocks.filter(state=BlockState.PROPOSED).order_by("pk")


def _live(contract: Contract, now: datetime) -> QuerySet[ProxyCase]:
    return ProxyCase.objects.filter(contract=contract, last_at__gt=now - GOES_ON)


def _row(contract: Contract, case: Case, now: datetime) -> ProxyCase:
    """The row of a case, made if there is none; of two workers one waits."""
    Contract.objects.select_for_update().get(pk=contract.pk)
    found = next((row for row in _live(contract, now) if _target(row) == case.target), None)
    if found is None:
        return ProxyCase.objects.create(
            contract=contract,
            site_name=case.target.site,
            url=case.target.url,
            parameters=case.target.parameters,
            sources=case.sources,
            first_at=case.first_at,
            last_at=case.last_at,
        )
    found.sources = max(found.sources, case.sources)
    found.first_at, found.last_at = min(found.first_at, case.first_at), max(found.last_at, case.last_at)
    found.save(update_fields=["sources", "first_at", "last_at"])
    return found


def _target(row: ProxyCase) -> Target:
    return Target(site=row.site_name, url=row.url, parameters=row.parameters)


def _of_case(contract: Contract, case: Case) -> QuerySet[Block]:
    """Open blocks of the addresses, as far as they can have come from the case; the vendor's clock may be ahead."""
    since = case.first_at - WITHIN
    rows = Block.objects.filter(contract=contract, address__in=case.addresses, proposed_at__gte=since)
    return rows.exclude(state__in=CLOSED_STATES)


def _automatic(contract: Contract, case: Case) -> QuerySet[Block]:
    return _of_case(contract, case).filter(decided_by=None, wanted_on_list=True)


def _take_back(blocks: QuerySet[Block], row: ProxyCase, now: datetime) -> None:
    taken = move(blocks, BlockState.PROPOSED, now=now, reason=Reason.ATTACK_BY_PROXY, decided_at=None, proxy_case=row)
    Finding.objects.filter(block__in=taken, state=FindingState.BLOCK).update(state=FindingState.ASK)


def _tell(row: ProxyCase, addresses: Sequence[str], now: datetime) -> None:
    named = "、".join(addresses[:_NAMED])
    more = f" ほか {len(addresses) - _NAMED} 件" if len(addresses) > _NAMED else ""
    raise_alarm(
        key=f"proxy:{row.pk}",
        severity=Severity.HIGH,
        sentence=f"{row.contract.customer.name}：踏み台攻撃の疑いのあるアドレスが、すでに遮断されています（{named}{more}）。"
        "解除するかどうかをご判断ください。",
        link=f"/console/cases/{row.pk}/",
        now=now,
    )

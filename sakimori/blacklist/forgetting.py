"""Findings that led to nothing go when the log of their days goes: they are no evidence of anything that was done.

What belongs to a block, stands in a ticket or waits for somebody stays.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.blacklist.models import Finding, FindingState
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.retention import first_kept

_OVER = (FindingState.OBSERVED, FindingState.REFUSED, FindingState.DISMISSED)
_AT_ONCE = 1000
_MOST_ROUNDS = 50


def forget_findings(*, log_days: int, needed_since: Mapping[int, date], now: datetime) -> int:
    """Delete them, contract by contract; see `logs.retention` for how long a log is kept. Returns how many.

    Safe to run at any time and twice; of very many the rest is for the next run.
    """
    forgotten = 0
    for contract in Contract.objects.select_related("customer").order_by("pk"):
        kept_from = first_kept(
            contract, today=day_of(now), log_days=log_days, needed_since=needed_since.get(contract.pk)
        )
        forgotten += _forget(contract, kept_from, now)
    return forgotten


def led_to_nothing(contract: Contract, before: datetime) -> QuerySet[Finding]:
    """What a contract's log told before that moment, and what is neither evidence nor open."""
    rows = Finding.objects.filter(contract=contract, state__in=_OVER, found_at__lt=before, last_at__lt=before)
    return rows.filter(block=None, ticket_finding=None)


def _forget(contract: Contract, kept_from: date, now: datetime) -> int:
    rows = led_to_nothing(contract, start_of_day(kept_from)).order_by("pk")
    number = 0
    for _ in range(_MOST_ROUNDS):
        with transaction.atomic():
            keys = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
            number += rows.model.objects.filter(pk__in=keys).delete()[0]
        if len(keys) < _AT_ONCE:
            break
    if number:
        details = {"findings": number, "kept_from": str(kept_from)}
        audit.record(
            "findings.forgotten",
            by="sakimori",
            target=f"contract:{contract.pk}",
            now=now,
            customer=contract.customer,
            details=details,
        )
    return number

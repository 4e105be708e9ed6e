"""No more calls to a vendor than it allows: each account has an allowance per minute, and rests when it is used up.

A single event goes through at once; in a storm rounds come further apart and carry more addresses each. What the
vendor itself asks us to wait holds in the same way. One account's rest is no other account's.

What is added stops a quarter before the end of the allowance: an address that somebody needs back finds calls left.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.blacklist.models import ListCheck
from sakimori.customers.models import Contract

_MINUTE = 60.0
_FOR_RESTORES = 0.25


def charge(contract: Contract, calls: int, *, now: datetime) -> None:
    """So many calls were made for this contract's account."""
    allowed = settings.CONFIG.vendor_calls
    with transaction.atomic():
        check = _row(contract, now)
        passed = (now - check.spent_at).total_seconds() if check.spent_at else _MINUTE
        check.spent = max(0.0, check.spent - passed * allowed / _MINUTE) + calls
        check.spent_at = now
        over = timedelta(seconds=(check.spent - allowed) * _MINUTE / allowed)
        if over > timedelta(0):
            check.paused_until = _later(check, now + over)
        check.adds_paused_until = now + over + timedelta(seconds=_FOR_RESTORES * _MINUTE)
        check.save(update_fields=["spent", "spent_at", "paused_until", "adds_paused_until"])


def adds_rest(contract: Contract, *, now: datetime) -> bool:
    """Whether what is left of the allowance is kept for restores."""
    return ListCheck.objects.filter(contract=contract, adds_paused_until__gt=now).exists()


def rest(contract: Contract, *, until: datetime, now: datetime) -> None:
    """The vendor asks for it."""
    with transaction.atomic():
        check = _row(contract, now)
        check.paused_until = _later(check, until)
        check.save(update_fields=["paused_until"])


def _row(contract: Contract, now: datetime) -> ListCheck:
    check, _ = ListCheck.objects.select_for_update().get_or_create(contract=contract, defaults={"next_at": now})
    return check


def _later(check: ListCheck, until: datetime) -> datetime:
    return until if check.paused_until is None else max(check.paused_until, until)

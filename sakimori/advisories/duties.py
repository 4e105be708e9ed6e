"""What advisories does again and again: write the mails of what is approved, so many customers at a time."""

from datetime import datetime
from itertools import groupby

from sakimori.advisories.actions import mail
from sakimori.advisories.models import Advisory
from sakimori.advisories.queries import unmailed, written_to
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of

_CUSTOMERS_AT_ONCE = 50


def mail_advisories(*, now: datetime) -> int:
    """Write mails of approved advisories to customers with a running contract. Returns how many customers.

    An advisory is done when none of them is left; who becomes a customer later does not get it any more.
    """
    return sum(_mail(advisory, now) for advisory in unmailed(now))


def _mail(advisory: Advisory, now: datetime) -> int:
    done = written_to(advisory)
    running = running_contracts(day_of(now)).exclude(customer__in=done).order_by("customer_id", "pk")
    groups = [list(group) for _, group in groupby(running, key=lambda contract: contract.customer_id)]
    for contracts in groups[:_CUSTOMERS_AT_ONCE]:
        mail(advisory, contracts, now=now)
    if len(groups) <= _CUSTOMERS_AT_ONCE:
        Advisory.objects.filter(pk=advisory.pk, mailed_at=None).update(mailed_at=now)
    return min(len(groups), _CUSTOMERS_AT_ONCE)

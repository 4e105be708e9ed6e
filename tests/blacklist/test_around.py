"""A finding's neighbours in the sliding window: the same contract, site, address and kind, however many files."""

from datetime import timedelta

import pytest

from sakimori.blacklist.around import around
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.policy_text import with_kind
from sakimori.customers.models import Site
from tests.moments import START
from tests.people import make_finding, make_people

pytestmark = pytest.mark.django_db


def test_findings_within_the_window_are_added_up_and_no_others() -> None:
    people, minute = make_people(), timedelta(minutes=1)
    save_policy(
        people.a, with_kind(SHIPPED, "sql_injection=auto:3/5"), seen=0, reason="試験", by=people.dana, now=START
    )
    elsewhere = Site.objects.create(contract=people.a, domain="b.example.jp", vendor_site_id=99)

    def found(minutes: float, **columns: object) -> object:
        at = START + minutes * minute
        return make_finding(people.a, "198.51.100.7", **{"first_at": at, "last_at": at + minute, **columns})

    own = found(0)
    found(-6, challenged=2, ours=1)
    found(6)
    found(-6.1)
    found(6.1)
    found(0, kind="acl")
    found(0, site=elsewhere)
    make_finding(people.a, "198.51.100.8", first_at=START, last_at=START)
    make_finding(people.b, "198.51.100.7", first_at=START, last_at=START)
    sums = around(own)  # type: ignore[arg-type]
    assert (sums.findings, sums.blocked, sums.passed, sums.rest, sums.ours, sums.total) == (3, 9, 3, 2, 1, 14)
    assert (sums.first_at, sums.last_at) == (START - 6 * minute, START + 7 * minute)
    assert (sums.rule.requests, sums.rule.minutes) == (3, 5)

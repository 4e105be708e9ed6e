"""How many other customers an address attacked: customers, not contracts; lately; never a name."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sakimori.blacklist.models import FindingState
from sakimori.blacklist.others import attacked_others
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract, Site
from tests.people import NOW, People, make_block, make_contract, make_finding, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


def test_other_customers_count_once_whatever_they_have(people: People) -> None:
    block = make_block(people.a)
    second = Contract.objects.create(customer=people.b.customer, number="K-B-002", starts_on=NOW.date())
    Site.objects.create(contract=second, domain="second.example.jp", vendor_site_id=9)
    third = make_contract("やなぎ工業", "C")
    for contract in (people.a, people.b, people.b, second, third):
        make_finding(contract, block.address)
    assert attacked_others([block], now=NOW) == {block.pk: 2}


@pytest.mark.parametrize(
    "columns",
    [
        {"last_at": NOW - timedelta(hours=24)},
        {"last_at": NOW + timedelta(seconds=1)},
        {"kind": "acl"},
        {"state": FindingState.LATE},
        {"state": FindingState.DISMISSED, "reason": Reason.LATE},
        {"reason": Reason.FOREIGN_SITE},
        {"state": FindingState.OBSERVED, "reason": Reason.ANNOUNCED_SCAN},
        {"address": "203.0.113.6"},
    ],
)
def test_what_proves_no_attack_of_today_does_not_count(columns: dict[str, Any], people: People) -> None:
    block = make_block(people.a)
    make_finding(people.b, **{"address": block.address, **columns})
    assert attacked_others([block], now=NOW) == {block.pk: 0}


@pytest.mark.parametrize("state", [FindingState.BLOCK, FindingState.ASK])
def test_what_came_late_and_was_blocked_after_all_counts(state: FindingState, people: People) -> None:
    block = make_block(people.a)
    make_finding(people.b, block.address, state=state, reason=Reason.LATE)
    assert attacked_others([block], now=NOW) == {block.pk: 1}


def test_blocks_of_several_customers_are_counted_in_one_query(
    people: People, django_assert_num_queries: Callable[[int], Any]
) -> None:
    blocks = [make_block(people.a), make_block(people.b), make_block(people.b, "203.0.113.6")]
    with django_assert_num_queries(1):
        counted = attacked_others(blocks, now=NOW)
    assert counted == {blocks[0].pk: 1, blocks[1].pk: 1, blocks[2].pk: 0}
    assert attacked_others([], now=NOW) == {}

"""What a customer got back is asked about before it is blocked again, also where it was a whole network."""

from datetime import timedelta

import pytest

from sakimori.blacklist.duties import decide_findings
from sakimori.blacklist.facts import gather
from sakimori.blacklist.models import AskFirst, Block, BlockState, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.logs.store.interface import LogStore
from tests.moments import START
from tests.people import make_block, make_contract, make_file, make_finding

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


def give_back(contract: Contract, entry: str, *, until: timedelta = DAY) -> None:
    old = make_block(contract, entry, state=BlockState.RESTORED)
    AskFirst.objects.create(contract=contract, address=entry, until=START + until, block=old)


def test_an_attack_from_within_a_network_that_was_given_back_is_asked_about(
    contract: Contract, log_store: LogStore
) -> None:
    give_back(contract, "203.0.113.0/24")
    for address in ("203.0.113.5", "203.0.114.5"):
        times = {"first_at": START, "last_at": START}
        file = make_file(contract, received_at=START)
        make_finding(contract, address, file=file, state=FindingState.NEW, passed=0, **times)
    decide_findings(store=log_store, now=START)
    found = Block.objects.exclude(state=BlockState.RESTORED).values_list("address", "state", "reason")
    assert set(found) == {
        ("203.0.113.5", BlockState.PROPOSED, Reason.RESTORED_BEFORE),
        ("203.0.114.5", BlockState.APPROVED, Reason.ATTACK_BLOCKED),
    }


@pytest.mark.parametrize(
    ("given", "address", "asked"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("203.0.113.0/28", "203.0.113.15", True),
        ("203.0.113.0/28", "203.0.113.16", False),
        ("2001:db8:1:2::/64", "2001:db8:1:2::9", True),
        ("2001:db8:1:2::/64", "2001:db8:1:3::9", False),
        ("2001:db8::/32", "203.0.113.5", False),
    ],
)
def test_whom_a_restore_covers(given: str, address: str, asked: bool, contract: Contract, log_store: LogStore) -> None:
    give_back(contract, given)
    known = gather(contract, {address}, store=log_store, now=START)
    assert (address in known.restored) is asked


def test_it_counts_for_its_time_and_its_contract(contract: Contract, log_store: LogStore) -> None:
    give_back(contract, "203.0.113.0/24", until=-DAY)
    give_back(make_contract("有限会社もみじ堂", "B"), "203.0.113.0/25")
    assert not gather(contract, {"203.0.113.5"}, store=log_store, now=START).restored

"""A contract's policy in the whole chain: thresholds over files, late doubles, hits of our own block, scans."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.blacklist.expiry import expire_blocks
from sakimori.blacklist.models import AskFirst, Block, BlockState, Finding, FindingState
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.policy_text import read, with_kind
from sakimori.blacklist.quiet import Plan, register
from sakimori.blacklist.reasons import Reason
from sakimori.logs.store.interface import LogStore
from tests.chain import Chain, make_chain
from tests.lines import cef
from tests.moments import START
from tests.people import People, make_people

ATTACKER = "198.51.100.7"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    return make_chain(log_store, tmp_path, people.a)


def decide(chain: Chain) -> None:
    """From the vendor's file to a settled finding; nothing is written to the vendor."""
    for _ in range(3):
        for duty in chain.duties()[:4]:
            duty()
        chain.clock.pass_time(seconds=2)


def states() -> list[tuple[str, str]]:
    return list(Finding.objects.order_by("pk").values_list("state", "reason"))


def test_a_threshold_counts_over_files_by_the_events_times(chain: Chain, people: People) -> None:
    rules = with_kind(SHIPPED, "sql_injection=auto:3/10")
    save_policy(people.a, rules, seen=0, reason="試験", by=people.dana, now=START)
    old = cef("SQL Injection", ATTACKER, at=START - 12 * MINUTE)
    first, second, third = (cef("SQL Injection", ATTACKER, at=START - n * MINUTE) for n in (9, 5, 1))
    elsewhere = cef("SQL Injection", ATTACKER, at=START, site_id=999)
    chain.deliver([old])
    chain.deliver([third, elsewhere])
    decide(chain)
    few = (FindingState.OBSERVED, Reason.BELOW_THRESHOLD)
    assert states() == [few] * 3
    # The same lines once more, and an event that came after a later one: still two within ten minutes.
    chain.deliver([third, second])
    decide(chain)
    assert states() == [few] * 4
    chain.deliver([first])
    decide(chain)
    assert states()[-1] == (FindingState.BLOCK, Reason.ATTACK_BLOCKED)
    block = Block.objects.get()
    assert (block.state, block.findings.count()) == (BlockState.APPROVED, 4)


def test_hits_of_our_own_block_begin_nothing_late_or_twice_or_of_a_kind_that_is_blocked_at_once(
    chain: Chain, people: People
) -> None:
    rules = with_kind(with_kind(SHIPPED, "acl=auto"), "bad_bot=auto")
    save_policy(people.a, rules, seen=0, reason="試験", by=people.dana, now=START)
    hits = [cef(name, ATTACKER, at=START, act="REQ_BLOCKED_ACL") for name in ("Blocked IP", "SQL Injection", "Bad Bot")]
    chain.deliver(hits)
    decide(chain)
    chain.clock.pass_time(days=2)
    chain.deliver([*hits, cef("Blocked IP", ATTACKER, at=START, act="REQ_BLOCKED_ACL")])
    decide(chain)
    assert states() == [(FindingState.OBSERVED, Reason.OWN_BLOCK)] * 4
    assert not Block.objects.exists()


def test_a_scan_is_written_down_and_its_addresses_are_not_blocked(chain: Chain, people: People) -> None:
    plan = Plan(people.a.sites.get(), "198.51.100.0/29", START, START + 10 * MINUTE, "診断")
    register(people.a, plan, by=people.alice, now=START)
    chain.deliver([cef("SQL Injection", ATTACKER, at=START + MINUTE), cef("IncapRules(x)", ATTACKER, at=START)])
    chain.deliver([cef("SQL Injection", "198.51.100.8", at=START)])
    decide(chain)
    quiet = (FindingState.OBSERVED, Reason.ANNOUNCED_SCAN)
    assert states() == [quiet, quiet, (FindingState.BLOCK, Reason.ATTACK_BLOCKED)]
    chain.clock.pass_time(minutes=15)
    chain.deliver([cef("SQL Injection", ATTACKER, at=START + 11 * MINUTE)])
    decide(chain)
    assert set(Block.objects.values_list("address", flat=True)) == {"198.51.100.8", ATTACKER}


def test_the_contracts_cap_holds_back_what_is_more(chain: Chain, people: People) -> None:
    save_policy(people.a, read({"cap": 2}, SHIPPED), seen=0, reason="試験", by=people.dana, now=START)
    chain.deliver([cef("SQL Injection", f"198.51.100.{n}", at=START) for n in range(1, 5)])
    decide(chain)
    assert [block.state for block in Block.objects.order_by("pk")] == [BlockState.APPROVED] * 2 + [
        BlockState.PROPOSED
    ] * 2


def test_a_block_that_has_run_its_time_comes_off_and_the_next_lasts_longer(chain: Chain, people: People) -> None:
    save_policy(
        people.a, read({"hours": 1, "most_hours": 24}, SHIPPED), seen=0, reason="試験", by=people.dana, now=START
    )
    for hours in (1, 2):
        chain.deliver([cef("SQL Injection", ATTACKER, at=chain.clock())])
        chain.settle(rounds=4)
        expire_blocks(now=chain.clock())
        assert chain.vendor.entries("Sakimori K-A-001") == (ATTACKER,)
        chain.clock.pass_time(hours=hours)
        expire_blocks(now=chain.clock())
        chain.settle(rounds=3)
        assert Block.objects.latest("pk").state == BlockState.RESTORED
        assert chain.vendor.entries("Sakimori K-A-001") == ()
    assert not AskFirst.objects.exists()

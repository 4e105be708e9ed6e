"""How long and for which sites a block holds: growing time, expiry, one site at first and more when attacked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.accounts.models import SocRole
from sakimori.blacklist import reach
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.expiry import expire_blocks
from sakimori.blacklist.late import block_late
from sakimori.blacklist.models import CLOSED_STATES, AskFirst, Block, BlockState, Finding, FindingState, RestoreChannel
from sakimori.blacklist.policies import save_policy
from sakimori.blacklist.policy import SHIPPED, Rules, Term
from sakimori.blacklist.policy_text import with_kind
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.settlement import settlement
from sakimori.blacklist.settling import settle
from sakimori.customers.models import AuditEntry, Contract, Site
from sakimori.logs.store.interface import LogStore
from tests.moments import START
from tests.people import make_block, make_contract, make_finding, make_user

pytestmark = pytest.mark.django_db

BLOCK = Decision(Outcome.BLOCK, Reason.ATTACK_BLOCKED)
ASK = Decision(Outcome.ASK, Reason.GOOD_TRAFFIC)
ADDRESS = "198.51.100.7"
HOUR = timedelta(hours=1)
TIMED = replace(SHIPPED, term=Term(24, 72))
ONE_SITE = replace(SHIPPED, one_site=True)


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


@pytest.fixture
def second(contract: Contract) -> Site:
    return Site.objects.create(contract=contract, domain="shop-a2.example.jp", vendor_site_id=99)


def find(contract: Contract, decision: Decision, rules: Rules, **columns: object) -> Finding:
    """A new finding of an SQL injection from ADDRESS, settled."""
    values = {"site": contract.sites.get(vendor_site_id=65), "first_at": START, "last_at": START}
    values |= {"state": FindingState.NEW, "reason": ""}
    finding = make_finding(contract, ADDRESS, **{**values, **columns})
    settle(finding, decision, good_requests=None, now=START, rules=rules)
    finding.refresh_from_db()
    return finding


def test_a_block_is_for_good_by_default(contract: Contract) -> None:
    find(contract, BLOCK, SHIPPED)
    Block.objects.update(state=BlockState.ACTIVE, active_at=START)
    assert expire_blocks(now=START + timedelta(days=3650)) == 0
    block = Block.objects.get()
    assert (block.hold_hours, block.expires_at, block.state) == (None, None, BlockState.ACTIVE)


@pytest.mark.parametrize("decision", [BLOCK, ASK])
def test_the_time_begins_when_the_block_is_active(contract: Contract, decision: Decision) -> None:
    find(contract, decision, TIMED)
    assert expire_blocks(now=START + 99 * HOUR) == 0
    assert Block.objects.get().ends_at is None
    Block.objects.update(state=BlockState.ACTIVE, active_at=START + HOUR)
    assert Block.objects.get().ends_at == START + 25 * HOUR
    assert expire_blocks(now=START + HOUR) == 1
    assert Block.objects.get().expires_at == START + 25 * HOUR
    assert expire_blocks(now=START + 25 * HOUR - timedelta(seconds=1)) == 0
    assert expire_blocks(now=START + 25 * HOUR) == 1
    block = Block.objects.get()
    assert (block.state, block.wanted_on_list, block.restore_channel) == (
        BlockState.RESTORING,
        False,
        RestoreChannel.EXPIRY,
    )
    assert (block.restore_asked_at, block.restore_asked_by) == (START + 25 * HOUR, None)
    assert not AskFirst.objects.exists()
    assert AuditEntry.objects.filter(action="block.restore.expiry", actor="sakimori").count() == 1
    assert expire_blocks(now=START + 26 * HOUR) == 0


def test_an_analysts_own_end_is_kept(contract: Contract) -> None:
    find(contract, BLOCK, TIMED)
    Block.objects.update(state=BlockState.ACTIVE, active_at=START, expires_at=START + 2 * HOUR)
    assert expire_blocks(now=START + HOUR) == 0
    assert expire_blocks(now=START + 2 * HOUR) == 1


STANDING = (BlockState.ACTIVE, BlockState.APPLYING, BlockState.APPROVED, BlockState.UNKNOWN)


@pytest.mark.parametrize("state", list(BlockState))
def test_only_what_stood_on_the_list_and_is_wanted_there_expires(contract: Contract, state: BlockState) -> None:
    make_block(contract, state=state, expires_at=START, active_at=None)
    assert expire_blocks(now=START + HOUR) == 0
    Block.objects.update(active_at=START, wanted_on_list=False)
    assert expire_blocks(now=START + HOUR) == 0
    Block.objects.update(wanted_on_list=True)
    assert expire_blocks(now=START + HOUR) == (state in STANDING)
    assert (Block.objects.get().state == BlockState.RESTORING) == (state in (*STANDING, BlockState.RESTORING))


def test_a_block_ends_while_another_site_waits_for_its_write(contract: Contract, second: Site) -> None:
    find(contract, BLOCK, replace(TIMED, one_site=True))
    Block.objects.update(state=BlockState.ACTIVE, active_at=START, written_at=START)
    find(contract, BLOCK, replace(TIMED, one_site=True), site=second)
    assert expire_blocks(now=START + HOUR) == 1
    assert expire_blocks(now=START + 24 * HOUR) == 1
    assert Block.objects.get().state == BlockState.RESTORING


def test_the_time_grows_for_repeaters_only(contract: Contract) -> None:
    hours = []
    for channel in ("", RestoreChannel.EXPIRY, RestoreChannel.PORTAL, RestoreChannel.EXPIRY, RestoreChannel.EXPIRY):
        Block.objects.update(state=BlockState.RESTORED)
        Block.objects.filter(restore_channel="").update(restore_channel=channel)
        find(contract, BLOCK, TIMED)
        hours.append(Block.objects.latest("pk").hold_hours)
    assert hours == [24, 48, 48, 72, 72]


def test_another_contracts_blocks_do_not_make_it_longer(contract: Contract) -> None:
    other = make_contract("有限会社もみじ堂", "B")
    make_block(other, ADDRESS, state=BlockState.RESTORED, restore_channel=RestoreChannel.EXPIRY)
    find(contract, BLOCK, TIMED)
    assert Block.objects.get(contract=contract).hold_hours == 24


def test_a_block_holds_for_all_sites_by_default(contract: Contract, second: Site) -> None:
    find(contract, BLOCK, SHIPPED)
    Block.objects.update(state=BlockState.ACTIVE)
    finding = find(contract, ASK, ONE_SITE, site=second)
    block = Block.objects.get()
    assert (block.only_sites, block.state, finding.block) == ([], BlockState.ACTIVE, block)


WRITTEN_AGAIN = (BlockState.APPLYING, BlockState.ACTIVE)
OPEN = (*WRITTEN_AGAIN, BlockState.APPROVED, BlockState.UNKNOWN, BlockState.FAILED)


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(("written", "to"), [(None, BlockState.APPROVED), (START, BlockState.APPLYING)])
def test_another_site_that_is_attacked_is_added_and_written(
    contract: Contract, second: Site, state: BlockState, written: datetime | None, to: BlockState
) -> None:
    find(contract, BLOCK, ONE_SITE)
    assert Block.objects.get().only_sites == [65]
    Block.objects.update(state=state, next_try_at=START + HOUR, written_at=written, first_hit_at=START)
    find(contract, BLOCK, ONE_SITE)
    assert Block.objects.get().state == state
    finding = find(contract, BLOCK, ONE_SITE, site=second)
    block = Block.objects.get()
    assert (block.only_sites, finding.block, finding.state) == ([65, 99], block, FindingState.BLOCK)
    again = state in WRITTEN_AGAIN
    assert block.state == (to if again else state)
    assert block.next_try_at == (START if again else START + HOUR)
    assert block.first_hit_at == (None if again else START)
    assert AuditEntry.objects.filter(action="block.extend").count() == 1


def test_a_doubtful_attack_on_another_site_waits_for_an_analyst(contract: Contract, second: Site) -> None:
    find(contract, BLOCK, ONE_SITE)
    Block.objects.update(state=BlockState.ACTIVE)
    finding = find(contract, ASK, ONE_SITE, site=second)
    assert (finding.state, finding.block) == (FindingState.ASK, None)
    assert (Block.objects.get().only_sites, Block.objects.get().state) == ([65], BlockState.ACTIVE)


def test_what_comes_off_the_list_is_not_extended(contract: Contract, second: Site) -> None:
    find(contract, BLOCK, ONE_SITE)
    Block.objects.update(state=BlockState.RESTORING)
    find(contract, BLOCK, ONE_SITE, site=second)
    block = Block.objects.get()
    assert (block.only_sites, block.state) == ([65], BlockState.RESTORING)


@pytest.mark.parametrize(("decision", "state"), [(ASK, BlockState.PROPOSED), (BLOCK, BlockState.APPROVED)])
def test_a_proposal_grows(contract: Contract, second: Site, decision: Decision, state: BlockState) -> None:
    find(contract, ASK, ONE_SITE)
    find(contract, decision, ONE_SITE, site=second)
    block = Block.objects.get()
    assert (block.only_sites, block.state, block.findings.count()) == ([65, 99], state, 2)


def test_findings_that_were_too_few_become_evidence(contract: Contract) -> None:
    rules = with_kind(SHIPPED, "sql_injection=auto:3/10")
    few = Decision(Outcome.OBSERVE, Reason.BELOW_THRESHOLD)
    near = find(contract, few, rules, last_at=START - timedelta(minutes=9), first_at=START - timedelta(minutes=9))
    old = find(contract, few, rules, last_at=START - timedelta(minutes=11), first_at=START - timedelta(minutes=11))
    other = find(contract, few, rules, kind="acl")
    enough = find(contract, BLOCK, rules)
    block = Block.objects.get()
    assert set(block.findings.all()) == {near, enough}
    near.refresh_from_db()
    assert near.state == FindingState.BLOCK
    assert {old.block, other.block} == {None}


def test_what_an_analyst_blocks_late_follows_the_policy_too(
    contract: Contract, second: Site, log_store: LogStore
) -> None:
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    save_policy(contract, replace(TIMED, one_site=True), seen=0, reason="試験", by=dana, now=START)
    first = make_finding(contract, ADDRESS, state=FindingState.LATE)
    assert block_late([first], store=log_store, by=dana, now=START).approved == [ADDRESS]
    block = Block.objects.get()
    assert (block.only_sites, block.hold_hours) == ([65], 24)
    Block.objects.update(state=BlockState.ACTIVE, written_at=START)
    other = make_finding(contract, ADDRESS, state=FindingState.LATE, site=second)
    assert block_late([other], store=log_store, by=dana, now=START).there == [ADDRESS]
    block.refresh_from_db()
    assert (block.only_sites, block.state) == ([65, 99], BlockState.APPLYING)


def test_what_is_settled_together_is_settled_as_a_whole_or_not_at_all(contract: Contract) -> None:
    findings = [
        make_finding(contract, f"198.51.100.{n}", state=FindingState.NEW, reason="", site=contract.sites.get())
        for n in (1, 2, 1)
    ]

    def kill() -> None:
        with settlement(findings, rules=SHIPPED, now=START) as settled:
            settled.settle(findings[0], BLOCK, good_requests=None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kill()
    assert not Block.objects.exists()
    with settlement(findings, rules=SHIPPED, now=START) as settled:
        began = [settled.settle(finding, BLOCK, good_requests=None) for finding in findings]
        assert settled.settle(findings[0], BLOCK, good_requests=None) is False
    assert began == [True, True, False]
    assert set(Finding.objects.values_list("state", flat=True)) == {FindingState.BLOCK}
    assert [block.findings.count() for block in Block.objects.order_by("address")] == [2, 1]


def test_many_findings_cost_few_more_queries_than_their_rows(
    contract: Contract, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    findings = [make_finding(contract, ADDRESS, state=FindingState.NEW, reason="") for _ in range(20)]
    with django_assert_max_num_queries(40), settlement(findings, rules=SHIPPED, now=START) as settled:  # type: ignore[attr-defined]
        for finding in findings:
            settled.settle(finding, BLOCK, good_requests=None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2]),
        st.sampled_from([BLOCK, ASK]),
        st.sampled_from([None, *BlockState]),
        st.sampled_from([SHIPPED, ONE_SITE]),
    ),
    max_size=8,
)


@given(STEPS)
@settings(max_examples=30)
def test_whatever_happens_a_block_covers_what_is_blocked(
    contract: Contract, steps: list[tuple[int, Decision, BlockState | None, Rules]]
) -> None:
    """Findings of three sites, and a block that is moved about in between."""
    with transaction.atomic():
        sites = [contract.sites.get(vendor_site_id=65)]
        sites += [Site.objects.create(contract=contract, domain=f"{n}.example.jp", vendor_site_id=n) for n in (1, 2)]
        for place, decision, state, rules in steps:
            before = Block.objects.exclude(state__in=CLOSED_STATES).first()
            finding = find(contract, decision, rules, site=sites[place])
            still_open = Block.objects.exclude(state__in=CLOSED_STATES)
            assert still_open.count() <= 1
            block = finding.block
            if finding.state == FindingState.BLOCK:
                assert block is not None
                assert block.state == BlockState.RESTORING or reach.covers(block, sites[place])
            if finding.state == FindingState.ASK and before is not None and before.state != BlockState.PROPOSED:
                assert block is None
                assert decision is ASK
            if before is not None and block is not None and block.pk == before.pk:
                assert set(before.only_sites) <= set(block.only_sites)
                assert bool(before.only_sites) == bool(block.only_sites)
            if state is not None and block is not None:
                Block.objects.filter(pk=block.pk).update(state=state, decided_at=START)
        transaction.set_rollback(True)

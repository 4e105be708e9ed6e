"""Settling findings into blocks; and a machine that plays attacks, people, faults and other hands against the list.

However it is played: once all is settled, the vendor's list holds the active blocks and other people's entries,
nothing else; no foreign entry was lost; no address was written twice for one block.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sakimori.accounts.models import SocRole
from sakimori.blacklist import actions
from sakimori.blacklist.applying import DUE_STATES
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.models import CLOSED_STATES, AskFirst, Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.settling import settle
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract, VendorAccount
from sakimori.waf.interface import BlacklistView, BlockTarget
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.moments import START, Clock
from tests.people import make_contract, make_finding, make_user

pytestmark = pytest.mark.django_db

BLOCK = Decision(Outcome.BLOCK, Reason.ATTACK_BLOCKED)
ASK = Decision(Outcome.ASK, Reason.GOOD_TRAFFIC)
ADDRESS = "198.51.100.7"
ADDRESSES = st.sampled_from([f"198.51.100.{last}" for last in range(1, 6)])


@pytest.fixture
def contract() -> Contract:
    return make_contract("株式会社さくら商店", "A")


def find(
    contract: Contract, decision: Decision, *, address: str = ADDRESS, now: datetime = START
) -> tuple[Finding, bool]:
    finding = make_finding(contract, address, state=FindingState.NEW, reason="")
    began = settle(finding, decision, good_requests=3, now=now)
    finding.refresh_from_db()
    return finding, began


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.OBSERVE, FindingState.OBSERVED),
        (Outcome.LATE, FindingState.LATE),
        (Outcome.REFUSE, FindingState.REFUSED),
    ],
)
def test_what_is_no_block_is_only_marked(contract: Contract, outcome: Outcome, state: FindingState) -> None:
    finding, began = find(contract, Decision(outcome, Reason.LATE))
    assert (finding.state, finding.reason, finding.block, began) == (state, Reason.LATE, None, False)
    assert not Block.objects.exists()


@pytest.mark.parametrize(
    ("decision", "state", "began"), [(BLOCK, BlockState.APPROVED, True), (ASK, BlockState.PROPOSED, False)]
)
def test_a_first_finding_begins_a_block(contract: Contract, decision: Decision, state: BlockState, began: bool) -> None:
    finding, did_begin = find(contract, decision)
    block = Block.objects.get()
    assert (finding.block, did_begin) == (block, began)
    assert (block.state, block.reason, block.good_requests) == (state, decision.reason, 3)
    assert block.decided_at == (START if began else None)
    assert AuditEntry.objects.get().action == f"block.{state}"


@pytest.mark.parametrize("decision", [BLOCK, ASK])
def test_a_finding_is_settled_once(contract: Contract, decision: Decision) -> None:
    finding, _ = find(contract, decision)
    assert settle(finding, BLOCK, good_requests=None, now=START) is False
    assert Block.objects.get().findings.count() == 1
    assert AuditEntry.objects.count() == 1


# What a further finding makes of an open block: (state of the block, decision) -> (block, finding, began).
JOINS = {
    (BlockState.PROPOSED, ASK): (BlockState.PROPOSED, FindingState.ASK, False),
    (BlockState.PROPOSED, BLOCK): (BlockState.APPROVED, FindingState.BLOCK, True),
    **{
        (state, decision): (state, FindingState.BLOCK, False)
        for state in BlockState
        if state not in (*CLOSED_STATES, BlockState.PROPOSED)
        for decision in (ASK, BLOCK)
    },
}


@pytest.mark.parametrize(("case", "expected"), JOINS.items())
def test_a_further_finding_joins_the_open_block(
    contract: Contract, case: tuple[BlockState, Decision], expected: tuple[BlockState, FindingState, bool]
) -> None:
    find(contract, ASK)
    Block.objects.update(state=case[0])
    finding, began = find(contract, case[1])
    block = Block.objects.get()
    assert (block.state, finding.state, began) == expected
    assert finding.block == block


def test_an_analysts_no_counts_for_a_day(contract: Contract) -> None:
    find(contract, ASK)
    Block.objects.update(state=BlockState.REFUSED, decided_at=START)
    finding, began = find(contract, BLOCK, now=START + timedelta(hours=23))
    assert (finding.state, finding.reason, began) == (FindingState.DISMISSED, Reason.REFUSED_BY_ANALYST, False)
    _, began = find(contract, BLOCK, now=START + timedelta(hours=25))
    assert began
    assert Block.objects.count() == 2


def test_after_a_restore_a_new_block_begins(contract: Contract) -> None:
    find(contract, BLOCK)
    Block.objects.update(state=BlockState.RESTORED)
    _, began = find(contract, BLOCK)
    assert began
    assert Block.objects.count() == 2


def test_customers_do_not_share_blocks(contract: Contract) -> None:
    find(contract, BLOCK)
    _, began = find(make_contract("有限会社もみじ堂", "B"), BLOCK)
    assert began
    assert Block.objects.count() == 2


class BusyVendor(MemoryVendor):
    """Lets something happen while a call is under way: before it reaches the list, or when it has."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        return super().read_blacklist(target)

    def change_blacklist(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        before, self.before = self.before, None
        if before:
            before()
        super().change_blacklist(target, add=add, remove=remove)
        after, self.after = self.after, None
        if after:
            after()


class Crash(BaseException):
    """The process is killed."""


def crash() -> None:
    raise Crash


class ListMachine(RuleBasedStateMachine):
    """One contract, its list, two workers, an analyst, a customer, and somebody else's hand on the list."""

    # Longer than this a list does not lag: what `plan.DOUBT_TIME` rests on.
    LAG = timedelta(seconds=10)

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.contract = make_contract("株式会社さくら商店", "A")
        VendorAccount.objects.create(contract=self.contract, api_id="1", sealed_api_key="x")
        self.dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
        self.policy = f"Sakimori {self.contract.number}"
        self.vendor = BusyVendor()
        self.clock = Clock()
        self.lag_ends = self.clock()
        self.foreign: set[str] = {"203.0.113.66"}
        self.vendor.edit_by_hand(self.policy, add=self.foreign)

    @rule(address=ADDRESSES, doubtless=st.booleans())
    def attack(self, address: str, doubtless: bool) -> None:
        guarded = AskFirst.objects.filter(address=address, until__gt=self.clock()).exists()
        find(self.contract, BLOCK if doubtless and not guarded else ASK, address=address, now=self.clock())

    @rule(address=ADDRESSES)
    def approve(self, address: str) -> None:
        if block := self.open_block(address):
            with suppress(actions.NotPossible):
                actions.approve(block, by=self.dana, now=self.clock())

    @rule(address=ADDRESSES)
    def refuse(self, address: str) -> None:
        if block := self.open_block(address):
            with suppress(actions.NotPossible):
                actions.refuse(block, by=self.dana, now=self.clock())

    @rule(address=ADDRESSES)
    def restore(self, address: str) -> None:
        if block := self.open_block(address):
            with suppress(actions.NotPossible):
                actions.request_restore(block, by=self.dana, reason="", now=self.clock())

    @rule(worker=st.sampled_from(["one", "two"]), rounds=st.integers(1, 3))
    def work(self, worker: str, rounds: int) -> None:
        for _ in range(rounds):
            with suppress(Crash):
                apply_blocks(open_vendor=lambda _: self.vendor, worker=worker, clock=self.clock)
            self.pass_time(2)

    @rule(seconds=st.sampled_from([1, 5, 20, 70, 400]))
    def pass_time(self, seconds: int) -> None:
        self.clock.pass_time(seconds=seconds)
        if self.clock() > self.lag_ends:
            self.vendor.lag(reads=0)

    @rule(reads=st.integers(1, 4))
    def lag(self, reads: int) -> None:
        self.vendor.lag(reads=reads)
        self.lag_ends = self.clock() + self.LAG

    @rule(fault=st.sampled_from(MemoryFault), times=st.integers(1, 2))
    def fault(self, fault: MemoryFault, times: int) -> None:
        self.vendor.fail(fault, times=times)

    @rule(capacity=st.sampled_from([0, 2, 1000]))
    def fill(self, capacity: int) -> None:
        self.vendor.capacity = capacity

    @rule(address=ADDRESSES, late=st.booleans(), what=st.sampled_from(["restore", "work", "crash"]))
    def meanwhile(self, address: str, late: bool, what: str) -> None:
        happening: dict[str, Callable[[], object]] = {
            "restore": lambda: self.restore(address),
            "work": lambda: self.work("three", 1),
            "crash": crash,
        }
        setattr(self.vendor, "after" if late else "before", happening[what])

    @precondition(lambda self: not self.lags())
    @rule(address=ADDRESSES)
    def somebody_adds(self, address: str) -> None:
        """Not while a write of ours for this address is under way: then nobody can tell whose entry it is."""
        block = self.open_block(address)
        if address not in self.listed() and not (block and block.written_at):
            self.vendor.edit_by_hand(self.policy, add=[address])
            self.foreign.add(address)

    @precondition(lambda self: not self.lags())
    @rule(address=ADDRESSES)
    def somebody_removes(self, address: str) -> None:
        """Only what he added and no block of ours counts on."""
        if address in self.foreign and not self.open_block(address):
            self.vendor.edit_by_hand(self.policy, remove=[address])
            self.foreign.discard(address)

    @invariant()
    def no_foreign_entry_is_lost(self) -> None:
        assert self.foreign <= self.listed()

    @invariant()
    def no_entry_stands_twice(self) -> None:
        entries = self.vendor.entries(self.policy)
        assert len(entries) == len(set(entries))

    def teardown(self) -> None:
        try:
            self.settle_and_check()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def settle_and_check(self) -> None:
        self.vendor.heal()
        self.vendor.capacity = 1000
        self.vendor.before = self.vendor.after = None
        for _ in range(8):
            self.clock.pass_time(minutes=6)
            apply_blocks(open_vendor=lambda _: self.vendor, worker="one", clock=self.clock)
        assert not Block.objects.filter(state__in=DUE_STATES).exists()
        active = set(Block.objects.filter(state=BlockState.ACTIVE).values_list("address", flat=True))
        assert self.listed() == active | self.foreign
        added = Counter(address for write in self.vendor.writes for address in write.added)
        for address, times in added.items():
            assert times <= Block.objects.filter(address=address).count(), f"{address} was written twice for one block"
        assert audit.first_broken(AuditEntry.objects.all()) is None

    def open_block(self, address: str) -> Block | None:
        return Block.objects.filter(address=address).exclude(state__in=CLOSED_STATES).first()

    def listed(self) -> set[str]:
        return set(self.vendor.entries(self.policy))

    def lags(self) -> bool:
        return self.clock() <= self.lag_ends


def test_the_list_is_right_in_the_end_whatever_is_played() -> None:
    run_state_machine_as_test(
        ListMachine,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )

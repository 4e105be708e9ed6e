"""The stop switch: nothing is put on any list while it is on, and everything that comes off still does."""

from datetime import timedelta

import pytest

from sakimori.blacklist import stop
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.duties import apply_blocks, decide_findings
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState, Stop
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, VendorAccount
from sakimori.logs.store.interface import LogStore
from sakimori.waf.memory import MemoryVendor
from tests.moments import START, Clock
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db

HAND = stop.Hand("kuroda", "黒田 誠")


@pytest.fixture
def people() -> People:
    return make_people()


def test_the_switch_is_turned_once_and_back_once() -> None:
    assert not stop.is_on()
    assert stop.stop(by=HAND, reason="誤検知の調査", now=START)
    assert not stop.stop(by=stop.Hand("x", "別の人"), reason="別の理由", now=START + timedelta(minutes=1))
    current = stop.current()
    assert current is not None
    assert (current.since, current.by_name, current.reason) == (START, "黒田 誠", "誤検知の調査")
    assert stop.go(by=HAND, reason="調査が終わった", now=START + timedelta(hours=1))
    assert not stop.go(by=HAND, reason="もう一度", now=START + timedelta(hours=2))
    assert stop.current() is None
    past = stop.past_stops().get()
    assert (past.ended_at, past.ended_reason) == (START + timedelta(hours=1), "調査が終わった")
    assert list(AuditEntry.objects.values_list("action", "actor")) == [
        ("blacklist.stop", "kuroda"),
        ("blacklist.go", "kuroda"),
    ]


def test_a_second_stop_gets_a_row_of_its_own() -> None:
    for hour in range(2):
        stop.stop(by=HAND, reason=f"理由 {hour}", now=START + timedelta(hours=2 * hour))
        stop.go(by=HAND, reason="再開", now=START + timedelta(hours=2 * hour + 1))
    assert [row.reason for row in stop.past_stops()] == ["理由 1", "理由 0"]
    assert Stop.objects.filter(is_on=True).count() == 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_would_be_blocked_is_held_back(outcome: Outcome) -> None:
    decision = Decision(outcome, Reason.ATTACK_BLOCKED)
    assert stop.held_back(decision, stopped=False) == decision
    held = Decision(Outcome.ASK, Reason.STOPPED) if outcome is Outcome.BLOCK else decision
    assert stop.held_back(decision, stopped=True) == held


def test_an_attack_is_asked_about_while_all_is_stopped(people: People, log_store: LogStore) -> None:
    stop.stop(by=HAND, reason="調査", now=NOW)
    make_finding(people.a, "203.0.113.5", state=FindingState.NEW, reason="", passed=0)
    decide_findings(store=log_store, now=NOW)
    block = Block.objects.get()
    assert (block.state, block.reason) == (BlockState.PROPOSED, Reason.STOPPED)
    assert Finding.objects.get().state == FindingState.ASK


def test_nothing_is_put_on_the_list_and_restores_go_on(people: People) -> None:
    vendor, clock = MemoryVendor(), Clock(START)
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x")
    policy = f"Sakimori {people.a.number}"
    listed = make_block(people.a, "203.0.113.1", state=BlockState.APPROVED, next_try_at=START)
    _carry(people, vendor, clock)
    listed.refresh_from_db()
    assert listed.state == BlockState.ACTIVE
    stop.stop(by=HAND, reason="調査", now=clock())
    waiting = make_block(people.a, "203.0.113.2", state=BlockState.APPROVED, next_try_at=START)
    begun = make_block(
        people.a, "203.0.113.3", state=BlockState.APPLYING, next_try_at=START, written_at=START - timedelta(minutes=9)
    )
    Block.objects.filter(pk=listed.pk).update(
        state=BlockState.RESTORING, wanted_on_list=False, restore_asked_at=clock(), next_try_at=clock()
    )
    for _ in range(3):
        clock.pass_time(minutes=3)
        _carry(people, vendor, clock)
    states = {block.address: block.state for block in Block.objects.all()}
    assert states == {
        listed.address: BlockState.RESTORED,
        waiting.address: BlockState.APPROVED,
        begun.address: BlockState.APPLYING,
    }
    assert not {waiting.address, begun.address, listed.address} & set(vendor.entries(policy))
    stop.go(by=HAND, reason="再開", now=clock())
    clock.pass_time(minutes=3)
    _carry(people, vendor, clock)
    assert {waiting.address, begun.address} <= set(vendor.entries(policy))


def test_what_waits_for_the_end_of_the_stop_is_not_asked_for_at_every_round(people: People) -> None:
    vendor, clock = MemoryVendor(), Clock(START)
    VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x")
    stop.stop(by=HAND, reason="調査", now=START)
    make_block(people.a, state=BlockState.UNKNOWN, next_try_at=START, written_at=START - timedelta(minutes=9))
    assert [_carry(people, vendor, clock) for _ in range(3)] == [1, 0, 0]
    make_block(people.a, "203.0.113.9", state=BlockState.APPROVED, next_try_at=START)
    assert _carry(people, vendor, clock) == 0


def _carry(people: People, vendor: MemoryVendor, clock: Clock) -> int:
    return apply_blocks(open_vendor=lambda account: vendor, worker="one", clock=clock)

"""From the day of cancellation on: nothing is fetched, nothing new is blocked; what was received is stored."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.models import LogFile, LogFileState, PullState
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm
from sakimori.run.watch import watch_intake
from sakimori.tickets.actions import request_restore
from sakimori.tickets.models import TicketBlock
from sakimori.waf.memory import MemoryFault
from tests.chain import Chain, make_chain
from tests.lines import cef
from tests.people import People, make_block, make_people

ATTACKER = "198.51.100.7"

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    return make_chain(log_store, tmp_path, people.a)


def attack(chain: Chain, src: str = ATTACKER) -> None:
    chain.deliver([cef("SQL Injection", src, at=chain.clock())])


def cancel(chain: Chain, people: People) -> None:
    """The contract ends today."""
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(chain.clock()))


def listed(chain: Chain, people: People) -> tuple[str, ...]:
    return chain.vendor.entries(f"Sakimori {people.a.number}")


def test_nothing_is_fetched_and_nobody_is_blocked(chain: Chain, people: People) -> None:
    cancel(chain, people)
    attack(chain)
    chain.settle(rounds=3)
    assert not LogFile.objects.exists()
    assert not PullState.objects.exists()
    assert chain.vendor.writes == []


def test_the_day_before_all_goes_on(chain: Chain, people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=day_of(chain.clock()) + timedelta(days=1))
    attack(chain)
    chain.settle(rounds=5)
    assert listed(chain, people) == (ATTACKER,)


def test_what_was_received_before_is_stored_and_found_but_blocks_nobody(chain: Chain, people: People) -> None:
    attack(chain)
    chain.duties()[0]()
    cancel(chain, people)
    chain.settle(rounds=5)
    assert LogFile.objects.get().state == LogFileState.STORED
    finding = Finding.objects.get()
    assert (finding.state, finding.reason) == (FindingState.REFUSED, Reason.CONTRACT_ENDED)
    assert chain.vendor.writes == []


def test_a_block_that_was_decided_but_not_written_is_given_up(chain: Chain, people: People) -> None:
    attack(chain)
    for duty in chain.duties()[:4]:
        duty()
    assert Block.objects.get().state == BlockState.APPROVED
    cancel(chain, people)
    chain.settle(rounds=3)
    block = Block.objects.get()
    assert (block.state, block.reason) == (BlockState.REFUSED, Reason.CONTRACT_ENDED)
    assert chain.vendor.writes == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (MemoryFault.DOUBTFUL_APPLIED, BlockState.ACTIVE),
        (MemoryFault.DOUBTFUL_NOT_APPLIED, BlockState.RESTORED),
    ],
)
def test_a_doubtful_write_is_read_back_but_not_made_again(
    chain: Chain, people: People, fault: MemoryFault, expected: BlockState
) -> None:
    attack(chain)
    for duty in chain.duties()[:4]:
        duty()
    chain.vendor.fail(fault)
    chain.duties()[4]()
    assert Block.objects.get().state == BlockState.UNKNOWN
    cancel(chain, people)
    chain.settle()
    assert Block.objects.get().state == expected
    assert not any(write.added for write in chain.vendor.writes[1:])


def test_active_blocks_stay_on_the_list_and_can_still_be_restored(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle(rounds=5)
    cancel(chain, people)
    chain.settle(rounds=3)
    assert listed(chain, people) == (ATTACKER,)
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=chain.clock())
    chain.settle(rounds=5)
    assert listed(chain, people) == ()
    assert Block.objects.get().state == BlockState.RESTORED


def test_an_analyst_cannot_approve_any_more(chain: Chain, people: People) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    cancel(chain, people)
    with pytest.raises(actions.NotPossible, match="解約日"):
        actions.approve(block, by=people.dana, now=chain.clock())
    assert Block.objects.get().state == BlockState.PROPOSED


def test_a_pull_that_failed_before_raises_no_alarm_any_more(chain: Chain, people: People) -> None:
    PullState.objects.create(contract=people.a, next_try_at=chain.clock(), failures=9)
    cancel(chain, people)
    watch_intake(now=chain.clock())
    assert not Alarm.objects.exists()

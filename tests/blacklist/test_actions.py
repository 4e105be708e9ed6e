"""What people may do to a block: every state against every action, with the record of who did it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.duties import apply_blocks
from sakimori.blacklist.models import AskFirst, Block, BlockState, FindingState, RestoreChannel
from sakimori.blacklist.queries import DECIDABLE, RESTORABLE
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import AuditEntry, VendorAccount
from sakimori.customers.secrets import open_details
from sakimori.waf.interface import WafUnauthorised, WafVendor
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.moments import START, Clock
from tests.people import People, make_block, make_people

pytestmark = pytest.mark.django_db

LATER = START + timedelta(minutes=5)
REASON = "取引先の検査"
Act = Callable[[Block, People], None]

ACTIONS: dict[str, Act] = {
    "approve": lambda block, people: actions.approve(block, by=people.dana, now=LATER),
    "refuse": lambda block, people: actions.refuse(block, by=people.dana, now=LATER),
    "restore": lambda block, people: actions.request_restore(block, by=people.alice, reason=REASON, now=LATER),
}
# state: what approve, refuse and restore make of it. None = not possible; the same state = nothing happens.
TABLE: dict[BlockState, tuple[BlockState | None, BlockState | None, BlockState | None]] = {
    BlockState.PROPOSED: (BlockState.APPROVED, BlockState.REFUSED, None),
    BlockState.APPROVED: (BlockState.APPROVED, None, BlockState.RESTORING),
    BlockState.APPLYING: (BlockState.APPLYING, None, BlockState.RESTORING),
    BlockState.ACTIVE: (BlockState.ACTIVE, None, BlockState.RESTORING),
    BlockState.RESTORING: (None, None, BlockState.RESTORING),
    BlockState.RESTORED: (None, None, BlockState.RESTORED),
    BlockState.REFUSED: (None, BlockState.REFUSED, None),
    BlockState.FAILED: (BlockState.APPROVED, BlockState.REFUSED, None),
    BlockState.UNKNOWN: (None, None, BlockState.RESTORING),
}
CASES = [(state, action, after) for state, row in TABLE.items() for action, after in zip(ACTIONS, row, strict=True)]


@pytest.fixture
def people() -> People:
    return make_people()


def make(people: People, state: BlockState) -> Block:
    leaving = state in (BlockState.RESTORING, BlockState.RESTORED)
    return make_block(
        people.a, state=state, attempts=7, last_error="before", wanted_on_list=not leaving, next_try_at=START
    )


def columns(block: Block) -> dict[str, object]:
    return Block.objects.filter(pk=block.pk).values().get()


def test_the_table_is_complete() -> None:
    assert set(TABLE) == set(BlockState)
    assert {state for state, row in TABLE.items() if row[0] != state and row[0]} == set(DECIDABLE)
    assert {state for state, row in TABLE.items() if row[2] == BlockState.RESTORING} - {BlockState.RESTORING} == set(
        RESTORABLE
    )


@pytest.mark.parametrize(("state", "action", "after"), CASES)
def test_every_action_in_every_state(people: People, state: BlockState, action: str, after: BlockState | None) -> None:
    block = make(people, state)
    before = columns(block)
    if after is None:
        with pytest.raises(NotPossible) as caught:
            ACTIONS[action](block, people)
        assert str(caught.value).endswith("できません。")
        assert state.label in str(caught.value)
    else:
        ACTIONS[action](block, people)
    if after is None or after == state:
        assert columns(block) == before
        assert not AuditEntry.objects.exists()
    else:
        changed = Block.objects.get(pk=block.pk)
        assert (changed.state, changed.attempts, changed.next_try_at, changed.last_error) == (after, 0, LATER, "")
        assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(("state", "action", "after"), [case for case in CASES if case[2] not in (None, case[0])])
def test_doing_it_twice_is_doing_it_once(people: People, state: BlockState, action: str, after: BlockState) -> None:
    block = make(people, state)
    ACTIONS[action](block, people)
    once = columns(block)
    ACTIONS[action](block, people)
    assert columns(block) == once
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("action", "name", "actor", "details"),
    [
        ("approve", "block.approved", "dana", Reason.APPROVED),
        ("refuse", "block.refused", "dana", Reason.REFUSED_BY_ANALYST),
    ],
)
def test_a_decision_is_recorded_with_its_author(
    people: People, action: str, name: str, actor: str, details: str
) -> None:
    block = make(people, BlockState.PROPOSED)
    ACTIONS[action](block, people)
    block.refresh_from_db()
    assert (block.decided_by, block.decided_at, block.reason) == (people.dana, LATER, details)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target, entry.at) == (name, actor, f"block:{block.pk}", LATER)
    opened = open_details(people.a.customer, entry.sealed_details, place=f"audit:block:{block.pk}")
    assert opened == {"address": block.address, "reason": details}
    expected = FindingState.BLOCK if action == "approve" else FindingState.DISMISSED
    assert set(block.findings.values_list("state", flat=True)) == {expected}


def test_a_restore_is_recorded_and_guards_the_address(people: People) -> None:
    block = make(people, BlockState.ACTIVE)
    ACTIONS["restore"](block, people)
    block.refresh_from_db()
    assert (block.restore_asked_by, block.restore_asked_at, block.restore_reason) == (people.alice, LATER, REASON)
    assert block.wanted_on_list is False
    ask = AskFirst.objects.get()
    assert (ask.contract, ask.address, ask.until) == (people.a, block.address, LATER + timedelta(days=90))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("block.restore.request", "alice")
    opened = open_details(people.a.customer, entry.sealed_details, place=f"audit:block:{block.pk}")
    assert opened == {"address": block.address, "reason": REASON, "channel": "desk"}


def test_a_long_reason_is_cut_in_the_row_and_whole_in_the_record(people: People) -> None:
    block = make(people, BlockState.ACTIVE)
    actions.request_restore(block, by=people.alice, reason="長" * 300, now=LATER)
    block.refresh_from_db()
    assert block.restore_reason == "長" * 200
    entry = AuditEntry.objects.get()
    opened = open_details(people.a.customer, entry.sealed_details, place=f"audit:block:{block.pk}")
    assert opened["reason"] == "長" * 300


@pytest.mark.parametrize("channel", [RestoreChannel.PHONE, RestoreChannel.MAIL])
@pytest.mark.parametrize(("requester", "identified"), [("", "折り返し"), ("桜井 花子", ""), (" ", "\t")])
def test_nobody_from_outside_gets_an_address_back_without_name_and_check(
    channel: RestoreChannel, requester: str, identified: str, people: People
) -> None:
    block = make(people, BlockState.ACTIVE)
    before = columns(block)
    asked: dict[str, Any] = {"channel": channel, "requester": requester, "identified": identified}
    with pytest.raises(actions.NotPossible, match="本人確認"):
        actions.request_restore(block, by=people.dana, reason=REASON, now=LATER, **asked)
    assert columns(block) == before
    assert not AuditEntry.objects.exists()
    assert not AskFirst.objects.exists()


def test_how_it_was_asked_for_stands_in_row_and_record(people: People) -> None:
    block = make(people, BlockState.ACTIVE)
    asked: dict[str, Any] = {"requester": "桜井 花子", "identified": "契約番号と折り返し"}
    actions.request_restore(block, by=people.dana, reason=REASON, now=LATER, channel=RestoreChannel.PHONE, **asked)
    block.refresh_from_db()
    told = block.restore_channel, block.restore_requester, block.restore_identified, block.restore_asked_by
    assert told == ("phone", "桜井 花子", "契約番号と折り返し", people.dana)
    entry = AuditEntry.objects.get()
    opened = open_details(people.a.customer, entry.sealed_details, place=f"audit:block:{block.pk}")
    assert (opened["channel"], opened["requester"]) == ("phone", "桜井 花子")
    assert opened["identified"] == "契約番号と折り返し"


def test_a_second_request_while_a_removal_is_in_doubt_changes_nothing(people: People) -> None:
    """`unknown` on its way off the list: the removal was asked for already."""
    block = make(people, BlockState.ACTIVE)
    ACTIONS["restore"](block, people)
    Block.objects.filter(pk=block.pk).update(state=BlockState.UNKNOWN, written_at=LATER)
    before = columns(block)
    actions.request_restore(block, by=people.dana, reason="もう一度", now=LATER + timedelta(minutes=1))
    assert columns(block) == before
    assert AuditEntry.objects.count() == 1


def carry(people: People, vendor: WafVendor, clock: Clock) -> int:
    return apply_blocks(open_vendor=lambda _: vendor, worker="one", clock=clock)


@pytest.fixture
def account(people: People) -> VendorAccount:
    return VendorAccount.objects.create(contract=people.a, api_id="1", sealed_api_key="x")


def test_an_address_given_back_before_it_was_written_is_never_taken_from_somebody_else(
    people: People, account: VendorAccount
) -> None:
    """Approved, then needed by the customer before we wrote; meanwhile somebody else has put it on the list."""
    vendor, policy = MemoryVendor(), f"Sakimori {people.a.number}"
    block = make(people, BlockState.APPROVED)
    vendor.edit_by_hand(policy, add=[block.address])
    ACTIONS["restore"](block, people)
    carry(people, vendor, Clock(LATER))
    block.refresh_from_db()
    assert (block.state, block.was_there_before) == (BlockState.RESTORED, True)
    assert vendor.entries(policy) == (block.address,)


def test_an_entry_made_by_somebody_else_after_our_write_was_refused_stays_his(
    people: People, account: VendorAccount
) -> None:
    vendor, policy, clock = MemoryVendor(), f"Sakimori {people.a.number}", Clock(LATER)
    block = make(people, BlockState.APPROVED)
    vendor.disliked = {block.address}
    carry(people, vendor, clock)
    block.refresh_from_db()
    assert block.state == BlockState.FAILED
    vendor.disliked = set()
    vendor.edit_by_hand(policy, add=[block.address])
    actions.approve(block, by=people.dana, now=clock())
    clock.pass_time(minutes=2)
    # The entry is in force once the policy is applied to the site; then our block finds it there and is done.
    for _ in range(3):
        carry(people, vendor, clock)
        clock.pass_time(seconds=30)
    block.refresh_from_db()
    assert (block.state, block.was_there_before) == (BlockState.ACTIVE, True)
    actions.request_restore(block, by=people.alice, reason="", now=clock())
    carry(people, vendor, clock)
    assert vendor.entries(policy) == (block.address,)


def test_a_refused_write_holds_up_no_other_address(people: People, account: VendorAccount) -> None:
    vendor, clock = MemoryVendor(), Clock(LATER)
    vendor.disliked = {make(people, BlockState.APPROVED).address}
    carry(people, vendor, clock)
    assert Block.objects.get().state == BlockState.FAILED
    other = make_block(people.a, "203.0.113.6", state=BlockState.APPROVED, next_try_at=clock())
    clock.pass_time(seconds=1)
    carry(people, vendor, clock)
    other.refresh_from_db()
    assert other.state == BlockState.ACTIVE


def test_an_account_whose_credential_cannot_be_opened_stops_no_other(people: People, account: VendorAccount) -> None:
    broken = make(people, BlockState.APPROVED)
    VendorAccount.objects.create(contract=people.b, api_id="2", sealed_api_key="x")
    fine = make_block(people.b, state=BlockState.APPROVED, next_try_at=START)
    vendor = MemoryVendor()

    def open_vendor(account: VendorAccount) -> WafVendor:
        if account.contract == people.a:
            raise WafUnauthorised("the stored credential cannot be used")
        return vendor

    for _ in range(2):
        apply_blocks(open_vendor=open_vendor, worker="one", clock=Clock(LATER))
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert fine.state == BlockState.ACTIVE
    assert (broken.state, broken.attempts) == (BlockState.APPROVED, 8)
    assert broken.last_error.startswith("WafUnauthorised")


def test_a_read_that_is_refused_says_nothing_about_what_was_written(people: People, account: VendorAccount) -> None:
    """Written, but not seen yet: a refusal of the next reading must not turn the block into a failure."""
    vendor, clock = MemoryVendor(), Clock(LATER)
    block = make(people, BlockState.APPROVED)
    vendor.lag(reads=2)
    carry(people, vendor, clock)
    block.refresh_from_db()
    assert block.state == BlockState.APPLYING
    vendor.heal()
    vendor.fail(MemoryFault.REFUSED)
    clock.pass_time(seconds=5)
    carry(people, vendor, clock)
    clock.pass_time(minutes=10)
    carry(people, vendor, clock)
    block.refresh_from_db()
    assert block.state == BlockState.ACTIVE
    assert len(vendor.writes) == 1


@pytest.mark.parametrize("channel", [RestoreChannel.EXPIRY, RestoreChannel.FULL])
@pytest.mark.parametrize("state", [BlockState.RESTORING, BlockState.UNKNOWN, BlockState.RESTORED])
def test_a_request_takes_over_what_comes_off_by_itself(
    state: BlockState, channel: RestoreChannel, people: People
) -> None:
    """Otherwise the next attack would block, unasked, an address that the customer has asked for."""
    begun = {"restore_channel": channel, "restore_asked_at": START, "restore_reason": "期限", "next_try_at": START}
    block = make_block(people.a, state=state, wanted_on_list=False, attempts=2, **begun)
    asked: dict[str, Any] = {"channel": RestoreChannel.MAIL, "requester": "桜井 花子", "identified": "折り返し"}
    for minutes in (0, 1):
        later = LATER + timedelta(minutes=minutes)
        actions.request_restore(block, by=people.dana, reason=REASON, now=later, **asked)
    block.refresh_from_db()
    told = block.restore_channel, block.restore_requester, block.restore_identified, block.restore_reason
    assert told == (RestoreChannel.MAIL, "桜井 花子", "折り返し", REASON)
    assert (block.state, block.restore_asked_by, block.attempts) == (state, people.dana, 2)
    ask = AskFirst.objects.get()
    assert (ask.block, ask.address, ask.until) == (block, block.address, LATER + timedelta(days=90))
    entry = AuditEntry.objects.get()
    opened = open_details(people.a.customer, entry.sealed_details, place=f"audit:block:{block.pk}")
    assert (entry.action, entry.actor, opened["channel"], opened["reason"]) == (
        "block.restore.request",
        "dana",
        "mail",
        REASON,
    )


@pytest.mark.parametrize(
    ("state", "written_at", "asked_at"),
    [
        (BlockState.RESTORING, None, LATER),
        (BlockState.RESTORING, START - timedelta(hours=1), LATER),
        (BlockState.RESTORING, START + timedelta(seconds=1), START),
        (BlockState.RESTORED, None, START),
    ],
)
def test_taken_over_it_counts_from_the_request_unless_its_removal_was_written(
    state: BlockState, written_at: datetime | None, asked_at: datetime, people: People
) -> None:
    begun = {"restore_channel": RestoreChannel.EXPIRY, "restore_asked_at": START, "written_at": written_at}
    block = make_block(people.a, state=state, wanted_on_list=False, **begun)
    actions.request_restore(block, by=people.alice, reason="", now=LATER, channel=RestoreChannel.PORTAL)
    block.refresh_from_db()
    assert (block.restore_asked_at, block.written_at) == (asked_at, written_at)

"""Entries by hand and what needs two people: the guard is always asked, and nobody is two persons."""

from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.blacklist import actions
from sakimori.blacklist.actions import NotPossible
from sakimori.blacklist.by_hand import add
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.models import AskFirst, Block, BlockState, FindingState
from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.settling import settle
from sakimori.console.records import records_of
from sakimori.customers.models import AuditEntry, Contract, RegisteredNetwork
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import written
from sakimori.logs.store.interface import LogStore
from tests.moments import START
from tests.people import People, make_block, make_finding, make_people, make_user

pytestmark = pytest.mark.django_db
LATER = START + timedelta(minutes=5)
DAY = timedelta(days=1)


@pytest.fixture
def people() -> People:
    return make_people()


def put(people: People, entry: str, store: LogStore, *, lasts: timedelta | None = None) -> Block:
    return add(people.a, entry, note="取引先からの依頼", lasts=lasts, store=store, by=people.dana, now=START)


def test_an_address_is_put_on_the_list_at_once_with_its_reason_and_end(people: People, log_store: LogStore) -> None:
    block = put(people, "203.0.113.5", log_store, lasts=DAY)
    assert (block.state, block.reason, block.note) == (BlockState.APPROVED, Reason.BY_HAND, "取引先からの依頼")
    assert (block.decided_by, block.decided_at, block.expires_at) == (people.dana, START, START + DAY)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["block.by_hand", "block.approved"]


def test_a_network_waits_for_a_second_person_who_is_somebody_else(people: People, log_store: LogStore) -> None:
    block = put(people, "203.0.113.0/28", log_store, lasts=DAY)
    assert (block.state, block.reason) == (BlockState.PROPOSED, Reason.TWO_PEOPLE)
    assert (block.decided_by, block.decided_at, block.second_by) == (people.dana, None, None)
    with pytest.raises(NotPossible, match="別の担当者の承認が必要です"):
        actions.approve(block, by=people.dana, now=LATER)
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    assert actions.approve(block, by=kuroda, now=LATER)
    block.refresh_from_db()
    assert (block.state, block.reason) == (BlockState.APPROVED, Reason.APPROVED_BY_TWO)
    assert (block.decided_by, block.second_by) == (people.dana, kuroda)
    assert block.expires_at == LATER + DAY, "counted from the approval"


def test_a_network_that_nobody_has_asked_for_needs_two_as_well(people: People) -> None:
    block = make_block(people.a, "203.0.113.0/28", state=BlockState.PROPOSED, proposed_at=START)
    assert not actions.approve(block, by=people.dana, now=LATER, lasts=DAY)
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    assert actions.approve(block, by=kuroda, now=LATER + DAY)
    block.refresh_from_db()
    assert (block.decided_by, block.second_by) == (people.dana, kuroda)
    assert block.expires_at == LATER + 2 * DAY


def test_one_person_alone_refuses_a_network(people: People, log_store: LogStore) -> None:
    block = put(people, "203.0.113.0/28", log_store)
    actions.refuse(block, by=people.dana, now=LATER)
    block.refresh_from_db()
    assert block.state == BlockState.REFUSED


def test_a_failed_network_is_tried_again_by_one_person(people: People) -> None:
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    block = make_block(
        people.a, "203.0.113.0/28", state=BlockState.FAILED, decided_by=people.dana, second_by=kuroda, decided_at=START
    )
    assert actions.approve(block, by=people.dana, now=LATER)


def test_a_64_of_ipv6_is_one_host(people: People, log_store: LogStore) -> None:
    assert put(people, "2001:db8:1:2::/64", log_store).state == BlockState.APPROVED


@pytest.mark.parametrize("entry", ["203.0.113.5", "203.0.113.0/28", "2001:db8:1::/48"])
def test_what_the_customer_needs_is_on_no_list(entry: str, people: People, log_store: LogStore) -> None:
    for network in ("203.0.113.5/32", "2001:db8:1:2::/64"):
        RegisteredNetwork.objects.create(customer=people.a.customer, network=network)
    with pytest.raises(NotPossible, match="お客様が登録されたアドレス"):
        put(people, entry, log_store)
    assert not Block.objects.exists()


def test_an_address_that_the_customer_has_asked_for_is_asked_about_first(people: People, log_store: LogStore) -> None:
    old = make_block(people.a, "203.0.113.5", state=BlockState.RESTORED)
    AskFirst.objects.create(contract=people.a, address="203.0.113.5", until=START + DAY, block=old)
    block = put(people, "203.0.113.5", log_store)
    assert (block.state, block.reason, block.decided_by) == (BlockState.PROPOSED, Reason.RESTORED_BEFORE, None)
    assert actions.approve(block, by=people.dana, now=LATER)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("240a:61:1:2::/64", Reason.SHARED_MOBILE),
        ("49.98.7.0/24", Reason.SHARED_MOBILE),
        ("203.138.180.0/22", Reason.SHARED_MOBILE),
        ("2001:db8:1:2::/64", Reason.RESTORED_BEFORE),
        ("203.0.113.0/28", Reason.RESTORED_BEFORE),
        ("203.0.113.64/26", Reason.TWO_PEOPLE),
    ],
)
def test_a_network_that_holds_shared_or_given_back_addresses_waits_with_that_reason(
    entry: str, reason: Reason, people: People, log_store: LogStore
) -> None:
    for address in ("203.0.113.5", "2001:db8:1:2::9"):
        old = make_block(people.a, address, state=BlockState.RESTORED)
        AskFirst.objects.create(contract=people.a, address=address, until=START + DAY, block=old)
    block = put(people, entry, log_store)
    assert (block.state, block.reason, block.good_requests) == (BlockState.PROPOSED, reason, None)
    assert block.decided_by == (people.dana if reason is Reason.TWO_PEOPLE else None), "nobody has said yes unasked"
    assert bool(block.shared_label) is (reason is Reason.SHARED_MOBILE)
    whole = actions.approve(block, by=people.alice if block.decided_by else people.dana, now=LATER)
    assert whole is (entry.endswith("/64") or reason is Reason.TWO_PEOPLE)


@pytest.mark.parametrize("entry", ["203.0.113.5", "203.0.113.0/28", "203.0.113.8/30"])
def test_what_is_there_already_is_said_with_its_state(entry: str, people: People, log_store: LogStore) -> None:
    make_block(people.a, "203.0.113.0/28")
    with pytest.raises(NotPossible, match=r"203\.0\.113\.0/28 として、すでに「遮断中」です"):
        put(people, entry, log_store)
    assert put(people, "203.0.113.16", log_store).state == BlockState.APPROVED
    assert put(people, "203.0.113.0/27", log_store).state == BlockState.PROPOSED


def test_nothing_is_put_on_the_list_of_a_contract_that_has_ended(people: People, log_store: LogStore) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=START.date())
    people.a.refresh_from_db()
    with pytest.raises(NotPossible, match="解約日"):
        put(people, "203.0.113.5", log_store)


def test_the_guard_is_asked_again_when_somebody_approves(people: People) -> None:
    """The customer has registered the address while the question waited."""
    block = make_block(people.a, state=BlockState.PROPOSED)
    RegisteredNetwork.objects.create(customer=people.a.customer, network="203.0.113.0/24")
    with pytest.raises(NotPossible, match="お客様が登録されたアドレス"):
        actions.approve(block, by=people.dana, now=LATER)
    block.refresh_from_db()
    assert block.state == BlockState.PROPOSED


def test_an_end_is_counted_from_the_approval_and_never_made_later(people: People) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED, proposed_at=START)
    actions.shorten(block, lasts=DAY, by=people.dana, now=LATER)
    block.refresh_from_db()
    assert (block.state, block.expires_at) == (BlockState.APPROVED, LATER + DAY)
    actions.shorten(block, lasts=7 * DAY, by=people.dana, now=LATER)
    block.refresh_from_db()
    assert block.expires_at == LATER + DAY
    actions.shorten(block, lasts=timedelta(hours=1), by=people.dana, now=LATER)
    block.refresh_from_db()
    assert block.expires_at == LATER + timedelta(hours=1)
    assert AuditEntry.objects.filter(action="block.shorten").count() == 1


@pytest.mark.parametrize("state", [BlockState.RESTORING, BlockState.RESTORED, BlockState.REFUSED])
def test_what_is_over_gets_no_end(state: BlockState, people: People) -> None:
    with pytest.raises(NotPossible, match="期限を設定できません"):
        actions.shorten(make_block(people.a, state=state), lasts=DAY, by=people.dana, now=LATER)


def test_a_text_that_is_no_address_is_never_approved(people: People) -> None:
    block = make_block(people.a, "nonsense", state=BlockState.PROPOSED)
    with pytest.raises(NotPossible, match="特定できない"):
        actions.approve(block, by=people.dana, now=LATER)


def ends_recorded(people: People) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.order_by("pk")
    opened = [
        (row.action, open_details(people.a.customer, row.sealed_details, place=f"audit:{row.target}")) for row in rows
    ]
    return [(action, str(details.get("until", ""))) for action, details in opened]


def test_the_record_tells_the_end_that_a_person_chose(people: People, log_store: LogStore) -> None:
    block = put(people, "203.0.113.0/28", log_store, lasts=DAY)
    kuroda = make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)
    actions.approve(block, by=kuroda, now=LATER)
    actions.shorten(block, lasts=timedelta(hours=1), by=kuroda, now=LATER)
    assert ends_recorded(people) == [
        ("block.by_hand", written(START + DAY)),
        ("block.first_yes", written(START + DAY)),
        ("block.approved", written(LATER + DAY)),
        ("block.shorten", written(LATER + timedelta(hours=1))),
    ]
    told = [record.reason for record in records_of(block)]
    assert told[0] == f"取引先からの依頼（期限 {written(START + DAY)}）"
    assert told[2].endswith(f"承認しました。（期限 {written(LATER + DAY)}）")
    assert told[3] == f"期限 {written(LATER + timedelta(hours=1))}"


def test_a_question_that_is_approved_with_an_end_or_refused(people: People) -> None:
    first = make_block(people.a, state=BlockState.PROPOSED, proposed_at=START)
    second = make_block(people.a, "203.0.113.6", state=BlockState.PROPOSED, proposed_at=START, expires_at=START + DAY)
    actions.approve(first, by=people.dana, now=LATER, lasts=DAY)
    actions.refuse(second, by=people.dana, now=LATER)
    assert ends_recorded(people) == [("block.approved", written(LATER + DAY)), ("block.refused", "")]


def test_an_end_is_counted_from_an_approval_by_newer_evidence_too(people: People) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED, proposed_at=START, expires_at=START + DAY, note="依頼")
    finding = make_finding(people.a, block.address, state=FindingState.NEW, reason="")
    settle(finding, Decision(Outcome.BLOCK, Reason.ATTACK_BLOCKED), good_requests=None, now=LATER, rules=SHIPPED)
    block.refresh_from_db()
    assert (block.state, block.decided_at, block.expires_at) == (BlockState.APPROVED, LATER, LATER + DAY)
    assert ends_recorded(people) == [("block.approved", written(LATER + DAY))]

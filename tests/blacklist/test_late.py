"""What came late never blocks, mails or asks by itself; an analyst blocks it after all, or dismisses it."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.blacklist.late import LateBlocks, block_late, dismiss_all_late, dismiss_late, late_findings
from sakimori.blacklist.models import AskFirst, Block, BlockState, Finding, FindingState
from sakimori.blacklist.queries import late_groups, newest_late_findings
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract, RegisteredNetwork
from sakimori.customers.secrets import open_details
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.receive.accept import accept
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, Message, Severity
from tests.chain import Chain, make_chain
from tests.lines import cef, good, log_file
from tests.moments import START
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db

ATTACKER = "198.51.100.7"
OLD = START - timedelta(hours=2)


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    return make_chain(log_store, tmp_path, people.a)


def late(contract: Contract, address: str = ATTACKER, **columns: object) -> Finding:
    return make_finding(contract, address, **{"state": FindingState.LATE, "reason": Reason.LATE, **columns})


def block(store: LogStore, people: People, *rows: Finding) -> LateBlocks:
    return block_late(rows, store=store, by=people.dana, now=NOW)


def test_after_an_outage_of_ten_hours_nobody_is_mailed_or_asked_and_one_notice_tells(chain: Chain) -> None:
    for hours in range(2, 11):
        at = START - timedelta(hours=hours)
        lines = [cef("SQL Injection", f"198.51.100.{hours}", at=at), cef("Unheard Of", ATTACKER, at=at)]
        chain.deliver([*lines, cef("SQL Injection", "not an address", at=at), cef("Bad Bot", ATTACKER, at=at)])
    chain.settle()
    states = Finding.objects.exclude(kind="bad_bot").values_list("state", flat=True).distinct()
    assert list(states) == [FindingState.LATE]
    assert (chain.vendor.writes, chain.mailer.sent, Block.objects.count(), Message.objects.count()) == ([], [], 0, 0)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity, alarm.link) == ("late-findings", Severity.LOW, "/console/late/")
    assert "検知 27 件が確認を待っています" in alarm.sentence


def test_a_young_event_in_an_old_file_still_blocks_and_the_old_ones_do_not_decide(chain: Chain) -> None:
    chain.deliver(
        [
            *(cef("SQL Injection", ATTACKER, at=OLD) for _ in range(3)),
            cef("SQL Injection", ATTACKER, at=START, act="REQ_PASSED"),
            cef("SQL Injection", "198.51.100.8", at=START),
            cef("SQL Injection", "198.51.100.8", at=OLD),
        ]
    )
    chain.settle()
    blocks = {row.address: (row.state, row.reason) for row in Block.objects.all()}
    assert blocks == {
        ATTACKER: (BlockState.PROPOSED, Reason.ATTACK_PASSED),
        "198.51.100.8": (BlockState.ACTIVE, Reason.ATTACK_BLOCKED),
    }
    assert {(row.address, row.blocked) for row in late_findings()} == {(ATTACKER, 3), ("198.51.100.8", 1)}


def test_a_time_in_the_future_makes_old_events_no_younger_and_hides_those_of_now_from_nobody(chain: Chain) -> None:
    future = START + timedelta(days=300)
    chain.deliver([cef("SQL Injection", ATTACKER, at=at) for at in (OLD, future)])
    chain.deliver([cef("SQL Injection", "198.51.100.8", at=at) for at in (START, future)])
    chain.settle()
    assert list(Block.objects.values_list("address", "state")) == [("198.51.100.8", BlockState.ACTIVE)]
    assert sorted((row.address, row.total) for row in late_findings()) == [(ATTACKER, 2), ("198.51.100.8", 1)]


def test_imported_files_are_late_however_young(chain: Chain, people: People) -> None:
    content = log_file([cef("SQL Injection", ATTACKER, at=START)])
    accept([content], contract=people.a, door=IMPORT_DOOR, name="x.log", spool=chain.spool, now=START)
    chain.settle()
    assert late_findings().get().address == ATTACKER
    assert (chain.vendor.writes, chain.mailer.sent) == ([], [])


def test_what_may_never_be_blocked_is_not_put_into_the_list(chain: Chain, people: People) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network=ATTACKER)
    chain.deliver([cef("SQL Injection", ATTACKER, at=OLD)])
    chain.settle()
    assert Finding.objects.get().reason == Reason.REGISTERED
    assert not Alarm.objects.exists()


def test_a_notice_that_was_taken_comes_again_only_for_new_ones(chain: Chain) -> None:
    chain.deliver([cef("SQL Injection", ATTACKER, at=OLD)])
    chain.settle()
    Alarm.objects.update(acknowledged_at=START)
    chain.settle()
    assert Alarm.objects.count() == 1
    chain.deliver([cef("SQL Injection", ATTACKER, at=OLD)])
    chain.settle()
    assert "検知 2 件" in Alarm.objects.get(acknowledged_at=None).sentence


def test_a_group_is_contract_address_and_kind(people: People) -> None:
    block_of_a = make_block(people.a, ATTACKER)
    for minutes in (9, 5, 7):
        late(people.a, last_at=NOW - timedelta(minutes=minutes), first_at=NOW - timedelta(minutes=minutes + 1))
    late(people.a, site_name="two.example.jp", blocked=0, passed=0, challenged=2, other=5)
    late(people.a, kind="backdoor")
    late(people.b)
    late(people.a, "")
    late(people.a, "203.0.113.77", state=FindingState.DISMISSED)
    groups = late_groups(list(newest_late_findings()))
    assert [(group.newest.contract, group.newest.address, group.newest.kind) for group in groups] == [
        (people.a, "", "sql_injection"),
        (people.b, ATTACKER, "sql_injection"),
        (people.a, ATTACKER, "backdoor"),
        (people.a, ATTACKER, "sql_injection"),
    ]
    group = groups[-1]
    assert (group.findings, group.requests, group.blocked, group.passed) == (4, 19, 9, 3)
    assert (group.first_at, group.last_at) == (NOW - timedelta(minutes=10), NOW - timedelta(minutes=1))
    assert group.sites == ["shop-a.example.jp", "two.example.jp"]
    assert [group.block for group in groups] == [None, None, block_of_a, block_of_a]


def test_dismissing_takes_what_was_seen_and_leaves_what_came_since(people: People) -> None:
    first, seen, since = late(people.a), late(people.a), late(people.a)
    others = [late(people.a, kind="backdoor"), late(people.a, "198.51.100.8"), late(people.b)]
    assert dismiss_late([seen], by=people.dana, now=NOW) == 2
    assert set(late_findings()) == {since, *others}
    assert dismiss_late([seen, first], by=people.dana, now=NOW) == 0
    entry = AuditEntry.objects.get(action="finding.late.dismiss")
    assert (entry.actor, entry.target, entry.customer_number) == ("dana", f"contract:{people.a.pk}", "C-A")
    assert audit.first_broken(AuditEntry.objects.all()) is None


def test_many_are_dismissed_with_one_record_per_contract(people: People) -> None:
    rows = [late(people.a, f"198.51.100.{number}") for number in range(120)] + [late(people.b)]
    assert dismiss_late(rows, by=people.dana, now=NOW) == 121
    assert AuditEntry.objects.filter(action="finding.late.dismiss").count() == 2


def test_an_address_is_blocked_after_all_through_proposal_guard_and_record(chain: Chain, people: People) -> None:
    chain.deliver([cef("SQL Injection", ATTACKER, at=OLD), cef("Unheard Of", ATTACKER, at=OLD)])
    chain.settle()
    outcome = block_late(late_findings().filter(kind="other"), store=chain.store, by=people.dana, now=chain.clock())
    assert outcome == LateBlocks(approved=[ATTACKER])
    row = Block.objects.get()
    assert (row.state, row.reason, row.decided_by) == (BlockState.APPROVED, Reason.APPROVED, people.dana)
    assert row.good_requests is None
    assert set(row.findings.values_list("kind", "state")) == {("sql_injection", "block"), ("other", "block")}
    written = AuditEntry.objects.filter(target=f"block:{row.pk}").values_list("actor", "action")
    assert list(written) == [("dana", "block.proposed"), ("dana", "block.approved")]
    chain.settle()
    assert Block.objects.get().state == BlockState.ACTIVE
    assert len(chain.mailer.sent) == 2


def test_where_the_guard_has_a_question_the_address_waits_among_those_to_decide(
    log_store: LogStore, people: People
) -> None:
    restored = make_block(people.a, ATTACKER, state=BlockState.RESTORED)
    AskFirst.objects.create(contract=people.a, address=ATTACKER, until=NOW + timedelta(days=1), block=restored)
    row = late(people.a)
    assert block(log_store, people, row).asked == [ATTACKER]
    made = Block.objects.exclude(pk=restored.pk).get()
    assert (made.state, made.reason) == (BlockState.PROPOSED, Reason.RESTORED_BEFORE)
    row.refresh_from_db()
    assert (row.state, row.block) == (FindingState.ASK, made)


def test_good_traffic_is_a_question_too(chain: Chain, people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(keeps_access_lines=True)
    chain.deliver([*good(ATTACKER, at=OLD, number=10), cef("SQL Injection", ATTACKER, at=OLD)])
    chain.settle()
    rows = late_findings().select_related("contract")
    assert block_late(rows, store=chain.store, by=people.dana, now=START).asked == [ATTACKER]
    assert (Block.objects.get().reason, Block.objects.get().good_requests) == (Reason.GOOD_TRAFFIC, 10)


def test_the_hourly_caps_do_not_hold_back_an_analyst(log_store: LogStore, people: People) -> None:
    for number in range(60):
        make_block(people.a, f"203.0.113.{number}", decided_at=NOW)
    assert block(log_store, people, late(people.a)).approved == [ATTACKER]


@pytest.mark.parametrize(
    ("address", "reason"),
    [("10.0.0.1", Reason.NOT_PUBLIC), (ATTACKER, Reason.REGISTERED), ("", Reason.NO_ADDRESS)],
)
def test_what_is_forbidden_stays_forbidden_and_stays_in_the_list(
    log_store: LogStore, people: People, address: str, reason: Reason
) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network=ATTACKER)
    row = late(people.a, address)
    assert block(log_store, people, row).refused == [(address, reason)]
    assert (Block.objects.count(), late_findings().get()) == (0, row)


def test_nothing_is_blocked_for_a_contract_that_has_ended(log_store: LogStore, people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(ends_on=NOW.date())
    row = Finding.objects.select_related("contract").get(pk=late(people.a).pk)
    assert block(log_store, people, row).refused == [(ATTACKER, Reason.CONTRACT_ENDED)]


@pytest.mark.parametrize("state", [BlockState.ACTIVE, BlockState.APPROVED, BlockState.RESTORING, BlockState.FAILED])
def test_an_entry_that_is_under_way_takes_the_findings_and_stays_as_it_is(
    log_store: LogStore, people: People, state: BlockState
) -> None:
    there = make_block(people.a, ATTACKER, state=state)
    row = late(people.a)
    assert block(log_store, people, row).there == [ATTACKER]
    row.refresh_from_db()
    assert (row.state, row.block, Block.objects.get().state) == (FindingState.BLOCK, there, state)


def test_a_proposal_is_approved_by_the_same_yes(log_store: LogStore, people: People) -> None:
    there = make_block(people.a, ATTACKER, state=BlockState.PROPOSED)
    assert block(log_store, people, late(people.a)).approved == [ATTACKER]
    there.refresh_from_db()
    assert (there.state, there.decided_by) == (BlockState.APPROVED, people.dana)


def test_twice_is_once_and_another_contract_is_not_touched(log_store: LogStore, people: People) -> None:
    row, other = late(people.a), late(people.b)
    assert block(log_store, people, row).approved == [ATTACKER]
    assert block(log_store, people, row) == LateBlocks()
    assert (Block.objects.get().contract, late_findings().get()) == (people.a, other)


def test_all_are_dismissed_at_once_up_to_what_was_seen(people: People) -> None:
    rows = [late(people.a, f"198.51.100.{number % 3}") for number in range(9)]
    other, since = late(people.b), late(people.a)
    mine = Finding.objects.filter(contract=people.a)
    asked = make_finding(people.a, "198.51.100.7")
    assert dismiss_all_late(mine, newest=rows[-1].pk, by=people.dana, now=NOW) == 9
    assert set(late_findings()) == {other, since}
    assert dismiss_all_late(mine, newest=rows[-1].pk, by=people.dana, now=NOW) == 0
    entry = AuditEntry.objects.get(action="finding.late.dismiss")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert (details["findings"], details["addresses"]) == (9, 3)
    assert dismiss_all_late(Finding.objects.all(), newest=asked.pk, by=people.dana, now=NOW) == 2
    asked.refresh_from_db()
    assert asked.state == FindingState.ASK

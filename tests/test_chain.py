"""The main job through real duties: a log file goes in; blacklist, ticket and mails come out; a restore goes back."""

from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers import audit
from sakimori.customers.models import AuditEntry, Contract, RegisteredNetwork
from sakimori.logs.models import LogFile, LogFileState, PullState
from sakimori.logs.store.interface import LogStore
from sakimori.notify.interface import MailUnavailable
from sakimori.notify.models import Alarm, Delivery, DeliveryState
from sakimori.tickets.actions import request_restore
from sakimori.tickets.models import Ticket, TicketBlock
from sakimori.waf.memory import MemoryFault
from tests.chain import Chain, make_chain
from tests.lines import cef, good
from tests.moments import START
from tests.people import People, make_people

ATTACKER = "198.51.100.7"

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def chain(log_store: LogStore, tmp_path: Path, people: People) -> Chain:
    return make_chain(log_store, tmp_path, people.a)


def policy(contract: Contract) -> str:
    return f"Sakimori {contract.number}"


def listed(chain: Chain, people: People) -> tuple[str, ...]:
    return chain.vendor.entries(policy(people.a))


def attack(chain: Chain, *, name: str = "SQL Injection", src: str = ATTACKER, **line: str) -> None:
    chain.deliver([cef(name, src, at=chain.clock(), **line)])  # type: ignore[arg-type]


def test_an_attacker_is_blocked_and_every_contact_is_told_once(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle()
    block = Block.objects.get()
    assert (block.state, block.address) == (BlockState.ACTIVE, ATTACKER)
    assert listed(chain, people) == (ATTACKER,)
    assert [write.added for write in chain.vendor.writes] == [frozenset({ATTACKER})]
    assert [mail.recipient for mail in chain.mailer.sent] == ["contact1@example.jp", "contact2@example.jp"]
    body = chain.mailer.sent[0].body
    assert "198[.]51[.]100[.]7" in body
    assert "SQLインジェクション" in body
    assert Ticket.objects.get().number in body
    assert "K-A-001" in body
    assert "OR 1" not in body


def test_the_customer_gets_the_address_back_and_is_told(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle()
    chain.mailer.sent.clear()
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="取引先", now=chain.clock())
    chain.settle()
    assert Block.objects.get().state == BlockState.RESTORED
    assert listed(chain, people) == ()
    assert [mail.recipient for mail in chain.mailer.sent] == ["contact1@example.jp", "contact2@example.jp"]
    assert "設定を戻しました（反映に数分）" in chain.mailer.sent[0].body
    notes = list(Ticket.objects.get().notes.values_list("text", flat=True))
    assert len(notes) == 3
    assert "設定を戻しました" in notes[-1]


def test_a_restored_address_is_not_blocked_again_without_an_analysts_yes(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle()
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=chain.clock())
    chain.settle()
    attack(chain)
    chain.settle()
    again = Block.objects.get(state=BlockState.PROPOSED)
    assert again.reason == Reason.RESTORED_BEFORE
    assert listed(chain, people) == ()
    actions.approve(again, by=people.dana, now=chain.clock())
    chain.settle(rounds=2)
    assert listed(chain, people) == (ATTACKER,)
    assert Block.objects.get(pk=again.pk).state == BlockState.ACTIVE


def test_the_guard_over_a_restored_address_expires(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle()
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=chain.clock())
    chain.settle()
    chain.clock.pass_time(days=91)
    attack(chain)
    chain.settle()
    assert listed(chain, people) == (ATTACKER,)


@pytest.mark.parametrize(
    ("name", "kind", "state"),
    [
        ("SQL Injection", "sql_injection", FindingState.BLOCK),
        ("Cross Site Scripting", "cross_site_scripting", FindingState.BLOCK),
        ("Illegal Resource Access", "illegal_resource_access", FindingState.ASK),
        ("Bot Access Control", "bot_access_control", FindingState.OBSERVED),
        ("DDoS", "ddos", FindingState.OBSERVED),
        ("Backdoor Protect", "backdoor", FindingState.BLOCK),
        ("Remote File Inclusion", "remote_file_inclusion", FindingState.BLOCK),
        ("IncapRules(Deny old API)", "custom_rule", FindingState.ASK),
        ("API Specification Violation", "api_violation", FindingState.ASK),
        ("Account Takeover Protection", "account_takeover", FindingState.ASK),
        ("Bad Bot", "bad_bot", FindingState.OBSERVED),
        ("Blocked country", "acl", FindingState.OBSERVED),
        ("Accepted country", "acl", FindingState.OBSERVED),
        ("A name of next year", "other", FindingState.ASK),
    ],
)
def test_every_name_becomes_a_finding(chain: Chain, people: People, name: str, kind: str, state: str) -> None:
    attack(chain, name=name)
    chain.settle(rounds=3)
    finding = Finding.objects.get()
    assert (finding.kind, finding.state, finding.name) == (kind, state, name)
    assert (listed(chain, people) == (ATTACKER,)) == (state == FindingState.BLOCK)


def test_a_multi_rule_event_is_one_finding_of_the_gravest_kind(chain: Chain) -> None:
    attack(chain, name="Illegal Resource Access", rules=",SQL Injection,High Risk Resources,")
    chain.settle(rounds=3)
    finding = Finding.objects.get()
    assert finding.kind == "sql_injection"
    assert set(finding.rules) >= {"SQL Injection", "High Risk Resources"}


def test_an_attack_that_passed_waits_for_an_analyst(chain: Chain, people: People) -> None:
    attack(chain, act="REQ_PASSED")
    chain.settle()
    block = Block.objects.get()
    assert (block.state, block.reason) == (BlockState.PROPOSED, Reason.ATTACK_PASSED)
    assert listed(chain, people) == ()
    assert chain.mailer.sent == []
    actions.refuse(block, by=people.dana, now=chain.clock())
    attack(chain, act="REQ_PASSED")
    chain.settle()
    assert Block.objects.get().state == BlockState.REFUSED
    assert Finding.objects.latest("pk").state == FindingState.DISMISSED


def test_a_blocked_attack_lifts_the_proposal_of_a_passed_one(chain: Chain, people: People) -> None:
    attack(chain, act="REQ_PASSED")
    chain.settle(rounds=2)
    attack(chain)
    chain.settle()
    assert Block.objects.get().state == BlockState.ACTIVE
    assert listed(chain, people) == (ATTACKER,)


def test_an_address_with_much_good_traffic_is_put_to_an_analyst(chain: Chain, people: People) -> None:
    Contract.objects.filter(pk=people.a.pk).update(keeps_access_lines=True)
    chain.deliver([*good(ATTACKER, at=START, number=10), cef("SQL Injection", ATTACKER, at=START)])
    chain.settle()
    block = Block.objects.get()
    assert (block.state, block.reason, block.good_requests) == (BlockState.PROPOSED, Reason.GOOD_TRAFFIC, 10)
    assert listed(chain, people) == ()


def test_without_access_lines_good_traffic_is_unknown_not_zero(chain: Chain) -> None:
    attack(chain)
    chain.settle()
    assert Block.objects.get().good_requests is None


def test_a_registered_address_is_never_blocked(chain: Chain, people: People) -> None:
    RegisteredNetwork.objects.create(customer=people.a.customer, network="198.51.100.0/29")
    attack(chain)
    chain.settle()
    assert (Finding.objects.get().state, Finding.objects.get().reason) == (FindingState.REFUSED, Reason.REGISTERED)
    assert chain.vendor.writes == []


def test_a_victim_in_forwarded_for_or_of_a_foreign_site_is_never_blocked(chain: Chain, people: People) -> None:
    chain.deliver(
        [
            cef("SQL Injection", ATTACKER, at=chain.clock(), xff="203.0.113.9"),
            cef("SQL Injection", "203.0.113.10", at=chain.clock(), site_id=ord("B"), site="shop-b.example.jp"),
            cef("SQL Injection", "not an address", at=chain.clock()),
        ]
    )
    chain.settle()
    assert listed(chain, people) == (ATTACKER,)
    assert Finding.objects.get(state=FindingState.REFUSED).reason == Reason.FOREIGN_SITE
    nameless = Finding.objects.get(state=FindingState.ASK)
    assert (nameless.reason, nameless.block) == (Reason.NO_ADDRESS, None)
    actions.dismiss(nameless, by=people.dana, now=chain.clock())
    assert Finding.objects.get(pk=nameless.pk).state == FindingState.DISMISSED
    with pytest.raises(actions.NotPossible):
        actions.dismiss(Finding.objects.get(address=ATTACKER), by=people.dana, now=chain.clock())


def test_one_site_name_with_two_site_ids_in_a_file_holds_nothing_up(chain: Chain, people: People) -> None:
    lines = [cef("SQL Injection", ATTACKER, at=chain.clock(), site_id=site_id) for site_id in (ord("A"), 99)]
    chain.deliver(lines)
    chain.settle()
    assert Finding.objects.count() == 2
    assert listed(chain, people) == (ATTACKER,)


def test_late_events_never_block(chain: Chain) -> None:
    chain.deliver([cef("SQL Injection", ATTACKER, at=chain.clock() - timedelta(hours=2))])
    chain.settle()
    assert Finding.objects.get().state == FindingState.LATE
    assert chain.vendor.writes == []


def test_events_of_any_year_are_stored(chain: Chain) -> None:
    moments = [START.replace(year=1970, month=1, day=2), START.replace(year=2009), START]
    for _ in range(2):
        chain.deliver([cef("SQL Injection", ATTACKER, at=at) for at in moments])
    chain.settle(rounds=3)
    assert list(LogFile.objects.values_list("state", "rows")) == [(LogFileState.STORED, 3)] * 2


def test_the_same_attack_in_two_files_blocks_and_tells_once(chain: Chain, people: People) -> None:
    line = cef("SQL Injection", ATTACKER, at=chain.clock())
    chain.deliver([line])
    chain.settle(rounds=3)
    chain.deliver([line, cef("SQL Injection", ATTACKER, at=chain.clock())])
    chain.settle()
    assert len(chain.vendor.writes) == 1
    assert len(chain.mailer.sent) == 2
    assert sum(Finding.objects.values_list("blocked", flat=True)) == 2


def test_a_wave_of_addresses_is_one_ticket_and_few_mails(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle(rounds=4)
    for last in range(20, 26):
        attack(chain, src=f"198.51.100.{last}")
        chain.settle(rounds=4)
    assert Ticket.objects.count() == 1
    assert len(chain.mailer.sent) == 2
    chain.clock.pass_time(minutes=15)
    chain.settle(rounds=2)
    assert len(chain.mailer.sent) == 4
    for last in range(20, 26):
        assert f"198[.]51[.]100[.]{last}" in chain.mailer.sent[-1].body
    assert Ticket.objects.get().subject.endswith("（198.51.100.7 ほか 6 件）")


def test_a_vendor_that_is_down_is_tried_again_and_the_soc_sees_it(chain: Chain, people: People) -> None:
    chain.vendor.fail(MemoryFault.UNAVAILABLE, times=None)
    attack(chain)
    chain.settle()
    assert PullState.objects.get().failures > 0
    chain.vendor.heal()
    chain.clock.pass_time(minutes=10)
    attack(chain)
    chain.settle(rounds=1)
    chain.vendor.fail(MemoryFault.UNAVAILABLE, times=None)
    chain.settle()
    chain.vendor.heal()
    chain.clock.pass_time(minutes=10)
    chain.settle()
    assert Block.objects.get().state == BlockState.ACTIVE
    assert len(chain.vendor.writes) == 1


def test_repeated_failures_of_the_api_raise_one_alarm_that_counts(chain: Chain, people: People) -> None:
    attack(chain)
    for duty in chain.duties()[:4]:
        duty()
    chain.vendor.fail(MemoryFault.UNAVAILABLE, times=None)
    for _ in range(8):
        chain.duties()[4]()
        chain.clock.pass_time(minutes=6)
    alarm = Alarm.objects.get()
    assert alarm.count > 1
    assert "接続できません" in alarm.sentence


@pytest.mark.parametrize("fault", [MemoryFault.DOUBTFUL_APPLIED, MemoryFault.DOUBTFUL_NOT_APPLIED])
def test_a_doubtful_write_is_left_only_by_reading_back(chain: Chain, people: People, fault: MemoryFault) -> None:
    attack(chain)
    for duty in chain.duties()[:4]:
        duty()
    chain.vendor.fail(fault)
    chain.duties()[4]()
    assert Block.objects.get().state == BlockState.UNKNOWN
    chain.settle()
    assert Block.objects.get().state == BlockState.ACTIVE
    assert listed(chain, people) == (ATTACKER,)
    assert sum(ATTACKER in write.added for write in chain.vendor.writes) == 1


def test_a_refused_write_is_a_failure_that_an_analyst_may_try_again(chain: Chain, people: People) -> None:
    chain.vendor.disliked = {ATTACKER}
    attack(chain)
    chain.settle()
    assert Block.objects.get().state == BlockState.FAILED
    assert "受け付けませんでした" in Alarm.objects.get().sentence
    chain.vendor.disliked = set()
    actions.approve(Block.objects.get(), by=people.dana, now=chain.clock())
    chain.settle()
    assert Block.objects.get().state == BlockState.ACTIVE


def test_an_old_copy_of_the_list_never_undoes_newer_entries(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle(rounds=3)
    chain.vendor.edit_by_hand(policy(people.a), add=["203.0.113.66"])
    chain.vendor.lag(reads=3)
    attack(chain, src="198.51.100.8")
    chain.settle()
    assert set(listed(chain, people)) == {ATTACKER, "198.51.100.8", "203.0.113.66"}


def test_an_entry_that_somebody_else_made_stays_when_ours_is_restored(chain: Chain, people: People) -> None:
    attack(chain, src="198.51.100.8")
    chain.settle()
    chain.vendor.edit_by_hand(policy(people.a), add=[ATTACKER])
    attack(chain)
    chain.settle()
    entry = TicketBlock.objects.get(block__address=ATTACKER)
    assert entry.block.was_there_before
    chain.mailer.sent.clear()
    request_restore(entry, by=people.alice, reason="", now=chain.clock())
    chain.settle()
    assert ATTACKER in listed(chain, people)
    assert "弊社以外が登録した" in chain.mailer.sent[0].body


def test_a_mail_server_that_is_down_loses_no_mail_and_alarms(chain: Chain) -> None:
    chain.mailer.failures.extend(MailUnavailable("down") for _ in range(8))
    attack(chain)
    chain.settle()
    chain.clock.pass_time(minutes=20)
    chain.settle(rounds=40)
    assert [delivery.state for delivery in Delivery.objects.all()] == [DeliveryState.ACCEPTED] * 2
    assert len({mail.message_id for mail in chain.mailer.sent}) == 2
    assert len(chain.mailer.sent) == 2
    assert "送信できるようになりました" in Alarm.objects.get(key="mail-unavailable").sentence


def test_bad_lines_are_quarantined_and_counted(chain: Chain) -> None:
    chain.deliver(
        [
            cef("SQL Injection", ATTACKER, at=chain.clock()),
            b"\xff\xfe broken",
            b"CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| start=1\x00",
            b"no log line at all",
        ]
    )
    chain.settle(rounds=3)
    file = LogFile.objects.get()
    assert (file.state, file.lines, file.rows, file.quarantined_lines) == (LogFileState.STORED, 4, 1, 3)
    assert file.bad_lines.count() == 3


@pytest.mark.parametrize("damage", ["truncated", "checksum", "unknown key"])
def test_an_unreadable_file_is_quarantined_whole(chain: Chain, damage: str) -> None:
    name = chain.deliver([cef("SQL Injection", ATTACKER, at=chain.clock()) for _ in range(50)])
    with chain.vendor.read_log(name) as chunks:
        body = b"".join(chunks)
    broken = {
        "truncated": body[:-200],
        "checksum": body.replace(b"checksum:", b"checksum:" + b"0" * 32 + b"\nold:", 1),
        "unknown key": body.replace(b"|==|", b"publicKeyId:9\nkey:AAAA\n|==|", 1),
    }[damage]
    chain.vendor.put_log(name, broken)
    chain.settle(rounds=3)
    file = LogFile.objects.get()
    assert file.state == LogFileState.QUARANTINED
    assert file.reason.endswith("。")
    assert chain.store.count_file(contract_id=file.contract_id, file_id=file.pk) == 0
    assert not Finding.objects.exists()


def test_the_record_of_all_this_verifies(chain: Chain, people: People) -> None:
    attack(chain)
    chain.settle()
    request_restore(TicketBlock.objects.get(), by=people.alice, reason="", now=chain.clock())
    chain.settle()
    entries = list(AuditEntry.objects.all())
    assert {
        "block.approved",
        "block.active",
        "ticket.open",
        "mail.write",
        "block.restore.request",
        "block.restored",
    } <= {entry.action for entry in entries}
    assert audit.first_broken(entries) is None


def test_two_workers_do_everything_once(chain: Chain, people: People) -> None:
    for last in range(30, 40):
        attack(chain, src=f"198.51.100.{last}")
    second = Chain(chain.store, chain.spool, chain.vendor, chain.mailer, chain.clock, worker="two")
    for _ in range(6):
        for mine, other in zip(chain.duties(), second.duties(), strict=True):
            mine()
            other()
        chain.clock.pass_time(seconds=2)
    assert len(listed(chain, people)) == 10
    added = [address for write in chain.vendor.writes for address in write.added]
    assert sorted(added) == sorted(set(added))
    assert len({(mail.message_id) for mail in chain.mailer.sent}) == len(chain.mailer.sent)

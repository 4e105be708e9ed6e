"""Addresses that wait or were refused: they stand in the ticket, with the reason, and get no mail of their own."""

from datetime import timedelta

import pytest

from sakimori.blacklist import actions
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contact
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile
from sakimori.notify.models import Message
from sakimori.tickets.duties import mail_blocks, open_tickets
from sakimori.tickets.models import Listing, Note, Ticket, TicketBlock, TicketFinding, TicketState
from sakimori.tickets.texts.reasons import why
from tests.moments import Clock
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db

WAVE = timedelta(minutes=15)


@pytest.fixture
def people() -> People:
    people = make_people()
    Contact.objects.create(customer=people.a.customer, name="桜井 花子", email="c1@example.jp", priority=1)
    return people


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


def work(clock: Clock) -> int:
    return open_tickets(wave=WAVE, now=clock()) + mail_blocks(wave=WAVE, now=clock())


def waits(people: People, address: str = "203.0.113.7", reason: Reason = Reason.ATTACK_PASSED) -> Block:
    return make_block(people.a, address, state=BlockState.PROPOSED, reason=reason)


def refused(people: People, address: str = "203.0.113.9", reason: Reason = Reason.REGISTERED) -> Finding:
    return make_finding(people.a, address, state=FindingState.REFUSED, reason=reason)


def notes() -> str:
    return "\n".join(Note.objects.order_by("at", "pk").values_list("text", flat=True))


def test_what_waits_opens_a_ticket_with_the_reason_and_sends_no_mail(people: People, clock: Clock) -> None:
    waits(people)
    assert work(clock) == 1
    assert work(clock) == 0
    ticket = Ticket.objects.get()
    assert ticket.state == TicketState.OPEN
    assert "攻撃元とみられる IP アドレスの確認（203.0.113.7）" in ticket.subject
    assert "203.0.113.7: WAF が遮断しなかった通信のため" in notes()
    assert "SOC が 1 件の IP アドレスを確認しています" in ticket.handled
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("door", "minutes"), [(IMPORT_DOOR, 0), ("pull", -61), ("pull", 61)], ids=["imported", "late", "ahead"]
)
def test_what_came_late_of_an_address_that_may_never_be_blocked_is_in_no_ticket_and_no_mail(
    people: People, clock: Clock, door: str, minutes: float
) -> None:
    """It mails nobody by itself, and does not ride on the mail about somebody else either."""
    old = refused(people)
    LogFile.objects.filter(pk=old.file_id).update(door=door, received_at=old.last_at - timedelta(minutes=minutes))
    assert work(clock) == 0
    timely = refused(people, "203.0.113.10")
    LogFile.objects.filter(pk=timely.file_id).update(received_at=timely.last_at + timedelta(minutes=59))
    assert work(clock) == 1
    assert [row.finding for row in TicketFinding.objects.all()] == [timely]
    assert "203.0.113.9" not in notes()


def test_a_question_that_waits_longer_than_a_wave_is_told_once(people: People, clock: Clock) -> None:
    waits(people)
    work(clock)
    clock.pass_time(minutes=14, seconds=59)
    work(clock)
    assert not Message.objects.exists()
    clock.pass_time(seconds=1)
    assert work(clock) == 1
    message = Message.objects.get()
    assert "確認しています" in message.subject
    assert "203[.]0[.]113[.]7" in message.body
    assert "いまのところ、登録は行っておりません" in message.body
    clock.pass_time(hours=5)
    assert work(clock) == 0
    assert Message.objects.count() == 1


def test_the_next_mail_about_blocked_addresses_tells_of_those_that_wait_and_were_left(
    people: People, clock: Clock
) -> None:
    waits(people)
    refused(people)
    make_block(people.a, "203.0.113.1")
    work(clock)
    ticket, message = Ticket.objects.get(), Message.objects.get()
    assert "攻撃元 IP アドレス 1 件をブラックリストへ登録しました" in message.subject
    assert "登録せずに確認している IP アドレス（1 件）" in message.body
    assert "登録しなかった IP アドレス（1 件）" in message.body
    assert "お客様の業務用として登録されているアドレス" in message.body
    assert "203[.]0[.]113[.]9" in message.body
    assert "1 件を WAF のブラックリストへ登録" in ticket.handled
    assert "（3 件）: 203.0.113.1、203.0.113.7、203.0.113.9" in ticket.detected
    clock.pass_time(hours=1)
    assert work(clock) == 0


def test_an_approval_moves_the_address_on_in_its_own_ticket(people: People, clock: Clock) -> None:
    block = waits(people)
    work(clock)
    clock.pass_time(hours=2)
    work(clock)
    actions.approve(block, by=people.dana, now=clock())
    work(clock)
    assert TicketBlock.objects.get().noted_as == Listing.WAITING
    Block.objects.update(state=BlockState.ACTIVE, active_at=clock())
    clock.pass_time(hours=1)
    work(clock)
    assert Ticket.objects.count() == 1
    assert "ブラックリストへ登録し、WAF への反映を確認しました: 203.0.113.7" in notes()
    assert "ブラックリスト登録のお知らせ" in Ticket.objects.get().subject
    assert "1 件をブラックリストへ登録しました" in Message.objects.latest("pk").subject
    assert Message.objects.count() == 2


def test_a_refusal_is_written_down_ends_the_ticket_and_waits_for_the_next_mail(people: People, clock: Clock) -> None:
    block = waits(people)
    work(clock)
    actions.refuse(block, by=people.dana, now=clock())
    assert work(clock) == 1
    ticket = Ticket.objects.get()
    assert ticket.state == TicketState.DONE
    assert "登録は不要と判断しました" in notes()
    clock.pass_time(hours=3)
    assert work(clock) == 0
    assert not Message.objects.exists()
    make_block(people.a, "203.0.113.1")
    work(clock)
    assert "203[.]0[.]113[.]7" in Message.objects.get().body
    assert "登録は不要と判断しました" in Message.objects.get().body


def test_who_was_told_that_an_address_waits_is_told_of_the_refusal_too(people: People, clock: Clock) -> None:
    block = waits(people)
    make_block(people.a, "203.0.113.1")
    work(clock)
    actions.refuse(block, by=people.dana, now=clock())
    clock.pass_time(minutes=20)
    make_block(people.a, "203.0.113.2")
    work(clock)
    assert "登録は不要と判断しました" in Message.objects.latest("pk").body
    clock.pass_time(minutes=20)
    make_block(people.a, "203.0.113.3")
    work(clock)
    assert "登録は不要と判断しました" not in Message.objects.latest("pk").body


def test_a_refusal_at_once_is_told_although_nobody_saw_it_waiting(people: People, clock: Clock) -> None:
    block = waits(people)
    actions.refuse(block, by=people.dana, now=clock())
    work(clock)
    assert TicketBlock.objects.get().noted_as == Listing.LEFT
    assert Ticket.objects.get().state == TicketState.DONE


def test_old_refusals_are_no_news(people: People, clock: Clock) -> None:
    make_block(people.a, state=BlockState.REFUSED, decided_at=NOW - timedelta(days=2))
    make_finding(people.a, "203.0.113.9", state=FindingState.REFUSED, found_at=NOW - timedelta(days=2))
    assert work(clock) == 0


def test_the_guards_refusals_of_one_address_stand_in_one_ticket(people: People, clock: Clock) -> None:
    refused(people)
    refused(people)
    assert work(clock) == 2
    assert Ticket.objects.get().state == TicketState.DONE
    assert "ブラックリストに登録しなかった IP アドレスのお知らせ（203.0.113.9）" in Ticket.objects.get().subject
    clock.pass_time(hours=5)
    refused(people)
    work(clock)
    assert TicketFinding.objects.filter(ticket=Ticket.objects.get()).count() == 3
    assert Note.objects.count() == 1
    assert not Message.objects.exists()
    clock.pass_time(hours=25)
    refused(people).found_at = clock()
    Finding.objects.update(found_at=clock())
    work(clock)
    assert Ticket.objects.count() == 2


@pytest.mark.parametrize("reason", [Reason.FOREIGN_SITE, Reason.CONTRACT_ENDED])
def test_lines_about_somebody_elses_site_and_ended_contracts_are_not_told(
    reason: Reason, people: People, clock: Clock
) -> None:
    refused(people, reason=reason)
    make_block(people.a, state=BlockState.REFUSED, reason=reason)
    assert work(clock) == 0


def test_after_the_contract_ended_nothing_that_waits_is_told(people: People, clock: Clock) -> None:
    waits(people)
    work(clock)
    people.a.ends_on = NOW.date()
    people.a.save()
    clock.pass_time(minutes=16)
    assert work(clock) == 0
    waits(people, "203.0.113.8")
    assert work(clock) == 0


def test_a_registration_that_failed_is_told_as_not_done(people: People, clock: Clock) -> None:
    make_block(people.a, state=BlockState.FAILED)
    work(clock)
    assert "WAF への登録が完了していません" in notes()
    assert "登録しました" not in Ticket.objects.get().handled


def test_customers_read_of_their_own_addresses_only(people: People, clock: Clock) -> None:
    waits(people)
    make_block(people.b, "203.0.113.66", state=BlockState.PROPOSED)
    make_finding(people.b, "203.0.113.67", state=FindingState.REFUSED, reason=Reason.REGISTERED)
    make_block(people.a, "203.0.113.1")
    work(clock)
    message = Message.objects.get(customer=people.a.customer)
    assert "113[.]66" not in message.body
    assert "113[.]67" not in message.body
    assert {ticket.contract for ticket in Ticket.objects.all()} == {people.a, people.b}


def test_what_waited_when_the_contract_ended_is_not_said_to_be_an_innocents(people: People, clock: Clock) -> None:
    waits(people)
    work(clock)
    Block.objects.update(state=BlockState.REFUSED, reason=Reason.CONTRACT_ENDED, decided_at=clock())
    work(clock)
    assert "ご契約の終了に伴い、登録していません。" in notes()


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (BlockState.ACTIVE, Reason.ATTACK_BLOCKED, "WAF が攻撃として遮断したため"),
        (BlockState.RESTORED, Reason.BY_HAND, "SOC の判断により"),
        (BlockState.ACTIVE, Reason.CAP_CUSTOMER, "SOC が内容を確認し"),
        (BlockState.PROPOSED, Reason.CAP_CUSTOMER, "短時間に多数の攻撃元"),
        (BlockState.FAILED, Reason.APPROVED, "WAF への登録が完了していません"),
        (BlockState.REFUSED, Reason.CRAWLER, "検索エンジン"),
    ],
)
def test_the_customers_list_says_why_in_his_words(state: BlockState, reason: Reason, words: str) -> None:
    assert why(state, reason).startswith(words)

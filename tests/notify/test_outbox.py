"""The outbox: written once, one copy per contact, tried until accepted or refused, never two workers on one copy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sakimori.accounts.models import SocRole
from sakimori.customers.models import AuditEntry, Contact, Customer
from sakimori.notify.actions import acknowledge, raise_alarm, write_mail
from sakimori.notify.duties import send_due_mails
from sakimori.notify.interface import Acceptance, MailRefused, MailUnavailable, OutgoingMail
from sakimori.notify.memory import MemoryMailer
from sakimori.notify.models import Alarm, Delivery, DeliveryState, Message, Severity
from sakimori.notify.queries import open_alarms
from tests.moments import START, Clock
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    customer = make_contract("株式会社さくら商店", "A").customer
    for priority in (2, 1, 3):
        Contact.objects.create(
            customer=customer, name=f"連絡先{priority}", email=f"c{priority}@example.jp", priority=priority
        )
    return customer


def write(customer: Customer, key: str = "blocked:1") -> Message:
    return write_mail(key=key, customer=customer, subject="件名", body="本文", now=START)


def send(mailer: MemoryMailer, clock: Clock, worker: str = "one") -> int:
    return send_due_mails(mailer=mailer, worker=worker, now=clock())


def test_a_key_is_written_once_whoever_asks_again(customer: Customer) -> None:
    first = write(customer)
    again = write_mail(key="blocked:1", customer=customer, subject="別の件名", body="別の本文", now=START)
    assert again == first
    assert Message.objects.get().subject == "件名"
    assert Delivery.objects.count() == 3
    assert AuditEntry.objects.filter(action="mail.write").count() == 1


def test_every_active_contact_gets_one_copy_in_order_of_priority(customer: Customer) -> None:
    Contact.objects.filter(email="c3@example.jp").update(active=False)
    make_contract("有限会社もみじ堂", "B").customer.contacts.create(name="他社", email="x@example.jp", priority=1)
    write(customer)
    mailer = MemoryMailer()
    assert send(mailer, Clock()) == 2
    assert [(mail.recipient, mail.recipient_name) for mail in mailer.sent] == [
        ("c1@example.jp", "連絡先1"),
        ("c2@example.jp", "連絡先2"),
    ]
    assert send(mailer, Clock()) == 0


def test_copies_have_ids_of_their_own_that_name_our_domain(customer: Customer) -> None:
    write(customer)
    write(customer, "blocked:2")
    ids = list(Delivery.objects.values_list("mail_id", flat=True))
    assert len(set(ids)) == 6
    assert all(mail_id.endswith("@portal.example.jp>") for mail_id in ids)


def test_pauses_between_tries_grow_to_a_quarter_of_an_hour(customer: Customer) -> None:
    Contact.objects.exclude(email="c1@example.jp").delete()
    write(customer)
    clock, pauses = Clock(), []
    mailer = MemoryMailer()
    for _ in range(12):
        mailer.failures.append(MailUnavailable("451 later"))
        assert send(mailer, clock) == 1
        waiting = Delivery.objects.get()
        assert (waiting.state, waiting.last_error) == (DeliveryState.QUEUED, "451 later")
        assert send(mailer, clock) == 0, "nothing is tried before its pause is over"
        pauses.append((waiting.next_try_at - clock()).total_seconds())
        clock.now = waiting.next_try_at
    assert pauses[:8] == [5, 10, 20, 40, 80, 160, 320, 640]
    assert set(pauses[8:]) == {900}
    assert send(mailer, clock) == 1
    done = Delivery.objects.get()
    assert (done.state, done.attempts, done.accepted_at, done.last_error) == (
        DeliveryState.ACCEPTED,
        13,
        clock(),
        "",
    )


def test_a_clock_that_was_put_back_keeps_no_copy_waiting(customer: Customer) -> None:
    Contact.objects.exclude(email="c1@example.jp").delete()
    write(customer)
    clock, mailer = Clock(), MemoryMailer()
    clock.pass_time(hours=-3)
    assert send(mailer, clock) == 1
    assert Delivery.objects.get().state == DeliveryState.ACCEPTED


def test_a_server_that_is_down_is_asked_once_per_round(customer: Customer) -> None:
    """A server that does not answer costs 20 seconds a try: the rest waits for the next round, as promised."""
    write(customer)
    mailer = MemoryMailer()
    mailer.failures.extend(MailUnavailable("no answer") for _ in range(10))
    assert send(mailer, Clock()) == 1
    assert Delivery.objects.filter(attempts=0, claimed_until=None).count() == 2


def test_one_recipient_that_must_wait_does_not_hold_up_the_others(customer: Customer) -> None:
    write(customer)
    mailer, clock = MemoryMailer(), Clock()
    mailer.failures.append(MailUnavailable("450 greylisted"))
    while send(mailer, clock):
        pass
    assert [mail.recipient for mail in mailer.sent] == ["c2@example.jp", "c3@example.jp"]
    clock.pass_time(seconds=5)
    send(mailer, clock)
    assert len(mailer.sent) == 3


def test_a_round_ends_before_its_claims_run_out(customer: Customer) -> None:
    """Claims last from the beginning of the round, so a round must be short even if every mail takes ten seconds."""
    for number in range(10):
        write(customer, f"blocked:{number}")
    seconds = send(MemoryMailer(), Clock()) * 10
    claimed = Delivery.objects.filter(state=DeliveryState.ACCEPTED).count()
    assert claimed > 0
    assert seconds < 120


def test_a_mail_server_that_stays_away_raises_one_alarm_that_counts(customer: Customer) -> None:
    write(customer)
    mailer, clock = MemoryMailer(), Clock()
    mailer.failures.extend(MailUnavailable("down") for _ in range(30))
    for _ in range(18):
        send(mailer, clock)
        clock.pass_time(minutes=16)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("mail-unavailable", Severity.HIGH)
    assert alarm.count > 1
    assert alarm.sentence == "メールサーバーに送信できません。3 通が送信待ちです。"


def test_a_refused_copy_is_given_up_and_alarmed(customer: Customer) -> None:
    write(customer)
    mailer, clock = MemoryMailer(), Clock()
    mailer.failures.append(MailRefused("550 No such user"))
    assert send(mailer, clock) == 3
    refused = Delivery.objects.get(state=DeliveryState.REFUSED)
    assert (refused.address, refused.last_error) == ("c1@example.jp", "550 No such user")
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("mail-refused:c1@example.jp", Severity.MIDDLE)
    assert alarm.sentence == "株式会社さくら商店 の連絡先 連絡先1 様宛のメールが拒否されました。"
    clock.pass_time(days=1)
    assert send(mailer, clock) == 0


def test_a_customer_without_contacts_is_an_alarm(customer: Customer) -> None:
    Contact.objects.update(active=False)
    write(customer)
    write(customer, "blocked:2")
    assert not Delivery.objects.exists()
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.count) == (Severity.HIGH, 2)
    assert "連絡先が登録されていない" in alarm.sentence


@dataclass
class BusyMailer(MemoryMailer):
    """Does something else while a mail is on its way."""

    meanwhile: Callable[[], object] = field(default=lambda: None)

    def send(self, mail: OutgoingMail) -> Acceptance:
        self.meanwhile()
        return super().send(mail)


def test_two_workers_never_send_the_same_copy_at_once(customer: Customer) -> None:
    for number in range(3):
        write(customer, f"blocked:{number}")
    clock, second = Clock(), MemoryMailer()
    first = BusyMailer(meanwhile=lambda: send(second, clock, "two"))
    send(first, clock, "one")
    sent = [mail.message_id for mail in [*first.sent, *second.sent]]
    assert len(sent) == len(set(sent)) == 9


def test_the_copy_of_a_dead_worker_is_sent_again_with_the_same_id(customer: Customer) -> None:
    Contact.objects.exclude(email="c1@example.jp").delete()
    write(customer)
    clock = Clock()

    def die() -> None:
        raise KeyboardInterrupt

    dying = BusyMailer(meanwhile=die)
    with pytest.raises(KeyboardInterrupt):
        send(dying, clock, "one")
    mailer = MemoryMailer()
    assert send(mailer, clock, "two") == 0, "the dead worker may still be alive"
    clock.pass_time(minutes=2, seconds=1)
    assert send(mailer, clock, "two") == 1
    assert mailer.sent[0].message_id == Delivery.objects.get().mail_id


def test_equal_causes_merge_and_count_until_somebody_takes_the_alarm(customer: Customer) -> None:
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    first = raise_alarm(key="k", severity=Severity.LOW, sentence="一", now=START, link="/console/")
    second = raise_alarm(key="k", severity=Severity.HIGH, sentence="二", now=START + timedelta(minutes=1))
    assert (second.pk, second.count, second.sentence, second.severity) == (first.pk, 2, "二", Severity.HIGH)
    assert (second.first_at, second.last_at) == (START, START + timedelta(minutes=1))
    acknowledge(second, by=dana, now=START)
    third = raise_alarm(key="k", severity=Severity.LOW, sentence="三", now=START)
    assert third.pk != first.pk
    assert list(open_alarms()) == [third]


def test_acknowledging_twice_is_once(customer: Customer) -> None:
    dana = make_user("dana", "高橋", "棚子", soc_role=SocRole.ANALYST)
    alarm = raise_alarm(key="k", severity=Severity.LOW, sentence="一", now=START)
    acknowledge(alarm, by=dana, now=START)
    acknowledge(alarm, by=dana, now=START + timedelta(hours=1))
    alarm.refresh_from_db()
    assert (alarm.acknowledged_at, alarm.acknowledged_by) == (START, dana)
    assert AuditEntry.objects.filter(action="alarm.acknowledge").count() == 1


def test_the_gravest_and_oldest_alarm_comes_first() -> None:
    for key, severity, minutes in (("a", "low", 0), ("b", "high", 2), ("c", "middle", 1), ("d", "high", 1)):
        raise_alarm(key=key, severity=Severity(severity), sentence=key, now=START + timedelta(minutes=minutes))
    assert [alarm.key for alarm in open_alarms()] == ["d", "b", "c", "a"]

"""What becomes of a copy: proof, urgency, large files, give-up, a second server, and what the SOC is told when."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from sakimori.customers.models import Contact, Customer
from sakimori.notify.actions import write_mail, write_soc_mail
from sakimori.notify.attaching import MAX_BYTES
from sakimori.notify.duties import send_due_mails
from sakimori.notify.interface import (
    Acceptance,
    AttachedFile,
    MailDeferred,
    MailError,
    MailLoginRefused,
    MailNotTrusted,
    MailRefused,
    MailTooLarge,
    MailUnavailable,
    OutgoingMail,
)
from sakimori.notify.memory import MemoryMailer
from sakimori.notify.models import Alarm, Delivery, DeliveryState, Message, Priority, Severity
from sakimori.notify.sending import outgoing, return_path, token_of
from sakimori.notify.two_servers import Memory, TwoServers
from tests.moments import START, Clock
from tests.people import make_contract
from tests.settings_change import with_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    customer = make_contract("株式会社さくら商店", "A").customer
    for number in (1, 2):
        Contact.objects.create(
            customer=customer, name=f"連絡先{number}", email=f"c{number}@example.jp", priority=number
        )
    return customer


def write(customer: Customer, key: str = "a", priority: Priority = Priority.NORMAL, *files: AttachedFile) -> Message:
    return write_mail(
        key=key, customer=customer, subject="件名", body="本文", now=START, priority=priority, attachments=files
    )


def send(mailer: MemoryMailer | TwoServers, clock: Clock) -> int:
    return send_due_mails(mailer=mailer, worker="one", now=clock())


@dataclass
class StubbornMailer(MemoryMailer):
    """Fails for certain recipients, again and again."""

    troubles: dict[str, MailError] = field(default_factory=dict)

    def send(self, mail: OutgoingMail) -> Acceptance:
        if trouble := self.troubles.get(mail.recipient):
            raise trouble
        return super().send(mail)


def test_a_copy_carries_text_html_and_where_answers_and_reports_go(customer: Customer) -> None:
    write(customer)
    with with_config(bounce_address="bounces@soc.example.jp"):
        mail = outgoing(Delivery.objects.get(address="c1@example.jp"))
    assert mail.body == "本文"
    assert 'lang="ja"' in mail.html
    assert "本文" in mail.html
    assert (mail.sender, mail.reply_to) == ("soc@example.jp", "soc@example.jp")
    assert mail.sender_name == "Webサイトプロテクションサービス"
    assert mail.return_path == f"bounces+{token_of(mail.message_id)}@soc.example.jp"
    assert len(token_of(mail.message_id)) == 32
    assert return_path(mail.message_id, "") == ""


def test_the_servers_answer_is_kept_as_proof(customer: Customer) -> None:
    write(customer)
    send(MemoryMailer(), Clock())
    proofs = [(copy.address, copy.server, copy.answer, copy.accepted_at) for copy in Delivery.objects.order_by("pk")]
    assert proofs == [("c1@example.jp", "memory", "250 1", START), ("c2@example.jp", "memory", "250 2", START)]


def test_a_refusal_is_proof_too(customer: Customer) -> None:
    write(customer)
    send(StubbornMailer(troubles={"c1@example.jp": MailRefused("550 5.1.1 unknown")}), Clock())
    refused = Delivery.objects.get(state=DeliveryState.REFUSED)
    assert (refused.answer, refused.last_error) == ("550 5.1.1 unknown", "550 5.1.1 unknown")
    assert Alarm.objects.get().link == f"/console/mails/{refused.pk}/"


class DeletingMailer(MemoryMailer):
    """While it hands over, all is deleted, as at the end of a contract."""

    def send(self, mail: OutgoingMail) -> Acceptance:
        Message.objects.all().delete()
        return super().send(mail)


def test_a_copy_that_is_deleted_while_it_leaves_stays_deleted(customer: Customer) -> None:
    write(customer)
    send(DeletingMailer(), Clock())
    assert not Delivery.objects.exists()


def test_urgent_mails_overtake_a_newsletter(customer: Customer) -> None:
    for number in range(20):
        write(customer, f"news:{number}", Priority.LATER)
    write(customer, "ticket")
    write(customer, "incident", Priority.URGENT)
    write_soc_mail(key="alarm", people=[("当番", "duty@soc.example.jp")], subject="s", body="b", now=START)
    mailer = MemoryMailer()
    assert send(mailer, Clock()) == 10
    order = [Delivery.objects.get(mail_id=mail.message_id).message.key for mail in mailer.sent]
    assert order[:5] == ["incident", "incident", "alarm", "ticket", "ticket"]


def test_a_recipient_who_has_to_wait_holds_up_nobody_in_his_round(customer: Customer) -> None:
    write(customer)
    mailer = StubbornMailer(troubles={"c1@example.jp": MailDeferred("450 greylisted")})
    assert send(mailer, Clock()) == 2
    assert [mail.recipient for mail in mailer.sent] == ["c2@example.jp"]
    assert not Alarm.objects.exists()


def test_a_recipient_who_waits_long_is_an_alarm_that_ends(customer: Customer) -> None:
    write(customer)
    clock = Clock()
    mailer = StubbornMailer(troubles={"c1@example.jp": MailDeferred("450 greylisted")})
    for _ in range(6):
        send(mailer, clock)
        clock.pass_time(minutes=5)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("mail-deferred:c1@example.jp", Severity.MIDDLE)
    assert "先方のサーバーに受け取られません" in alarm.sentence
    mailer.troubles.clear()
    send(mailer, clock)
    alarm.refresh_from_db()
    assert "送信できました" in alarm.sentence


def test_after_two_days_a_copy_is_given_up_with_an_alarm(customer: Customer) -> None:
    write(customer)
    clock = Clock()
    mailer = StubbornMailer(troubles={"c1@example.jp": MailDeferred("450 full")})
    send(mailer, clock)
    clock.pass_time(hours=47, minutes=59)
    send(mailer, clock)
    assert Delivery.objects.get(address="c1@example.jp").state == DeliveryState.QUEUED
    clock.pass_time(minutes=16)
    send(mailer, clock)
    given_up = Delivery.objects.get(address="c1@example.jp")
    assert (given_up.state, given_up.last_error) == (DeliveryState.REFUSED, "given up after 48 hours: 450 full")
    alarm = Alarm.objects.get(key="mail-given-up:c1@example.jp")
    assert (alarm.severity, alarm.sentence) == (
        Severity.HIGH,
        "株式会社さくら商店 の連絡先 連絡先1 様宛のメールは、48 時間再送しても送信できず、送信を取りやめました。",
    )


@pytest.mark.parametrize("seconds_per_try", [0, 20])
def test_a_server_that_is_down_is_an_alarm_to_be_phoned_within_two_minutes(
    customer: Customer, seconds_per_try: int
) -> None:
    """Whether it refuses at once or lets us wait: urgent copies are tried again and again."""
    write(customer, "incident", Priority.URGENT)
    clock = Clock()
    mailer = MemoryMailer(failures=deque(MailUnavailable("down") for _ in range(200)))
    while not Alarm.objects.exists():
        clock.pass_time(seconds=seconds_per_try if send(mailer, clock) else 1)
        assert clock() - START < timedelta(minutes=2)
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("mail-unavailable", Severity.HIGH)
    assert alarm.due_at is not None


def test_when_it_works_again_the_alarm_says_so_and_urgent_copies_leave_within_a_minute(customer: Customer) -> None:
    write(customer, "incident", Priority.URGENT)
    clock, mailer = Clock(), MemoryMailer(failures=deque(MailUnavailable("down") for _ in range(40)))
    while mailer.failures:
        send(mailer, clock)
        clock.pass_time(seconds=30)
    back = clock()
    while Delivery.objects.filter(state=DeliveryState.QUEUED).exists():
        send(mailer, clock)
        clock.pass_time(seconds=5)
    assert clock() - back <= timedelta(seconds=65)
    alarm = Alarm.objects.get()
    assert (alarm.sentence, alarm.acknowledged_at) == ("メールサーバーに送信できるようになりました。", None)
    seen = alarm.last_at
    write(customer, "next")
    send(mailer, clock)
    alarm.refresh_from_db()
    assert alarm.last_at == seen, "it is said once"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MailLoginRefused("535"), "設定 SAKIMORI_MAIL_URL のユーザー名とパスワード"),
        (MailNotTrusted("expired"), "証明書を確認できません。設定 SAKIMORI_MAIL_URL"),
    ],
)
def test_a_setting_of_ours_that_is_wrong_is_an_alarm_at_once(
    customer: Customer, error: MailUnavailable, words: str
) -> None:
    write(customer)
    send(MemoryMailer(failures=deque([error])), Clock())
    assert words in Alarm.objects.get().sentence


def test_files_go_out_with_the_mail(customer: Customer) -> None:
    write(customer, "a", Priority.URGENT, AttachedFile("画面.png", "image/png", b"png"))
    mailer = MemoryMailer()
    send(mailer, Clock())
    assert [file.name for mail in mailer.sent for file in mail.attachments] == ["画面.png"] * 2


def test_files_beyond_seven_mebibytes_are_named_in_the_text(customer: Customer) -> None:
    files = (
        AttachedFile("小.png", "image/png", b"x"),
        AttachedFile("大.bin", "application/octet-stream", bytes(MAX_BYTES)),
        AttachedFile("次.txt", "text/plain", b"y"),
    )
    message = write(customer, "a", Priority.URGENT, *files)
    assert list(message.attachments.values_list("name", flat=True)) == ["小.png", "次.txt"]
    assert "・大.bin（7.0 MiB）" in message.body
    assert "ログイン後" in message.body


def test_a_server_that_finds_the_mail_too_large_gets_it_without_files(customer: Customer) -> None:
    write(customer, "a", Priority.URGENT, AttachedFile("画面.png", "image/png", b"png"))
    mailer = MemoryMailer(failures=deque([MailTooLarge("552 too large")]))
    send(mailer, Clock())
    first, second = mailer.sent
    assert (first.attachments, len(second.attachments)) == ((), 1)
    assert "・画面.png" in first.body
    assert "・画面.png" in first.html
    assert Delivery.objects.filter(state=DeliveryState.ACCEPTED).count() == 2


def test_a_mail_that_is_too_large_even_so_is_refused(customer: Customer) -> None:
    write(customer)
    send(MemoryMailer(failures=deque([MailTooLarge("552 too large")])), Clock())
    assert Delivery.objects.filter(state=DeliveryState.REFUSED).count() == 1


def test_the_second_server_takes_over_with_the_same_message_id(customer: Customer) -> None:
    write(customer)
    clock, first, second = Clock(), MemoryMailer(failures=deque([MailUnavailable("no answer")])), MemoryMailer()
    memory = Memory()
    mailer = TwoServers(first, second, memory=memory, clock=clock)
    assert send(mailer, clock) == 2
    assert [mail.message_id for mail in second.sent] == [
        copy.mail_id for copy in Delivery.objects.filter(message__key="a").order_by("pk")
    ]
    assert first.sent == [], "it is left alone for a minute"
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.count) == (Severity.MIDDLE, 1)
    assert "2 台目から送信しています" in alarm.sentence
    clock.pass_time(minutes=1)
    write(customer, "b")
    send(TwoServers(first, second, memory=memory, clock=clock), clock)
    assert len(first.sent) == 2


def test_when_both_servers_are_down_the_copy_waits(customer: Customer) -> None:
    write(customer)
    clock = Clock()
    down = deque([MailUnavailable("first is down")]), deque([MailUnavailable("second is down")])
    mailer = TwoServers(*(MemoryMailer(failures=queue) for queue in down), memory=Memory(), clock=clock)
    assert send(mailer, clock) == 1
    assert Delivery.objects.filter(last_error="first is down", state=DeliveryState.QUEUED).count() == 1


def test_what_the_first_server_refuses_or_defers_does_not_go_to_the_second() -> None:
    clock, second = Clock(), MemoryMailer()
    mail = OutgoingMail("<1@x>", "a@example.jp", "b@example.jp", "名", "件名", "本文", START)
    for error in (MailRefused("550"), MailDeferred("450")):
        with pytest.raises(type(error)):
            TwoServers(MemoryMailer(failures=deque([error])), second, memory=Memory(), clock=clock).send(mail)
    assert second.sent == []
    assert replace(mail, html="x") != mail

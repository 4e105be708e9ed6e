"""Our SMTP door as other mail servers use it: two addresses, a limit, TLS, and 250 only for what is kept."""

import smtplib
import threading
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connections

from sakimori.notify.inbox import door
from sakimori.notify.models import Alarm, Mailbox, ReceivedMail
from sakimori.run.mail_door import MailDoor
from tests.notify.certificates import server_files, trust
from tests.settings_change import with_config

pytestmark = pytest.mark.django_db(transaction=True)
RAW = b"From: alerts@imperva.example.com\r\nTo: vendor@soc.example.jp\r\nSubject: DDoS\r\n\r\nbody\r\n"


@pytest.fixture
def opened() -> Iterator[MailDoor]:
    certificate, key = server_files()
    with with_config(
        vendor_address="vendor@soc.example.jp",
        bounce_address="bounces@soc.example.jp",
        tls_certificate=certificate,
        tls_key=key,
    ):
        made = MailDoor("127.0.0.1", 0)
        made.start()
        try:
            yield made
        finally:
            made.stop()
            connections.close_all()
            assert "mail-door" not in {thread.name for thread in threading.enumerate()}


def deliver(opened: MailDoor, recipient: str, raw: bytes = RAW, *, tls: bool = False) -> None:
    with smtplib.SMTP("127.0.0.1", opened.port, timeout=60) as client:
        if tls:
            client._host = "localhost"
            client.starttls(context=trust())
        client.sendmail("bounce@imperva.example.com", [recipient], raw)


def test_what_is_answered_with_250_is_in_the_database(opened: MailDoor) -> None:
    deliver(opened, "Vendor@SOC.example.jp")
    row = ReceivedMail.objects.get()
    assert bytes(row.raw) == RAW
    assert (row.box, row.peer, row.return_path) == (Mailbox.VENDOR, "127.0.0.1", "bounce@imperva.example.com")
    assert row.helo
    assert row.next_check_at is not None


def test_reports_come_to_the_return_path_of_each_copy(opened: MailDoor) -> None:
    deliver(opened, "bounces+0123456789abcdef0123456789abcdef@soc.example.jp", tls=True)
    row = ReceivedMail.objects.get()
    assert (row.box, row.next_check_at) == (Mailbox.BOUNCES, None)
    assert row.recipient == "bounces+0123456789abcdef0123456789abcdef@soc.example.jp"


@pytest.mark.parametrize(
    "recipient", ["soc@example.jp", "vendor@example.jp", "vendor", "root", "a+vendor@soc.example.jp"]
)
def test_nobody_else_gets_mail_here(opened: MailDoor, recipient: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(opened, recipient)
    assert not ReceivedMail.objects.exists()


def test_a_mail_above_the_limit_is_refused(opened: MailDoor) -> None:
    with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)) as caught:
        deliver(opened, "vendor@soc.example.jp", RAW + b"x" * 70 * 160_000)
    assert caught.value.smtp_code == 552
    assert not ReceivedMail.objects.exists()


def test_what_cannot_be_kept_is_not_accepted(opened: MailDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise DatabaseError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(door, "keep", fail)
        with pytest.raises(smtplib.SMTPDataError) as caught:
            deliver(opened, "vendor@soc.example.jp")
    assert caught.value.smtp_code == 451
    deliver(opened, "vendor@soc.example.jp")
    deliver(opened, "vendor@soc.example.jp")
    assert ReceivedMail.objects.count() == 1


def test_a_flood_is_put_off_with_an_alarm_and_does_not_fill_the_disk(
    opened: MailDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_MOST_PER_HOUR", 2)
    for number in range(2):
        deliver(opened, "vendor@soc.example.jp", RAW + str(number).encode())
    with pytest.raises(smtplib.SMTPDataError) as caught:
        deliver(opened, "vendor@soc.example.jp")
    assert caught.value.smtp_code == 451
    assert ReceivedMail.objects.count() == 2
    assert "受け取りを断っています" in Alarm.objects.get().sentence

"""Reports of mails that were not delivered: each server's own form is understood; none without a mark counts."""

# ruff: noqa: E501 - samples are as servers write them

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.customers.models import AuditEntry, Contact
from sakimori.notify.actions import write_mail
from sakimori.notify.duties import send_due_mails
from sakimori.notify.inbox.actions import keep
from sakimori.notify.inbox.bounces import read_bounces
from sakimori.notify.inbox.reports import DeliveryReport, Fate, read_report
from sakimori.notify.memory import MemoryMailer
from sakimori.notify.models import Alarm, Delivery, DeliveryState, Mailbox, ReceivedMail, Severity
from sakimori.notify.sending import token_of
from tests.moments import START
from tests.people import make_contract

TOKEN = "0123456789abcdef0123456789abcdef"
OURS = f"<{TOKEN}@portal.example.jp>"


def dsn(fields: str, *, head: str = "", prose: str = "", original: str = f"Message-ID: {OURS}\nSubject: x") -> bytes:
    """A report in the standard's form."""
    text = f"""From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: bounces@soc.example.jp
Subject: Undelivered Mail Returned to Sender
{head}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=utf-8

{prose}
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

{fields}

--B
Content-Type: text/rfc822-headers

{original}

--B--
"""
    return text.replace("\n", "\r\n").encode()


def prose(subject: str, body: str, *, sender: str = "MAILER-DAEMON@mail.example.ne.jp", head: str = "") -> bytes:
    """A report, or an answer, in somebody's own words."""
    text = f"From: <{sender}>\nTo: bounces@soc.example.jp\nSubject: {subject}\n{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    return text.encode()


POSTFIX = dsn(
    "Final-Recipient: rfc822; hanako@example.jp\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.example.jp\nDiagnostic-Code: smtp; 550 5.1.1 <hanako@example.jp>: Recipient address rejected:\n"
    "    User unknown in virtual mailbox table"
)
EXCHANGE = dsn(
    "Final-Recipient: rfc822;hanako@example.jp\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient hanako@example.jp not found by SMTP "
    "address lookup",
    head="X-MS-Exchange-Message-Is-Ndr:\n",
    original="Subject: x",
).replace(
    b"Subject: Undelivered",
    f"In-Reply-To: {OURS}\r\nReferences: {OURS}\r\nSubject: =?utf-8?B?6YWN5L+h5LiN6IO9?= Undelivered".encode(),
)
GMAIL = dsn(
    "Final-Recipient: rfc822; hanako@example.jp\nAction: failed\nStatus: 5.7.1\n"
    "Diagnostic-Code: smtp; 550-5.7.1 [192.0.2.1] Our system has detected\n 550 5.7.1 unsolicited mail",
    head="Auto-Submitted: auto-replied\nX-Failed-Recipients: hanako@example.jp\n",
)
FULL = dsn(
    "Final-Recipient: rfc822; hanako@example.jp\nAction: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 full"
)
DELAYED = dsn(
    "Final-Recipient: rfc822; hanako@example.jp\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Tue, 24 Nov 2026 03:00:00 +0900"
)
DELIVERED = dsn("Final-Recipient: rfc822; hanako@example.jp\nAction: delivered\nStatus: 2.0.0")
NO_ACTION = dsn("Final-Recipient: rfc822; hanako@example.jp\nStatus: 5.0.0")
TWO = dsn(
    "Final-Recipient: rfc822; a@example.jp\nAction: delivered\nStatus: 2.0.0\n\n"
    "Final-Recipient: rfc822; hanako@example.jp\nAction: failed\nStatus: 5.1.1"
)
ENCODED = (
    dsn("")
    .replace(
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: 7bit\r\n",
    )
    .replace(
        b"Reporting-MTA: dns; mx.example.net\r\n\r\n",
        b"Reporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.2\r\n",
    )
)
QMAIL = prose(
    "failure notice",
    "Hi. This is the qmail-send program at mail.example.ne.jp.\nI'm afraid I wasn't able to deliver your message.\n\n"
    f"<hanako@example.jp>:\n550 5.1.1 Sorry, no mailbox here by that name.\n\n--- Below this line\nMessage-ID: {OURS}\n",
)
CARRIER = prose(
    "Mail System Error - Returned Mail",
    "次のあて先へのメッセージはエラーのため送信できませんでした。\n送信先メールアドレスが見つかりませんでした。\n\n"
    f"<hanako@mobile.example.jp>: 550 Unknown user\n\nMessage-Id: {OURS}\n",
    sender="postmaster@mobile.example.jp",
)
JAPANESE = (
    b"From: <MAILER-DAEMON@mail.example.ne.jp>\nTo: bounces@soc.example.jp\nSubject: =?iso-2022-jp?B?GyRCR1s/LklUR08bKEI=?=\n"
    b"Content-Type: text/plain; charset=iso-2022-jp\n\n"
) + f"宛先不明のため配信できませんでした。\n{OURS}\n".encode("iso-2022-jp")
SLOW = prose("Warning: message delayed 4 hours", f"It will keep trying.\n451 4.4.1 timed out\nMessage-ID: {OURS}")
VACATION = prose(
    "Re: 【第一報】DDoS",
    f"休暇をいただいております。\nMessage-ID: {OURS}",
    sender="hanako@example.jp",
    head="Auto-Submitted: auto-replied\n",
)
OUTLOOK = prose(
    "自動応答: 【第一報】", "不在にしております。", sender="hanako@example.jp", head=f"In-Reply-To: {OURS}\n"
)
PERSON = prose(
    "Re: 【第一報】",
    "配信できませんという表示は何ですか。550 という数字も出ます。",
    sender="hanako@example.jp",
    head=f"In-Reply-To: {OURS}\n",
)


@pytest.mark.parametrize(
    ("raw", "fate", "status", "recipient", "words"),
    [
        (POSTFIX, Fate.FAILED, "5.1.1", "hanako@example.jp", "User unknown in virtual mailbox table"),
        (EXCHANGE, Fate.FAILED, "5.1.10", "hanako@example.jp", "RecipientNotFound"),
        (GMAIL, Fate.FAILED, "5.7.1", "hanako@example.jp", "unsolicited mail"),
        (FULL, Fate.FAILED, "4.2.2", "hanako@example.jp", "full"),
        (DELAYED, Fate.DELAYED, "4.4.1", "hanako@example.jp", "4.4.1"),
        (DELIVERED, Fate.DELIVERED, "2.0.0", "hanako@example.jp", ""),
        (NO_ACTION, Fate.FAILED, "5.0.0", "hanako@example.jp", ""),
        (TWO, Fate.FAILED, "5.1.1", "hanako@example.jp", ""),
        (ENCODED, Fate.FAILED, "5.1.2", "", ""),
        (QMAIL, Fate.FAILED, "5.1.1", "", "no mailbox here by that name"),
        (CARRIER, Fate.FAILED, "", "", "550 Unknown user"),
        (JAPANESE, Fate.FAILED, "", "", ""),
        (SLOW, Fate.DELAYED, "4.4.1", "", "timed out"),
        (VACATION, Fate.ANSWER, "", "", "DDoS"),
        (OUTLOOK, Fate.ANSWER, "", "", ""),
        (PERSON, Fate.OTHER, "", "", ""),
    ],
)  # fmt: skip
def test_each_servers_own_form_is_understood(raw: bytes, fate: Fate, status: str, recipient: str, words: str) -> None:
    report = read_report(raw)
    assert (report.fate, report.status, report.recipient) == (fate, status, recipient)
    assert words in report.reason
    assert TOKEN in report.tokens


def test_the_return_path_is_the_surest_mark() -> None:
    report = read_report(prose("failure notice", "550 5.1.1 no"), envelope_recipient=f"bounces+{TOKEN}@soc.example.jp")
    assert report.tokens == (TOKEN,)


@settings(max_examples=300)
@given(st.binary(max_size=500))
def test_whatever_bytes_come_nothing_is_raised(raw: bytes) -> None:
    assert isinstance(read_report(raw), DeliveryReport)


_PIECES = [
    b"From: MAILER-DAEMON@x\r\n", b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n", b"\r\n",
    b"--B\r\n", b"--B--\r\n", b"Content-Type: message/delivery-status\r\n", b"Content-Type: message/rfc822\r\n",
    b"Action: failed\r\n", b"Action: \xff\r\n", b"Status: 5.1.1\r\n", b"Status: nonsense\r\n", b"Diagnostic-Code: ;;;\r\n",
    b"Final-Recipient: rfc822; \xe3\x81@\r\n", b"Content-Transfer-Encoding: base64\r\n", b"Auto-Submitted: auto-replied\r\n",
    b"Subject: =?iso-2022-jp?B?GyRC?=\r\n", OURS.encode(), b"Content-Type: text/plain; charset=\x00\r\n",
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_PIECES), max_size=30))
def test_whatever_order_its_pieces_come_in_nothing_is_raised(pieces: list[bytes]) -> None:
    assert isinstance(read_report(b"".join(pieces)), DeliveryReport)


@pytest.fixture
def copy() -> Delivery:
    customer = make_contract("株式会社さくら商店", "A").customer
    Contact.objects.create(customer=customer, name="桜井 花子", email="hanako@example.jp", priority=1)
    write_mail(key="a", customer=customer, subject="件名", body="本文", now=START)
    send_due_mails(mailer=MemoryMailer(), worker="one", now=START)
    return Delivery.objects.get()


def arrive(raw: bytes, copy: Delivery | None = None) -> ReceivedMail:
    """A report comes, about our copy if one is given, and is read."""
    if copy is not None:
        raw = raw.replace(TOKEN.encode(), token_of(copy.mail_id).encode())
    mail = keep(raw, box=Mailbox.BOUNCES, now=START)
    assert read_bounces(now=START) == 1
    mail.refresh_from_db()
    return mail


@pytest.mark.django_db
def test_a_bounce_marks_the_copy_and_alarms_with_the_contacts_name(copy: Delivery) -> None:
    mail = arrive(POSTFIX, copy)
    copy.refresh_from_db()
    assert (copy.state, copy.bounced_at, copy.accepted_at) == (DeliveryState.BOUNCED, START, START)
    assert "User unknown" in copy.bounce
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/mails/{copy.pk}/")
    assert alarm.sentence == "株式会社さくら商店 の連絡先 桜井 花子 様のメールが届いていません。宛先をご確認ください。"
    assert (mail.customer, mail.outcome) == (copy.message.customer, "配信不能として記録しました。")
    assert AuditEntry.objects.filter(action="mail.bounce").count() == 1
    assert read_bounces(now=START) == 0


@pytest.mark.django_db
def test_a_second_report_about_the_same_copy_changes_nothing(copy: Delivery) -> None:
    arrive(POSTFIX, copy)
    arrive(FULL, copy)
    copy.refresh_from_db()
    assert "User unknown" in copy.bounce
    assert Alarm.objects.get().count == 1


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [VACATION, OUTLOOK, PERSON, DELIVERED])
def test_an_automatic_answer_is_no_bounce(raw: bytes, copy: Delivery) -> None:
    arrive(raw, copy)
    copy.refresh_from_db()
    assert copy.state == DeliveryState.ACCEPTED
    assert not Alarm.objects.exists()


@pytest.mark.django_db
def test_a_delay_is_noted_and_a_later_failure_still_counts(copy: Delivery) -> None:
    arrive(DELAYED, copy)
    copy.refresh_from_db()
    assert (copy.state, copy.delayed_at) == (DeliveryState.ACCEPTED, START)
    assert not Alarm.objects.exists()
    arrive(POSTFIX, copy)
    copy.refresh_from_db()
    assert copy.state == DeliveryState.BOUNCED


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [POSTFIX, QMAIL, dsn("Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; hanako@example.jp", original="")],
)
def test_a_forged_bounce_that_knows_no_mark_counts_nothing(raw: bytes, copy: Delivery) -> None:
    mail = arrive(raw)
    copy.refresh_from_db()
    assert copy.state == DeliveryState.ACCEPTED
    assert not Alarm.objects.exists()
    assert mail.customer is None
    assert "印がない" in mail.outcome

"""Mails that came in: kept once, read whatever bytes they are, handled once."""

from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sakimori.notify.inbox.actions import handled, keep
from sakimori.notify.inbox.reading import Reading, read, words_of_html
from sakimori.notify.models import Mailbox, ReceivedMail
from sakimori.notify.queries import unread
from tests.moments import START
from tests.people import make_contract

RAW = (
    b"From: =?utf-8?B?44OZ44Oz44OA44O8?= <Alerts@Vendor.example.com>\r\nTo: vendor@soc.example.jp\r\n"
    b"Subject: =?utf-8?Q?DDoS_attack?=\r\n started\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSite: shop\r\n"
)


@pytest.mark.django_db
def test_a_mail_is_kept_as_it_came_and_twice_the_same_is_one_row() -> None:
    first = keep(RAW, box=Mailbox.BOUNCES, now=START)
    again = keep(RAW, box=Mailbox.BOUNCES, now=START + timedelta(minutes=1))
    assert first.pk == again.pk
    row = ReceivedMail.objects.get()
    assert bytes(row.raw) == RAW
    assert (row.sender, row.recipient, row.subject, row.text) == (
        "alerts@vendor.example.com",
        "vendor@soc.example.jp",
        "DDoS attack started",
        "Site: shop\n",
    )


@pytest.mark.django_db
def test_a_vendors_mail_is_unread_only_when_its_sender_is_settled() -> None:
    mail = keep(RAW, box=Mailbox.VENDOR, now=START)
    assert not unread(Mailbox.VENDOR).exists()
    ReceivedMail.objects.update(next_check_at=None)
    assert list(unread(Mailbox.VENDOR)) == [mail]
    assert not unread(Mailbox.BOUNCES).exists()


@pytest.mark.django_db
def test_a_mail_is_handled_once() -> None:
    customer = make_contract("株式会社さくら商店", "A").customer
    mail = keep(RAW, box=Mailbox.BOUNCES, now=START)
    assert handled(mail, outcome="攻撃の開始として記録しました。", customer=customer, now=START)
    assert not handled(mail, outcome="別の結果", now=START + timedelta(hours=1))
    row = ReceivedMail.objects.get()
    assert (row.outcome, row.customer, row.handled_at) == ("攻撃の開始として記録しました。", customer, START)
    assert not unread(Mailbox.BOUNCES).exists()


@settings(max_examples=300)
@given(st.binary(max_size=600))
@example(b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a--")
@example(b"Content-Type: text/plain; charset=nonsense\n\n\xff\xfe")
@example(b"From: =?x?B?/?=\nSubject: =?utf-8?B?!!!?=\n\n")
@example(b"Content-Transfer-Encoding: base64\n\n====")
@example(b"From: \xff\xfe@\n\tb\n\nx")
def test_whatever_bytes_come_they_are_read(raw: bytes) -> None:
    assert isinstance(read(raw), Reading)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                b"From: a@b\r\n",
                b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"Content-Type: text/html; charset=iso-2022-jp\r\n",
                b"Content-Transfer-Encoding: quoted-printable\r\n",
                b"Subject: =?iso-2022-jp?B?GyRC?=\r\n",
                b"\r\n",
                b"--x\r\n",
                b"--x--\r\n",
                b"<script>\x1b$B\xff=E3=",
            ]
        ),
        max_size=25,
    )
)
def test_whatever_order_the_pieces_of_a_mail_come_in_it_is_read(pieces: list[bytes]) -> None:
    assert "\u202e" not in read(b"".join(pieces)).text


def test_signs_that_hide_something_are_taken_out() -> None:
    raw = "From: a@example.jp\nSubject: a\u202eb\x07\nContent-Type: text/plain; charset=utf-8\n\nx\u202ey\x1b[31m\tz"
    reading = read(raw.encode())
    assert (reading.subject, reading.text) == ("ab", "xy[31m\tz")


def test_of_html_alone_its_words_are_read() -> None:
    html = "<head><title>no</title></head><p>Attack &amp; more</p><script>bad()</script>line<br>two<!-- hidden -->"
    assert words_of_html(html) == "Attack & more\nline\ntwo"
    raw = b"From: a@example.jp\nContent-Type: text/html; charset=utf-8\n\n" + html.encode()
    assert read(raw).text == "Attack & more\nline\ntwo"


def test_a_japanese_charset_is_understood() -> None:
    body = "配信できませんでした".encode("iso-2022-jp")
    raw = b"From: a@example.jp\nContent-Type: text/plain; charset=iso-2022-jp\n\n" + body
    assert read(raw).text == "配信できませんでした"

"""SmtpMailer against a real mail server on loopback: what is accepted, what may be tried again, what never."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

import pytest

from sakimori.lib.jst import JST
from sakimori.notify.interface import (
    MailDeferred,
    MailError,
    MailLoginRefused,
    MailRefused,
    MailTooLarge,
    MailUnavailable,
    OutgoingMail,
)
from sakimori.notify.smtp import SmtpMailer
from tests.moments import START
from tests.notify.post_office import PostOffice, hand_over, open_office

# The server warns that passwords without TLS are a bad idea; on loopback, in a test, they are not.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

MAIL = OutgoingMail(
    message_id="<0123456789abcdef@portal.example.jp>",
    sender="soc@example.jp",
    recipient="hanako@example.jp",
    recipient_name="髙橋 花子",
    subject="【Webサイトプロテクションサービス】攻撃元 IP アドレス 12 件をブラックリストへ登録しました [WSP-000001]",
    body="いつもご利用いただきありがとうございます。\n.点で始まる行\n\n198[.]51[.]100[.]7 𠮷野家\n" + "長い行" * 400,
    written_at=START,
)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office(PostOffice()) as made:
        yield made


def test_an_accepted_mail_arrives_as_it_was_written(office: PostOffice) -> None:
    hand_over(office.url, MAIL)
    (letter,) = office.letters
    assert office.recipients == ["hanako@example.jp"]
    assert str(letter["Subject"]) == MAIL.subject
    assert str(letter["To"]) == "髙橋 花子 様 <hanako@example.jp>"
    assert str(letter["From"]) == "soc@example.jp"
    assert str(letter["Message-ID"]) == MAIL.message_id
    assert str(letter["Auto-Submitted"]) == "auto-generated"
    assert parsedate_to_datetime(str(letter["Date"])) == START
    assert parsedate_to_datetime(str(letter["Date"])).utcoffset() == START.astimezone(JST).utcoffset()
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MAIL.body + "\n"


def test_what_goes_over_the_wire_is_seven_bit_and_short_lined(office: PostOffice) -> None:
    hand_over(office.url, MAIL)
    assert all(len(line) <= 998 for line in office.kept[0].split(b"\r\n"))
    assert office.kept[0].isascii()


@pytest.mark.parametrize("length", range(1, 120, 7))
def test_a_subject_of_any_length_is_read_back_whole(length: int, office: PostOffice) -> None:
    subject = ("攻撃元 IP アドレス(ほか 3 件)[WSP-000001] Sakimori ー𠮷" * 5)[:length].strip()
    hand_over(office.url, replace(MAIL, subject=subject))
    assert str(office.letters[0]["Subject"]) == subject


def test_the_same_mail_has_the_same_bytes_each_time(office: PostOffice) -> None:
    mailer = SmtpMailer(office.url)
    mailer.send(MAIL)
    mailer.send(MAIL)
    mailer.close()
    assert office.kept[0] == office.kept[1]


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_4xx_may_be_tried_again(office: PostOffice, stage: str) -> None:
    setattr(office, stage, "451 4.3.0 Try again later")
    with pytest.raises(MailUnavailable, match="451"):
        hand_over(office.url, MAIL)
    setattr(office, stage, "")
    hand_over(office.url, MAIL)
    assert len(office.kept) == 1


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_5xx_is_final(office: PostOffice, stage: str) -> None:
    setattr(office, stage, "550 5.1.1 No such user")
    with pytest.raises(MailRefused, match=r"550 5\.1\.1 No such user"):
        hand_over(office.url, MAIL)
    assert office.kept == []


def test_a_sender_that_the_server_does_not_take_is_our_trouble_not_the_recipients(office: PostOffice) -> None:
    office.mail = "550 5.7.1 Sender not allowed"
    with pytest.raises(MailUnavailable, match="550"):
        hand_over(office.url, MAIL)


def test_a_line_that_is_cut_after_data_leaves_doubt_and_the_same_id(office: PostOffice) -> None:
    office.drop = True
    with pytest.raises(MailUnavailable):
        hand_over(office.url, MAIL)
    office.drop = False
    hand_over(office.url, MAIL)
    assert [str(letter["Message-ID"]) for letter in office.letters] == [MAIL.message_id] * 2


@pytest.mark.parametrize("goodbye", ["421 Going down", "500 What?"])
def test_once_accepted_a_rude_goodbye_changes_nothing(office: PostOffice, goodbye: str) -> None:
    office.quit = goodbye
    hand_over(office.url, MAIL)
    assert len(office.kept) == 1


@pytest.mark.parametrize("column", ["subject", "recipient_name", "recipient", "sender", "message_id"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r"])
def test_a_line_break_in_a_header_is_refused(office: PostOffice, column: str, break_: str) -> None:
    hostile = f"{getattr(MAIL, column)}{break_}Bcc: thief@example.com"
    with pytest.raises(MailRefused):
        hand_over(office.url, replace(MAIL, **{column: hostile}))
    assert office.kept == []


@pytest.mark.parametrize("address", ["", "nobody", "a@b@example.jp", "a b@example.jp", "<a@example.jp>", "@", "a@"])
def test_an_address_that_is_none_is_refused(office: PostOffice, address: str) -> None:
    with pytest.raises(MailRefused):
        hand_over(office.url, replace(MAIL, recipient=address))
    assert office.kept == []


def test_an_address_that_the_server_cannot_take_is_refused(office: PostOffice) -> None:
    office.utf8 = False
    with pytest.raises(MailRefused):
        hand_over(office.url, replace(MAIL, recipient="花子@example.jp"))


def test_a_name_full_of_signs_stays_a_name(office: PostOffice) -> None:
    name = '"山田" <boss@example.com>, (部長) ; 様'
    hand_over(office.url, replace(MAIL, recipient_name=name))
    (address,) = office.letters[0]["To"].addresses
    assert address.addr_spec == MAIL.recipient
    raw = str(message_from_bytes(office.kept[0])["To"]).replace("\r\n", "")
    assert str(make_header(decode_header(raw))) == f"{name} 様 <{MAIL.recipient}>"
    assert office.recipients == [MAIL.recipient]


def test_nobody_listening_may_be_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        mailer = SmtpMailer(f"smtp+plain://127.0.0.1:{taken.getsockname()[1]}")
        for call in (lambda: mailer.send(MAIL), mailer.check):
            with pytest.raises(MailUnavailable):
                call()


def test_check_connects_without_sending(office: PostOffice) -> None:
    SmtpMailer(office.url).check()
    assert office.kept == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_without_tls_nothing_is_sent_in_the_clear(office: PostOffice, scheme: str) -> None:
    mailer = SmtpMailer(f"{scheme}://user:secret@127.0.0.1:{office.port}")
    with pytest.raises(MailUnavailable) as caught:
        mailer.send(MAIL)
    assert "secret" not in str(caught.value)
    assert office.kept == []


@pytest.mark.parametrize("host", ["192.0.2.1", "mail.example.jp", "[2001:db8::1]"])
def test_plain_is_for_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match=r"smtp\+plain"):
        SmtpMailer(f"smtp+plain://{host}:25")


def test_a_right_password_opens_the_door() -> None:
    with open_office(PostOffice(password="p@ss word")) as office:
        hand_over(f"smtp+plain://soc:p%40ss%20word@127.0.0.1:{office.port}", MAIL)
        assert len(office.kept) == 1


@pytest.mark.parametrize("user", ["soc:wrong@", ""])
def test_a_wrong_password_of_ours_loses_no_mail(user: str) -> None:
    """The server says 535 or 530, a 5xx, but not about this mail: after the setting is mended it goes out."""
    with open_office(PostOffice(password="right")) as office:
        mailer = SmtpMailer(f"smtp+plain://{user}127.0.0.1:{office.port}")
        with pytest.raises(MailError) as caught:
            mailer.send(MAIL)
        assert isinstance(caught.value, MailUnavailable)
        assert office.kept == []


def test_the_answer_is_the_proof(office: PostOffice) -> None:
    accepted = hand_over(office.url, MAIL)
    assert (accepted.server, accepted.answer, accepted.detour) == (f"127.0.0.1:{office.port}", "250 Kept", "")


def test_several_mails_go_over_one_connection(office: PostOffice) -> None:
    mailer = SmtpMailer(office.url)
    for number in range(5):
        mailer.send(replace(MAIL, message_id=f"<{number}@portal.example.jp>"))
    office.rcpt = "550 5.1.1 No such user"
    with pytest.raises(MailRefused):
        mailer.send(MAIL)
    office.rcpt = ""
    mailer.send(MAIL)
    mailer.close()
    mailer.close()
    assert (office.connections, len(office.kept)) == (1, 6)


def test_a_kept_connection_that_the_server_ended_is_made_anew(office: PostOffice) -> None:
    mailer = SmtpMailer(office.url)
    mailer.send(MAIL)
    office.hang_up()
    mailer.send(MAIL)
    mailer.close()
    assert (office.connections, len(office.kept)) == (2, 2)


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("rcpt", "450 4.2.0 Greylisted", MailDeferred),
        ("rcpt", "421 4.7.0 Busy", MailUnavailable),
        ("data", "451 4.3.0 Later", MailUnavailable),
        ("data", "552 5.3.4 Too large", MailTooLarge),
        ("mail", "552 5.3.4 Too large", MailTooLarge),
        ("mail", "530 5.7.0 Authentication required", MailLoginRefused),
    ],
)
def test_what_the_server_says_decides_who_has_to_wait(
    office: PostOffice, stage: str, answer: str, kind: type[MailError]
) -> None:
    setattr(office, stage, answer)
    with pytest.raises(MailError) as caught:
        hand_over(office.url, MAIL)
    assert type(caught.value) is kind


def test_a_mail_above_the_servers_limit_is_not_even_begun(office: PostOffice) -> None:
    office.size_limit = 2000
    with pytest.raises(MailTooLarge, match="takes 2000"):
        hand_over(office.url, MAIL)


def test_an_address_in_japanese_signs_is_sent_where_the_server_takes_it(office: PostOffice) -> None:
    hand_over(office.url, replace(MAIL, recipient="花子@例え.example.jp"))
    assert office.recipients == ["花子@xn--r8jz45g.example.jp"]


def test_reports_go_to_the_return_path(office: PostOffice) -> None:
    hand_over(office.url, replace(MAIL, return_path="bounces+0123@soc.example.jp"))
    assert office.senders == ["bounces+0123@soc.example.jp"]
    assert str(office.letters[0]["From"]) == "soc@example.jp"

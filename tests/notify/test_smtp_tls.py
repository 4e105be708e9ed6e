"""A mail read back from a real SMTP server behind TLS and a password: every header, both parts, every file."""

import hashlib
import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime

import pytest

from sakimori.lib.jst import JST
from sakimori.notify.html import html_of
from sakimori.notify.interface import AttachedFile, MailLoginRefused, MailNotTrusted, MailUnavailable, OutgoingMail
from sakimori.notify.smtp import SmtpMailer
from tests.moments import START
from tests.notify.certificates import server_context, trust
from tests.notify.post_office import PostOffice, hand_over, open_office

# The server warns about passwords without STARTTLS; where TLS begins at once there is none.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

BODY = "株式会社さくら商店\nご担当者様\n\n■ 検知内容\n種別: DDoS\n確認結果: 表示できません\n\nhttps://portal.example.jp/portal/"
PICTURE = bytes(range(256)) * 300
MAIL = OutgoingMail(
    message_id="<0123456789abcdef0123456789abcdef@portal.example.jp>",
    sender="soc@example.jp",
    sender_name="Webサイトプロテクションサービス",
    reply_to="soc@example.jp",
    return_path="bounces+0123456789abcdef0123456789abcdef@soc.example.jp",
    recipient="hanako@例え.example.jp",
    recipient_name="髙﨑 𠮷子",
    subject="【Webサイトプロテクションサービス】【第一報】DDoS により サイトが 表示できません a.example [WSP-000001]",
    body=BODY,
    html=html_of(BODY, base_url="https://portal.example.jp", title="第一報"),
    written_at=START,
    attachments=(
        AttachedFile("画面の記録（2026年11月23日 髙﨑）.png", "image/png", PICTURE),
        AttachedFile("応答ヘッダー.txt", "text/plain", "HTTP/1.1 503\r\n壊れた行".encode()),
        AttachedFile("../../etc/\u202egnp.exe", "text/html", b"<script>alert(1)</script>"),
    ),
)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_every_header_both_parts_and_the_files_come_back_as_they_were_written(scheme: str) -> None:
    office = PostOffice(password="p@ss")
    if scheme == "smtp":
        office.starttls = server_context()
    else:
        office.tls = server_context()
    with open_office(office):
        mailer = SmtpMailer(f"{scheme}://soc:p%40ss@localhost:{office.port}", trust=trust())
        accepted = mailer.send(MAIL)
        mailer.close()
    assert (accepted.server, accepted.answer) == (f"localhost:{office.port}", "250 Kept")
    assert office.recipients == ["hanako@xn--r8jz45g.example.jp"]
    assert office.senders == [MAIL.return_path]
    (letter,) = office.letters
    assert {name.lower() for name in letter.keys()} == {  # noqa: SIM118
        "message-id", "date", "from", "reply-to", "to", "subject", "auto-submitted", "content-language",
        "content-type", "mime-version",
    }  # fmt: skip
    assert str(letter["Message-ID"]) == MAIL.message_id
    assert str(letter["Subject"]) == MAIL.subject
    # The library puts a space between the words of a phrase; mail clients do not.
    assert str(letter["From"]).replace(" ", "") == "Webサイトプロテクションサービス<soc@example.jp>"
    assert str(letter["Reply-To"]) == str(letter["From"])
    assert str(letter["To"]) == "髙﨑 𠮷子 様 <hanako@xn--r8jz45g.example.jp>"
    assert (str(letter["Auto-Submitted"]), str(letter["Content-Language"])) == ("auto-generated", "ja")
    assert parsedate_to_datetime(str(letter["Date"])) == START.astimezone(JST)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == f"{BODY}\n"
    assert html.get_content().replace("\r\n", "\n") == MAIL.html
    files = list(letter.iter_attachments())
    assert [file.get_filename() for file in files] == [
        "画面の記録（2026年11月23日 髙﨑）.png",
        "応答ヘッダー.txt",
        "_.._etc__gnp.exe",
    ]
    assert files[0].get_content() == PICTURE
    assert (
        hashlib.sha256(files[1].get_payload(decode=True)).digest()
        == hashlib.sha256(  # type: ignore[arg-type]
            MAIL.attachments[1].content
        ).digest()
    )
    assert files[2].get_content_type() == "application/octet-stream"
    assert not re.search(r"[/\\\u202e]", str(files[2].get_filename()))


def test_the_wire_is_ascii_in_short_lines_and_a_client_without_this_library_reads_it() -> None:
    with open_office(PostOffice(starttls=server_context())) as office:
        hand_over(f"smtp://localhost:{office.port}", MAIL, trust=trust())
    raw = office.kept[0]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    words = re.findall(rb"=\?utf-8\?b\?[^?]*\?=", raw)
    assert words
    assert all(len(word) <= 75 for word in words)
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    found = re.search(r"^Subject: ([^\r]*(?:\r\n [^\r]*)*)", head, re.MULTILINE)
    assert found
    assert str(make_header(decode_header(found[1].replace("\r\n", "")))) == MAIL.subject


def test_a_certificate_of_another_host_is_refused_before_anything_is_told() -> None:
    office = PostOffice(password="secret", starttls=server_context("elsewhere.example.jp"))
    with open_office(office), pytest.raises(MailNotTrusted) as caught:
        hand_over(f"smtp://soc:secret@localhost:{office.port}", MAIL, trust=trust())
    assert "secret" not in str(caught.value)
    assert office.kept == []


@pytest.mark.parametrize("direct", [False, True])
def test_a_certificate_of_an_unknown_authority_is_refused(direct: bool) -> None:
    context = server_context()
    office = PostOffice(tls=context) if direct else PostOffice(starttls=context)
    scheme = "smtps" if direct else "smtp"
    with open_office(office), pytest.raises(MailNotTrusted):
        SmtpMailer(f"{scheme}://localhost:{office.port}").check()


def test_a_server_that_hides_starttls_gets_no_password() -> None:
    with open_office(PostOffice()) as office, pytest.raises(MailUnavailable, match="STARTTLS"):
        hand_over(f"smtp://soc:secret@localhost:{office.port}", MAIL, trust=trust())
    assert office.kept == []


def test_a_wrong_password_behind_tls_is_a_trouble_of_its_own() -> None:
    office = PostOffice(password="right", starttls=server_context())
    with open_office(office), pytest.raises(MailLoginRefused) as caught:
        hand_over(f"smtp://soc:wrong-one@localhost:{office.port}", MAIL, trust=trust())
    assert "wrong-one" not in str(caught.value)


def test_many_copies_take_one_handshake() -> None:
    with open_office(PostOffice(starttls=server_context())) as office:
        mailer = SmtpMailer(f"smtp://localhost:{office.port}", trust=trust())
        for number in range(20):
            mailer.send(replace(MAIL, message_id=f"<{number}@portal.example.jp>", attachments=()))
        mailer.close()
    assert (len(office.kept), office.connections) == (20, 1)

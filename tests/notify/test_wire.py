"""Properties of a mail's bytes: whatever the texts are, nothing is lost, nothing is added, no line is too long."""

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sakimori.notify.interface import AttachedFile, MailRefused, OutgoingMail
from sakimori.notify.wire import as_bytes, file_name, wire_address
from tests.moments import START

MAIL = OutgoingMail(
    message_id="<0@portal.example.jp>",
    sender="soc@example.jp",
    recipient="a@example.jp",
    recipient_name="山田",
    subject="件名",
    body="本文",
    written_at=START,
    html="<p>本文</p>",
)
_TEXT = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


def decoded(value: str) -> str:
    """A header as mail clients read it."""
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def parsed(raw: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(raw, policy=default))


@settings(max_examples=300)
@given(_TEXT)
def test_any_subject_is_read_back_by_old_and_new_clients(subject: str) -> None:
    raw = as_bytes(replace(MAIL, subject=subject))
    assert raw.isascii()
    assert all(len(line) <= 78 for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))
    assert decoded(message_from_bytes(raw)["Subject"]) == subject
    assert str(parsed(raw)["Subject"]) == subject


@settings(max_examples=200)
@given(_TEXT)
def test_any_name_stays_a_name(name: str) -> None:
    raw = as_bytes(replace(MAIL, recipient_name=name, sender_name=name))
    message, plain = parsed(raw), message_from_bytes(raw)
    (to,), (sender,) = message["To"].addresses, message["From"].addresses
    assert (to.addr_spec, sender.addr_spec) == ("a@example.jp", "soc@example.jp")
    if not name.isascii():  # The library puts a space between the words of a phrase; the older reading is right.
        assert decoded(plain["From"]) == f"{name} <soc@example.jp>"
    else:
        assert sender.display_name == name
    assert decoded(plain["To"]) == f"{name} 様 <a@example.jp>"


@settings(max_examples=200)
@given(st.text(max_size=150))
@example(".\xa00")
@example("a" * 99 + ". .png")
def test_any_file_name_is_harmless_and_comes_back(name: str) -> None:
    raw = as_bytes(replace(MAIL, attachments=(AttachedFile(name, "image/png", b"x"),)))
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    (file,) = parsed(raw).iter_attachments()
    assert file.get_filename() == file_name(name)
    assert not set(file_name(name)) & set('/\\:*?"<>|\r\n\0')


@settings(max_examples=150)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=400))
def test_any_body_arrives_in_both_parts(body: str) -> None:
    message = parsed(as_bytes(replace(MAIL, body=body, html=f"<p>{body}</p>")))
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.get_payload()  # type: ignore[misc]
    assert plain.get_payload(decode=True).decode().replace("\r\n", "\n").removesuffix("\n") == body.removesuffix("\n")
    assert html.get_content_type() == "text/html"


@settings(max_examples=300)
@given(
    st.sampled_from(["subject", "recipient_name", "recipient", "sender", "sender_name", "reply_to", "message_id"]),
    st.text(max_size=20),
    st.sampled_from(["\r\n", "\n", "\r", "\u2028", "\x00", "\x0b"]),
)
def test_no_text_adds_a_header(column: str, text: str, break_: str) -> None:
    hostile = f"{getattr(MAIL, column)}{text}{break_}Bcc: thief@example.com"
    with pytest.raises(MailRefused):
        as_bytes(replace(MAIL, **{column: hostile}))


def test_files_lie_outside_the_alternatives() -> None:
    message = parsed(as_bytes(replace(MAIL, attachments=(AttachedFile("a.png", "image/png", b"x"),))))
    assert message.get_content_type() == "multipart/mixed"
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]


def test_without_html_there_is_one_part() -> None:
    assert parsed(as_bytes(replace(MAIL, html=""))).get_content_type() == "text/plain"


@pytest.mark.parametrize("kind", ["", "nonsense", "text/html", "message/rfc822", "multipart/mixed", "a/b/c", "x/é"])
def test_a_kind_that_a_client_would_act_on_becomes_plain_bytes(kind: str) -> None:
    (file,) = parsed(as_bytes(replace(MAIL, attachments=(AttachedFile("a", kind, b"x"),)))).iter_attachments()
    assert file.get_content_type() == "application/octet-stream"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@example.jp", "a@example.jp"),
        ("a@例え.example.jp", "a@xn--r8jz45g.example.jp"),
        ("花子@example.jp", "花子@example.jp"),
        ("Taro.Y+tag@Example.JP", "Taro.Y+tag@Example.JP"),
    ],
)
def test_a_japanese_domain_is_written_in_ascii(address: str, wire: str) -> None:
    assert wire_address(address) == wire


@pytest.mark.parametrize("address", ["", "a", "@", "a@", "@b", "a b@example.jp", "a@b@c", "a@exa mple.jp", "a\n@b.jp"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(MailRefused):
        wire_address(address)

"""The mailbox through SMTP: every mode, doubles, what the page shows."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from sakimori.simulators.mailbox import MailboxMode, mails, set_mailbox_mode
from sakimori.simulators.mailbox_pages import mailbox_app
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.world import World
from tests.simulators.stage import LocalClient


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("mailbox"), spec=WorldSpec(accounts=())) as world:
        yield world


@pytest.fixture
def world(running: World) -> World:
    with running.state.change() as db:
        db.execute("DELETE FROM mail")
    set_mailbox_mode(running.state, MailboxMode.ACCEPT)
    return running


def letter(message_id: str = "<1@example.jp>") -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "【重要】サイトが表示できません"
    message["From"] = "soc@example.jp"
    message["To"] = "山田 <yamada@example.jp>"
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("お世話になっております。\n<確認>をお願いします。")
    return message


def send(world: World, message: EmailMessage, to: str = "yamada@example.jp") -> None:
    with smtplib.SMTP("127.0.0.1", world.smtp_port, timeout=60) as smtp:
        smtp.send_message(message, to_addrs=[to])


def test_a_mail_is_kept_with_everything_decoded(world: World) -> None:
    send(world, letter())
    mail = mails(world.state)[0]
    assert (mail.subject, mail.to) == ("【重要】サイトが表示できません", "山田 <yamada@example.jp>")
    assert (mail.message_id, mail.sender) == ("<1@example.jp>", "soc@example.jp")
    assert "お世話になっております。" in mail.text


def test_a_mail_delivered_again_is_counted_not_doubled(world: World) -> None:
    send(world, letter())
    send(world, letter())
    send(world, letter(), to="sato@example.jp")
    (mail,) = mails(world.state)
    assert (mail.deliveries, mail.recipients) == (3, {"yamada@example.jp": 2, "sato@example.jp": 1})


def test_mails_without_message_id_are_told_apart_by_content(world: World) -> None:
    send(world, letter(""))
    other = letter("")
    other.replace_header("Subject", "別の件")
    send(world, other)
    assert [mail.deliveries for mail in mails(world.state)] == [1, 1]


@pytest.mark.parametrize(("mode", "code"), [(MailboxMode.TEMPORARY, 451), (MailboxMode.PERMANENT, 550)])
def test_a_refused_mail_is_not_kept(world: World, mode: MailboxMode, code: int) -> None:
    set_mailbox_mode(world.state, mode)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(world, letter())
    assert caught.value.smtp_code == code
    assert mails(world.state) == []


@pytest.mark.parametrize(("mode", "kept"), [(MailboxMode.DROP, 1), (MailboxMode.DROP_UNKEPT, 0)])
def test_a_cut_line_leaves_the_sender_in_doubt(world: World, mode: MailboxMode, kept: int) -> None:
    set_mailbox_mode(world.state, mode)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(world, letter())
    assert len(mails(world.state)) == kept
    set_mailbox_mode(world.state, MailboxMode.ACCEPT)
    send(world, letter())
    assert [mail.deliveries for mail in mails(world.state)] == [kept + 1]


def test_page_and_json_show_the_newest_first(world: World) -> None:
    send(world, letter("<1@example.jp>"))
    send(world, letter("<2@example.jp>"))
    client = LocalClient(mailbox_app(world.state))
    ids = [mail["message_id"] for mail in client.get("/mails.json").json()["mails"]]
    assert ids == ["<2@example.jp>", "<1@example.jp>"]
    text = client.get("/").text
    assert text.index("&lt;2@example.jp&gt;") < text.index("&lt;1@example.jp&gt;")
    assert "&lt;確認&gt;をお願いします。" in text


def test_an_empty_mailbox_says_so(world: World) -> None:
    assert "メールはまだありません。" in LocalClient(mailbox_app(world.state)).get("/").text

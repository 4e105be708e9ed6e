"""What the simulators mail to the system: reports of undeliverable mails, and notices that are signed or forged."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest

from sakimori.simulators.mail_door import Notice, send_notice, set_bounced, set_mail_door, vendor_dns
from sakimori.simulators.mailbox import mails
from sakimori.simulators.mailbox_pages import mailbox_app
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.world import World
from tests.notify.post_office import PostOffice, open_office
from tests.simulators.stage import LocalClient
from tests.simulators.test_mailbox import letter, send


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office(PostOffice()) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, office: PostOffice) -> Iterator[World]:
    with World(tmp_path, spec=WorldSpec(accounts=())) as made:
        set_mail_door(made.state, "127.0.0.1", office.port)
        yield made


def test_an_address_that_is_said_not_to_exist_is_reported_after_the_mail_was_taken(
    world: World, office: PostOffice
) -> None:
    set_bounced(world.state, "Yamada@example.jp")
    send(world, letter())
    until = time.monotonic() + 60
    while not office.kept and time.monotonic() < until:
        time.sleep(0.02)
    (report,) = office.letters
    assert report.get_content_type() == "multipart/report"
    assert b"Final-Recipient: rfc822; yamada@example.jp" in office.kept[0]
    assert b"Message-ID: <1@example.jp>" in office.kept[0]
    assert (office.senders, office.recipients) == (["<>"], ["soc@example.jp"])
    assert len(mails(world.state)) == 1
    send(world, letter("<2@example.jp>"), to="sato@example.jp")
    assert len(office.kept) == 1


@pytest.mark.parametrize("is_forged", [False, True])
def test_only_the_vendors_own_key_proves_a_notice(world: World, office: PostOffice, *, is_forged: bool) -> None:
    notice = Notice("vendor@soc.example.jp", "DDoS 攻撃", "本文", is_forged=is_forged)
    send_notice(world.state, notice, datetime.now(UTC))
    records = vendor_dns(world.state)

    def ask(name: bytes, timeout: float = 5) -> bytes:
        return records[name.decode().rstrip(".")].encode()

    assert dkim.verify(office.kept[0], dnsfunc=ask) is not is_forged
    assert vendor_dns(world.state) == records, "the key stays the same"


def test_the_control_room_says_why_a_notice_was_not_taken(world: World) -> None:
    set_mail_door(world.state, "127.0.0.1", 1)
    with pytest.raises(ValueError, match="not taken"):
        world.control.vendor_mail({"to": "v@soc.example.jp", "subject": "s", "text": "t"})
    with pytest.raises(ValueError, match=r"loopback|this machine|192\.0\.2\.1"):
        set_mail_door(world.state, "192.0.2.1", 25)


def test_html_and_files_are_shown_without_any_right(world: World) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "件名", "soc@example.jp", "a@example.jp"
    message["Message-ID"] = "<9@example.jp>"
    message.set_content("文字")
    message.add_alternative('<p>文字</p><script>alert("1")</script>', subtype="html")
    message.add_attachment(b"png", maintype="image", subtype="png", filename="画面.png")
    send(world, message)
    (mail,) = mails(world.state)
    assert "<p>文字</p>" in mail.html
    assert [(file.name, file.content_type, file.size) for file in mail.files] == [("画面.png", "image/png", 3)]
    client = LocalClient(mailbox_app(world.state))
    page = client.get("/").text
    assert '<iframe sandbox=""' in page
    assert "<script>alert" not in page
    shown = client.get(f"/mails/{mail.id}.html")
    assert "<p>文字</p>" in shown.text
    rights = shown.headers["Content-Security-Policy"]
    assert rights == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    assert f'src="/mails/{mail.id}.html"' in page, "in a page of its own, where the mail's own style holds"
    assert client.get(f"/mails/{mail.id + 1}.html").status_code == 404
    assert "画面.png（image/png、3 バイト）" in page
    assert client.get("/mails.json").json()["mails"][0]["files"][0]["name"] == "画面.png"

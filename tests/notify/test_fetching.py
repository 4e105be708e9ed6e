"""A mailbox is read by IMAP: every mail once, seen only when kept, whatever breaks in between."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from sakimori.notify.inbox import fetching
from sakimori.notify.inbox.fetching import addresses, fetch_mails
from sakimori.notify.inbox.forgetting import forget_old_mails
from sakimori.notify.inbox.imap import Inbox, InboxAddress, InboxTrouble, open_inbox
from sakimori.notify.models import Alarm, InboxMark, Mailbox, ReceivedMail, Severity
from tests.moments import START, Clock
from tests.notify.certificates import server_context, trust
from tests.notify.imap_server import ImapServer, open_server
from tests.settings_change import with_config


def raw(number: int) -> bytes:
    return f"From: a@example.com\r\nTo: vendor@soc.example.jp\r\nSubject: {number}\r\n\r\nbody {number}\r\n".encode()


@pytest.fixture
def server() -> Iterator[ImapServer]:
    made = ImapServer({number: raw(number) for number in (3, 5, 8)})
    with open_server(made, tls=server_context()) as running:
        url = f"imaps://vendor%40soc@localhost:{running.port}/INBOX"
        with with_config(inbox_vendor_url=url, inbox_vendor_password="secret"):
            yield running


def opener(address: InboxAddress) -> AbstractContextManager[Inbox]:
    return open_inbox(address, trust=trust())


def fetch(clock: Clock) -> int:
    return fetch_mails(box=Mailbox.VENDOR, open_inbox=opener, worker="one", clock=clock)


def subjects() -> list[str]:
    return list(ReceivedMail.objects.order_by("pk").values_list("subject", flat=True))


@pytest.mark.django_db
def test_every_mail_is_kept_once_in_order_and_then_seen(server: ImapServer) -> None:
    clock = Clock()
    assert fetch(clock) == 3
    assert subjects() == ["3", "5", "8"]
    assert bytes(ReceivedMail.objects.latest("pk").raw) == raw(8)
    assert server.seen == {3, 5, 8}
    assert fetch(clock) == 0, "not before its pause"
    clock.pass_time(seconds=15)
    server.mails[9] = raw(9)
    assert fetch(clock) == 1
    assert subjects()[-1] == "9"
    assert not [command for command in server.commands if "Deleted" in command or "EXPUNGE" in command]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "place", ["UID STORE 5", "UID FETCH 5 (BODY.PEEK[])", "UID FETCH 8 (RFC822.SIZE)", "UID SEARCH"]
)
def test_a_line_that_breaks_in_the_middle_loses_and_doubles_nothing(server: ImapServer, place: str) -> None:
    clock = Clock()
    server.hang_up_at = place
    fetch(clock)
    assert InboxMark.objects.get().failures == 1
    server.hang_up_at = ""
    clock.pass_time(seconds=15)
    fetch(clock)
    assert subjects() == ["3", "5", "8"]
    assert server.seen == {3, 5, 8}


@pytest.mark.django_db
def test_killed_between_the_row_and_the_count_it_is_one_row(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    real = fetching.keep

    def dying(*arguments: object, **named: object) -> object:
        real(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "keep", dying)
        with pytest.raises(KeyboardInterrupt):
            fetch(clock)
    assert (subjects(), server.seen) == (["3"], set())
    assert fetch(clock) == 3
    assert subjects() == ["3", "5", "8"]


@pytest.mark.django_db
def test_a_server_that_counts_anew_gives_no_doubles(server: ImapServer) -> None:
    clock = Clock()
    fetch(clock)
    server.uid_validity = 2
    server.mails = {1: raw(3), 2: raw(5), 3: raw(8), 4: raw(10)}
    clock.pass_time(seconds=15)
    assert fetch(clock) == 4
    assert subjects() == ["3", "5", "8", "10"]
    assert any(f"SINCE {(START - timedelta(days=7)).strftime('%d-%b-%Y')}" in line for line in server.commands)


@pytest.mark.django_db
def test_a_mail_that_is_too_large_leaves_a_note_and_does_not_stop_the_rest(server: ImapServer) -> None:
    server.claimed_size = 11 * 1024 * 1024
    assert fetch(Clock()) == 3
    row = ReceivedMail.objects.earliest("pk")
    assert (row.subject, row.text.strip()) == ("3", "")
    assert "大きすぎる" in row.outcome
    assert Alarm.objects.get().count == 3


@pytest.mark.django_db
def test_mails_are_moved_only_where_a_setting_says_so(server: ImapServer) -> None:
    with with_config(
        inbox_vendor_url=f"imaps://v@localhost:{server.port}/INBOX", inbox_vendor_password="secret", inbox_move="Kept"
    ):
        fetch(Clock())
    assert server.moved == {3: "Kept", 5: "Kept", 8: "Kept"}
    assert ReceivedMail.objects.count() == 3


@pytest.mark.django_db
def test_an_inbox_that_fails_is_an_alarm_with_growing_pauses_and_ends(server: ImapServer) -> None:
    clock, pauses = Clock(), []
    server.password = "another"
    for _ in range(7):
        fetch(clock)
        mark = InboxMark.objects.get()
        pauses.append((mark.next_try_at - clock()).total_seconds())
        clock.now = mark.next_try_at
    assert pauses == [15, 30, 60, 120, 240, 300, 300]
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.severity) == ("inbox:vendor", Severity.HIGH)
    assert "設定 SAKIMORI_INBOX_VENDOR_URL" in alarm.sentence
    assert "secret" not in mark.last_error
    server.password = "secret"
    fetch(clock)
    alarm.refresh_from_db()
    assert alarm.sentence == "受信箱「ベンダーの通知」を読み取れるようになりました。"
    assert InboxMark.objects.get().failures == 0


@pytest.mark.django_db
def test_two_workers_do_not_read_one_mailbox_at_once(server: ImapServer) -> None:
    clock = Clock()
    InboxMark.objects.create(
        box=Mailbox.VENDOR, next_try_at=START, claimed_by="two", claimed_until=START + timedelta(minutes=3)
    )
    assert fetch(clock) == 0
    clock.pass_time(minutes=3, seconds=1)
    assert fetch(clock) == 3


def test_a_certificate_that_nobody_vouches_for_is_refused(server: ImapServer) -> None:
    address = addresses()[Mailbox.VENDOR]
    with pytest.raises(InboxTrouble, match="certificate"), open_inbox(address):
        pass


def test_in_training_a_server_on_this_machine_needs_no_tls() -> None:
    with open_server(ImapServer({1: raw(1)})) as server:
        address = InboxAddress(f"imap+plain://v@127.0.0.1:{server.port}/INBOX", "secret")
        with open_inbox(address) as inbox:
            assert (inbox.uids_after(0, since=None), inbox.size(1), inbox.size(7)) == ([1], len(raw(1)), 0)


@pytest.mark.django_db
def test_without_a_setting_nothing_is_read() -> None:
    assert fetch(Clock()) == 0
    assert not InboxMark.objects.exists()


@pytest.mark.django_db
def test_after_a_hundred_days_a_mail_is_deleted(server: ImapServer) -> None:
    clock = Clock()
    fetch(clock)
    assert forget_old_mails(now=START + timedelta(days=100)) == 0
    assert forget_old_mails(now=START + timedelta(days=100, seconds=1)) == 3

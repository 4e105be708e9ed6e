"""New mails of a mailbox become rows: first the row is committed, then the mail is marked as seen, then counted.

Killed at any moment, the next round begins with the first mail that was not counted; the same bytes are one row.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.lib.claims import claim, release
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.inbox.actions import MAX_MAIL_BYTES, handled, keep
from sakimori.notify.inbox.imap import Inbox, InboxAddress, InboxTrouble
from sakimori.notify.models import InboxMark, Mailbox, Severity

_AT_ONCE = 50
_LEASE = timedelta(minutes=3)
_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
# The first look, and one after the server began to count anew, goes back so far and no farther.
_LOOK_BACK = timedelta(days=7)
_ALARM_AFTER = 3
_TOO_LARGE = "大きすぎるため、ヘッダーだけを取り込みました。メールボックスで直接ご確認ください。"

Opener = Callable[[InboxAddress], AbstractContextManager[Inbox]]


def addresses() -> dict[Mailbox, InboxAddress]:
    """The mailboxes that the settings name."""
    config = settings.CONFIG
    named = {
        Mailbox.VENDOR: InboxAddress(config.inbox_vendor_url, config.inbox_vendor_password, config.inbox_move),
        Mailbox.BOUNCES: InboxAddress(config.inbox_bounces_url, config.inbox_bounces_password, config.inbox_move),
    }
    return {box: address for box, address in named.items() if address.url}


def fetch_mails(*, box: Mailbox, open_inbox: Opener, worker: str, clock: Callable[[], datetime]) -> int:
    """Read a mailbox if it is due; one worker at a time. Returns how many mails were taken."""
    address = addresses().get(box)
    if address is None:
        return 0
    InboxMark.objects.get_or_create(box=box, defaults={"next_try_at": clock()})
    due = InboxMark.objects.filter(box=box, next_try_at__lte=clock())
    for mark in claim(due, worker=worker, now=clock(), lease=_LEASE, limit=1):
        try:
            return _fetch(mark, address, open_inbox, clock)
        finally:
            release(mark)
    return 0


def _fetch(mark: InboxMark, address: InboxAddress, open_inbox: Opener, clock: Callable[[], datetime]) -> int:
    taken = 0
    try:
        with open_inbox(address) as inbox:
            for uid in _new(mark, inbox, clock()):
                _take(mark, inbox, uid, clock())
                taken += 1
    except InboxTrouble as error:
        _failed(mark, str(error), clock())
        return taken
    _worked(mark, clock(), more=taken == _AT_ONCE)
    return taken


def _new(mark: InboxMark, inbox: Inbox, now: datetime) -> Iterator[int]:
    since = None
    if mark.uid_validity != inbox.uid_validity:
        mark.uid_validity, mark.last_uid = inbox.uid_validity, 0
        since = (now - _LOOK_BACK).date()
        mark.save(update_fields=["uid_validity", "last_uid"])
    elif mark.last_uid == 0:
        since = (now - _LOOK_BACK).date()
    yield from inbox.uids_after(mark.last_uid, since=since)[:_AT_ONCE]


def _take(mark: InboxMark, inbox: Inbox, uid: int, now: datetime) -> None:
    box = Mailbox(mark.box)
    if inbox.size(uid) > MAX_MAIL_BYTES:
        handled(keep(inbox.head(uid), box=box, now=now), outcome=_TOO_LARGE, now=now)
        raise_alarm(
            key=f"inbox-large:{box}",
            severity=Severity.MIDDLE,
            sentence=f"受信箱「{box.label}」に、大きすぎて取り込めないメールがあります。",
            link="/console/received/",
            now=now,
        )
    elif raw := inbox.mail(uid):
        keep(raw, box=box, now=now)
    inbox.done(uid)
    mark.last_uid = uid
    mark.save(update_fields=["last_uid"])


def _failed(mark: InboxMark, error: str, now: datetime) -> None:
    mark.failures += 1
    mark.failing_since = mark.failing_since or now
    mark.last_error = error[:300]
    pause: timedelta = _PAUSE * 2 ** min(mark.failures - 1, 10)
    mark.next_try_at = now + min(pause, _LONGEST_PAUSE)
    mark.save()
    if mark.failures >= _ALARM_AFTER:
        box = Mailbox(mark.box)
        raise_alarm(
            key=f"inbox:{box}",
            severity=Severity.HIGH,
            sentence=f"受信箱「{box.label}」を読み取れません。設定 SAKIMORI_INBOX_{box.upper()}_URL をご確認ください。",
            link="/console/received/",
            now=now,
        )


def _worked(mark: InboxMark, now: datetime, *, more: bool) -> None:
    had_failed = mark.failures >= _ALARM_AFTER
    mark.failures, mark.failing_since, mark.last_error, mark.read_at = 0, None, "", now
    mark.next_try_at = now if more else now + _PAUSE
    mark.save()
    if had_failed:
        box = Mailbox(mark.box)
        end_alarm(f"inbox:{box}", sentence=f"受信箱「{box.label}」を読み取れるようになりました。", now=now)

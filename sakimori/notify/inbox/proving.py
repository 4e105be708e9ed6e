"""The senders of the vendor's mails are proven one by one; where the DNS does not answer, again for some minutes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from sakimori.notify.inbox.authentic import Envelope, Trust, Verdict, authenticate
from sakimori.notify.inbox.names import Names
from sakimori.notify.models import Mailbox, ReceivedMail

_AT_ONCE = 20
_PAUSE = timedelta(seconds=20)
_PATIENCE = timedelta(minutes=15)
_GIVEN_UP = "DNS に問い合わせできない状態が続いたため、送信元を確認できませんでした。"


def prove_senders(*, names: Names, clock: Callable[[], datetime]) -> int:
    """Judge every mail that is due. Returns how many are settled now."""
    due = ReceivedMail.objects.filter(box=Mailbox.VENDOR, next_check_at__lte=clock())
    return sum(_prove(mail, names, clock()) for mail in due.order_by("received_at", "pk")[:_AT_ONCE])


def trust() -> Trust:
    """Whom the settings let speak for the vendor."""
    config = settings.CONFIG
    return Trust(config.vendor_mail_domains, address=config.vendor_address, authserv=config.trusted_authserv)


def _prove(mail: ReceivedMail, names: Names, now: datetime) -> bool:
    envelope = Envelope(mail.peer, mail.helo, mail.return_path)
    verdict = authenticate(bytes(mail.raw), envelope, trust(), names=names, now=mail.received_at)
    verdict = _unless_sent_before(mail, verdict)
    waits = not verdict.is_final and now - mail.received_at < _PATIENCE
    proof = verdict.proof if verdict.is_final or waits else _GIVEN_UP
    same = ReceivedMail.objects.filter(pk=mail.pk, next_check_at=mail.next_check_at)
    same.update(
        authenticated=verdict.authenticated,
        proof=proof[:300],
        signature=verdict.mark,
        next_check_at=now + _PAUSE if waits else None,
    )
    return not waits


def _unless_sent_before(mail: ReceivedMail, verdict: Verdict) -> Verdict:
    """A signature proves a mail once: whoever sends the same again wants it to count again."""
    if not verdict.mark:
        return verdict
    earlier = ReceivedMail.objects.filter(signature=verdict.mark, authenticated=True).exclude(pk=mail.pk)
    if earlier.exists():
        return Verdict(
            authenticated=False, proof="同じ署名のメールを既に受信しています。再送された過去のメールとして扱います。"
        )
    return verdict

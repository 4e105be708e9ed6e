"""One copy of a mail is handed to the mail server, and what came of it is written down."""

from datetime import datetime, timedelta

from django.conf import settings

from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.attaching import with_files_named
from sakimori.notify.html import html_of
from sakimori.notify.interface import (
    Acceptance,
    AttachedFile,
    MailDeferred,
    Mailer,
    MailLoginRefused,
    MailNotTrusted,
    MailRefused,
    MailTooLarge,
    MailUnavailable,
    OutgoingMail,
)
from sakimori.notify.models import Alarm, Delivery, DeliveryState, Message, Priority, Severity

_FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
# After a trouble of hours urgent mails leave within a minute of its end.
_LONGEST_URGENT_PAUSE = timedelta(minutes=1)
_DEFERRED_ATTEMPTS = 6
DETOUR = "mail-second-server"
# What a try changes of a row.
_OUTCOME = (
    *("attempts", "state", "accepted_at", "next_try_at", "last_error", "server", "answer"),
    *("claimed_by", "claimed_until"),
)


def send(delivery: Delivery, *, mailer: Mailer, now: datetime) -> MailUnavailable | None:
    """Hand one claimed copy to the mail server and write down what came of it.

    Returns what was in the way if it has to be tried again.
    """
    delivery.attempts += 1
    waits: MailUnavailable | None = None
    try:
        accepted = _hand_over(delivery, mailer)
    except MailRefused as error:
        _refuse(delivery, str(error), now)
        _alarm_refused(delivery, now)
    except MailUnavailable as error:
        waits = _wait(delivery, error, now)
    else:
        _accept(delivery, accepted, now)
    delivery.claimed_by, delivery.claimed_until = "", None
    _keep(delivery)
    return waits


def _keep(delivery: Delivery) -> None:
    """Write the row, unless it has been deleted meanwhile: then it stays deleted."""
    Delivery.objects.filter(pk=delivery.pk).update(**{name: getattr(delivery, name) for name in _OUTCOME})


def outgoing(delivery: Delivery, *, without_files: bool = False) -> OutgoingMail:
    """The copy as it leaves: text and HTML, from the service to one person."""
    config, message = settings.CONFIG, delivery.message
    files = _attached(message)
    body = with_files_named(message.body, files) if without_files else message.body
    return OutgoingMail(
        message_id=delivery.mail_id,
        sender=config.mail_from,
        sender_name=config.service_name,
        reply_to=config.mail_from,
        return_path=return_path(delivery.mail_id, config.bounce_address),
        recipient=delivery.address,
        recipient_name=delivery.name,
        subject=message.subject,
        body=body,
        html=html_of(body, base_url=config.base_url, title=message.subject),
        written_at=message.written_at,
        attachments=() if without_files else files,
    )


def return_path(mail_id: str, bounce_address: str) -> str:
    """The sender on the envelope of this copy, by which a report about it is known again; empty: the mail's sender."""
    local, at, domain = bounce_address.partition("@")
    return f"{local}+{token_of(mail_id)}@{domain}" if at else ""


def token_of(mail_id: str) -> str:
    """Our own mark in a Message-ID."""
    return mail_id.strip("<>").partition("@")[0]


def _hand_over(delivery: Delivery, mailer: Mailer) -> Acceptance:
    """A mail that the server finds too large goes without its files: that it comes at all matters more."""
    mail = outgoing(delivery)
    try:
        return mailer.send(mail)
    except MailTooLarge:
        if not mail.attachments:
            raise
        return mailer.send(outgoing(delivery, without_files=True))


def _accept(delivery: Delivery, accepted: Acceptance, now: datetime) -> None:
    delivery.state = DeliveryState.ACCEPTED
    delivery.accepted_at = now
    delivery.last_error = ""
    delivery.server, delivery.answer = accepted.server[:260], accepted.answer[:300]
    if delivery.attempts > 1:
        over = f"{_whom(delivery)}宛のメールを送信できました。"
        end_alarm(f"mail-deferred:{delivery.address}"[:120], sentence=over, now=now)
    if accepted.detour and not Alarm.objects.filter(key=DETOUR, acknowledged_at=None).exists():
        raise_alarm(
            key=DETOUR,
            severity=Severity.MIDDLE,
            sentence="1 台目のメールサーバー（SAKIMORI_MAIL_URL）を使えないため、2 台目から送信しています。",
            link="/console/mails/",
            now=now,
        )


def _refuse(delivery: Delivery, reason: str, now: datetime) -> None:
    del now
    delivery.state = DeliveryState.REFUSED
    delivery.last_error = reason[:300]
    delivery.answer = reason[:300]


def _alarm_refused(delivery: Delivery, now: datetime) -> None:
    raise_alarm(
        key=f"mail-refused:{delivery.address}"[:120],
        severity=Severity.MIDDLE,
        sentence=f"{_whom(delivery)}宛のメールが拒否されました。",
        link=page_of(delivery),
        now=now,
    )


def _wait(delivery: Delivery, error: MailUnavailable, now: datetime) -> MailUnavailable | None:
    """Plan the next try; after long enough give the copy up, which is an alarm."""
    delivery.last_error = str(error)[:300]
    hours = settings.CONFIG.mail_hours
    if now - (delivery.queued_at or delivery.message.written_at) >= timedelta(hours=hours):
        _refuse(delivery, f"given up after {hours:g} hours: {error}", now)
        raise_alarm(
            key=f"mail-given-up:{delivery.address}"[:120],
            severity=Severity.HIGH,
            sentence=f"{_whom(delivery)}宛のメールは、{hours:g} 時間再送しても送信できず、送信を取りやめました。",
            link=page_of(delivery),
            now=now,
        )
        return error
    delivery.next_try_at = now + _pause(delivery)
    if delivery.attempts >= _DEFERRED_ATTEMPTS and is_about_recipient(error):
        raise_alarm(
            key=f"mail-deferred:{delivery.address}"[:120],
            severity=Severity.MIDDLE,
            sentence=f"{_whom(delivery)}宛のメールが、先方のサーバーに受け取られません。再送を続けています。",
            link=page_of(delivery),
            now=now,
        )
    return error


def is_about_recipient(error: MailUnavailable) -> bool:
    """Whether only this recipient has to wait."""
    return isinstance(error, MailDeferred)


def sentence_of(error: MailUnavailable, waiting: int) -> str:
    """What the SOC is told about a server that cannot be used: what to look at, and how many copies wait."""
    if isinstance(error, MailLoginRefused):
        cause = "メールサーバーにログインできません。設定 SAKIMORI_MAIL_URL のユーザー名とパスワードをご確認ください。"
    elif isinstance(error, MailNotTrusted):
        cause = "メールサーバーの証明書を確認できません。設定 SAKIMORI_MAIL_URL のホスト名と証明書をご確認ください。"
    else:
        cause = "メールサーバーに送信できません。"
    return f"{cause}{waiting} 通が送信待ちです。"


def page_of(delivery: Delivery) -> str:
    """Where the console shows this copy."""
    return f"/console/mails/{delivery.pk}/"


def _whom(delivery: Delivery) -> str:
    company = delivery.message.customer.name if delivery.message.customer else "SOC"
    return f"{company} の連絡先 {delivery.name} 様"


def _attached(message: Message) -> tuple[AttachedFile, ...]:
    return tuple(AttachedFile(file.name, file.content_type, bytes(file.content)) for file in message.attachments.all())


def _pause(delivery: Delivery) -> timedelta:
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(delivery.attempts - 1, 20)
    longest = _LONGEST_URGENT_PAUSE if delivery.priority <= Priority.URGENT else LONGEST_PAUSE
    return min(doubled, longest)

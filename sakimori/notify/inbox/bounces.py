"""Reports of mails that were not delivered are set against our copies. Without one of our marks they count nothing."""

from datetime import datetime

from django.db import transaction

from sakimori.customers import audit
from sakimori.notify.actions import raise_alarm
from sakimori.notify.inbox.actions import handled
from sakimori.notify.inbox.reports import DeliveryReport, Fate, read_report
from sakimori.notify.models import Delivery, DeliveryState, Mailbox, ReceivedMail, Severity
from sakimori.notify.queries import unread
from sakimori.notify.sending import page_of

_AT_ONCE = 50


def read_bounces(*, now: datetime) -> int:
    """Read every report that nobody has read. Returns how many."""
    return sum(_read(mail, now) for mail in unread(Mailbox.BOUNCES)[:_AT_ONCE])


def _read(mail: ReceivedMail, now: datetime) -> bool:
    report = read_report(bytes(mail.raw), envelope_recipient=mail.recipient)
    with transaction.atomic():
        delivery = _copy_of(report)
        if delivery is None:
            outcome = "弊社のメールの印がないため、配信結果には反映していません。"
            return handled(mail, outcome=outcome, now=now)
        outcome = _OUTCOMES[report.fate]
        if not handled(mail, outcome=outcome, customer=delivery.message.customer, now=now):
            return False
        if report.fate is Fate.FAILED:
            _bounced(delivery, report, now)
        elif report.fate is Fate.DELAYED:
            _delayed(delivery, report, now)
    return True


_OUTCOMES = {
    Fate.FAILED: "配信不能として記録しました。",
    Fate.DELAYED: "配信の遅延として記録しました。先方のサーバーが再送を続けています。",
    Fate.DELIVERED: "先方のサーバーに届いたことの報告です。",
    Fate.ANSWER: "不在などの自動応答です。メールは届いています。",
    Fate.OTHER: "配信結果の報告ではありません。",
}


def _copy_of(report: DeliveryReport) -> Delivery | None:
    """Our copy that the report is about: by its mark, which only servers on the way to its recipient have seen."""
    for token in report.tokens:
        rows = Delivery.objects.select_related("message__customer").filter(mail_id__startswith=f"<{token}@")
        if (found := rows.first()) is not None:
            return found
    return None


def _bounced(delivery: Delivery, report: DeliveryReport, now: datetime) -> None:
    rows = Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.BOUNCED)
    if not rows.update(state=DeliveryState.BOUNCED, bounced_at=now, bounce=report.reason):
        return
    customer = delivery.message.customer
    audit.record("mail.bounce", by="sakimori", target=f"delivery:{delivery.pk}", now=now, customer=customer)
    company = f"{customer.name} の" if customer else "SOC の"
    raise_alarm(
        key=f"mail-bounced:{delivery.address}"[:120],
        severity=Severity.HIGH,
        sentence=f"{company}連絡先 {delivery.name} 様のメールが届いていません。宛先をご確認ください。",
        link=page_of(delivery),
        now=now,
    )


def _delayed(delivery: Delivery, report: DeliveryReport, now: datetime) -> None:
    rows = Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.BOUNCED)
    rows.update(delayed_at=now, bounce=report.reason)

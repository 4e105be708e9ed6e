"""Mails out and in, in every state, for tests of pages."""

from sakimori.customers.models import Contact, Customer
from sakimori.notify.models import (
    Delivery,
    DeliveryState,
    InboxMark,
    MailAttachment,
    Mailbox,
    Message,
    ReceivedMail,
)
from tests.people import NOW


def fill_mails(customer: Customer) -> Message:
    """A message with a copy in each state and a file, and received mails that are proven, not, and not yet."""
    Contact.objects.create(customer=customer, name="訂正 花子", email="new@a.example.jp", priority=9)
    message = Message.objects.create(
        key="mail",
        customer=customer,
        subject="【第一報】サイトが表示できません",
        body="本文\u202eです。",
        written_at=NOW,
    )
    MailAttachment.objects.create(message=message, name="画面.png", content_type="image/png", content=b"x")
    for state in DeliveryState:
        Delivery.objects.create(
            message=message,
            name="花子",
            address=f"{state}@a.example.jp",
            mail_id=f"<{state}@portal.example.jp>",
            state=state,
            next_try_at=NOW.replace(year=2099),
            accepted_at=NOW if state in (DeliveryState.ACCEPTED, DeliveryState.BOUNCED) else None,
            server="mail.example.jp:587",
            answer="250 2.0.0 Ok: queued as 4Zx",
            bounced_at=NOW if state == DeliveryState.BOUNCED else None,
            bounce="5.1.1 User unknown" if state == DeliveryState.BOUNCED else "",
        )
    for number, columns in enumerate(
        (
            {"authenticated": True, "proof": "imperva.com の DKIM 署名（セレクター s1）を確認しました。"},
            {"proof": "DKIM 署名がありません。", "handled_at": NOW, "outcome": "差出人を確認できないため対象外です。"},
            {"next_check_at": NOW},
            {
                "box": Mailbox.BOUNCES,
                "customer": customer,
                "handled_at": NOW,
                "outcome": "配信不能として記録しました。",
            },
        )
    ):
        values = {"box": Mailbox.VENDOR, "digest": f"{number:064}", "raw": b"x", "received_at": NOW, **columns}
        ReceivedMail.objects.create(
            sender="alerts@imperva.example.com", subject="攻撃の\u202e通知", text="<script>本文</script>", **values
        )
    InboxMark.objects.create(box=Mailbox.VENDOR, next_try_at=NOW, failures=4, failing_since=NOW)
    return message

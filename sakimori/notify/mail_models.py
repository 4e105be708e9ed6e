"""Rows of the outbox (Message, MailAttachment, Delivery) and of mails that came in (ReceivedMail, InboxMark)."""

from django.db import models

from sakimori.customers.models import Customer
from sakimori.lib.claims import Claimable


class Message(models.Model):
    """A mail, written once. `key` says what it is about, so that it cannot be written twice.

    To a customer, or, where `customer` is None, to the SOC's own people.
    """

    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="messages")
    subject = models.CharField("件名", max_length=200)
    body = models.TextField("本文")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = "メール"


class MailAttachment(models.Model):
    """A file that goes out with a message, as it was when the message was written."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField("ファイル名", max_length=120)
    content_type = models.CharField(max_length=80)
    content = models.BinaryField()

    class Meta:
        verbose_name = "添付ファイル"
        ordering = ["pk"]


class Mailbox(models.TextChoices):
    """Which inbox a mail was received in."""

    VENDOR = "vendor", "ベンダーの通知"
    BOUNCES = "bounces", "配信不能の通知"


class ReceivedMail(models.Model):
    """A mail that came in, kept as it was. Whoever understands it writes down what came of it.

    digest: SHA-256 of `raw`, so that a mail delivered twice is one row. authenticated: a valid DKIM signature of the
    domain in From, or SPF that passed for it; only then is it known who wrote. handled_at: None: nobody has read it.
    customer: whom it is about, once that is known. next_check_at: when the DNS, which did not answer, is asked again
    about its sender; None: what `authenticated` says is final. signature: by which it was proven, hashed.
    peer, helo, return_path: who handed it over at our own SMTP door, and the sender on the envelope.
    """

    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="received_mails"
    )
    box = models.CharField("受信箱", max_length=16, choices=Mailbox)
    digest = models.CharField(max_length=64, unique=True)
    raw = models.BinaryField()
    sender = models.CharField("差出人", max_length=254, blank=True)
    recipient = models.CharField("宛先", max_length=254, blank=True)
    subject = models.CharField("件名", max_length=300, blank=True)
    text = models.TextField("本文", blank=True)
    received_at = models.DateTimeField("受信日時")
    authenticated = models.BooleanField("送信元を確認済み", default=False)
    proof = models.CharField("確認の内容", max_length=300, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    signature = models.CharField(max_length=64, blank=True, db_index=True)
    peer = models.GenericIPAddressField("送信元アドレス", null=True, blank=True)
    helo = models.CharField(max_length=255, blank=True)
    return_path = models.CharField("エンベロープの差出人", max_length=254, blank=True)
    handled_at = models.DateTimeField("処理日時", null=True, blank=True)
    outcome = models.CharField("処理結果", max_length=300, blank=True)

    class Meta:
        verbose_name = "受信メール"
        indexes = [models.Index(fields=["box", "handled_at"])]


class InboxMark(Claimable):
    """How far an inbox has been read by IMAP, and since when it cannot be read.

    uid_validity, last_uid: the server's own count; everything up to last_uid is a row of ReceivedMail.
    """

    box = models.CharField("受信箱", max_length=16, choices=Mailbox, unique=True)
    uid_validity = models.PositiveBigIntegerField(default=0)
    last_uid = models.PositiveBigIntegerField(default=0)
    next_try_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read without trouble.")
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "受信箱の状態"


class DeliveryState(models.TextChoices):
    """Where one copy of a message stands. BOUNCED: accepted by a server, and reported back as undeliverable."""

    QUEUED = "queued", "送信待ち"
    ACCEPTED = "accepted", "送信済み"
    REFUSED = "refused", "送信不能"
    BOUNCED = "bounced", "配信不能"


class Priority(models.IntegerChoices):
    """Which copies leave first: a small number hurries."""

    URGENT = 10, "至急"
    NORMAL = 20, "通常"
    LATER = 30, "一斉配信"


class Delivery(Claimable):
    """One copy of a message, for one contact. Its Message-ID (`mail_id`) never changes, however often it is tried.

    server, answer: who accepted or refused it, and in which words. bounce: what came back after it was accepted;
    bounced_at: when, if it was final; delayed_at: when, if the server is still trying. resent_to: the
    corrected address to which another copy went.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    name = models.CharField("宛名", max_length=100)
    address = models.EmailField("宛先")
    mail_id = models.CharField("Message-ID", max_length=200, unique=True)
    state = models.CharField("状態", max_length=16, choices=DeliveryState, default=DeliveryState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    priority = models.PositiveSmallIntegerField("優先度", choices=Priority, default=Priority.NORMAL)
    server = models.CharField("送信先サーバー", max_length=260, blank=True)
    answer = models.CharField("サーバーの応答", max_length=300, blank=True)
    bounced_at = models.DateTimeField("配信不能の日時", null=True, blank=True)
    delayed_at = models.DateTimeField("配信遅延の日時", null=True, blank=True)
    bounce = models.CharField("配信不能の理由", max_length=300, blank=True)
    queued_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it is being tried; None: since the message was written."
    )
    resent_to = models.EmailField("再送先", blank=True)

    class Meta:
        verbose_name = "送信"
        constraints = [
            models.UniqueConstraint(fields=["message", "address"], name="one_copy_per_address"),
        ]
        indexes = [
            models.Index(fields=["state", "next_try_at"]),
            models.Index(fields=["state", "priority", "next_try_at"], name="delivery_by_urgency"),
        ]

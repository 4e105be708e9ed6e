"""Rows of the outbox (Message, MailAttachment, Delivery), of mails that came in (ReceivedMail), of the SOC's alarms
(Alarm, DutyShift) and of calls (CallRound, Call; PhoneLeg has a file of its own).
"""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Customer
from sakimori.lib.claims import Claimable
from sakimori.notify.phone_models import PhoneLeg

# Rows with a file of their own, which belong here too.
__all__ = ["PhoneLeg"]


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
    customer: whom it is about, once that is known.
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
    handled_at = models.DateTimeField("処理日時", null=True, blank=True)
    outcome = models.CharField("処理結果", max_length=300, blank=True)

    class Meta:
        verbose_name = "受信メール"
        indexes = [models.Index(fields=["box", "handled_at"])]


class DeliveryState(models.TextChoices):
    """Where one copy of a message stands."""

    QUEUED = "queued", "送信待ち"
    ACCEPTED = "accepted", "送信済み"
    REFUSED = "refused", "送信不能"


class Delivery(Claimable):
    """One copy of a message, for one contact. Its Message-ID (`mail_id`) never changes, however often it is tried."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    name = models.CharField("宛名", max_length=100)
    address = models.EmailField("宛先")
    mail_id = models.CharField("Message-ID", max_length=200, unique=True)
    state = models.CharField("状態", max_length=16, choices=DeliveryState, default=DeliveryState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "送信"
        constraints = [
            models.UniqueConstraint(fields=["message", "address"], name="one_copy_per_address"),
        ]
        indexes = [models.Index(fields=["state", "next_try_at"])]


class Severity(models.TextChoices):
    """How much an alarm hurries."""

    HIGH = "high", "高"
    MIDDLE = "middle", "中"
    LOW = "low", "低"


class Alarm(models.Model):
    """Something the SOC must know. Equal causes (`key`) merge and count while nobody has acknowledged."""

    key = models.CharField(max_length=120)
    severity = models.CharField("重要度", max_length=8, choices=Severity)
    sentence = models.CharField("内容", max_length=300)
    link = models.CharField(max_length=200, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When nobody has acknowledged by then, the people on duty are called."
    )
    count = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the mail to the people on duty was written."
    )
    call_round = models.ForeignKey(
        "CallRound",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="alarms",
        help_text="The last round of calls to the people on duty that told of this alarm.",
    )

    class Meta:
        verbose_name = "アラーム"
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(acknowledged_at=None), name="one_open_alarm_per_cause"
            )
        ]


class DutyShift(models.Model):
    """当番: who of the SOC answers for alarms in a span of time. Called in this order: on duty, deputy, manager."""

    starts_at = models.DateTimeField("開始")
    ends_at = models.DateTimeField("終了")
    on_duty = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "当番"
        ordering = ["starts_at", "pk"]


class RoundState(models.TextChoices):
    """Where a round of calls stands."""

    RUNNING = "running", "架電中"
    REACHED = "reached", "連絡済み"
    EXHAUSTED = "exhausted", "全員不通"
    STOPPED = "stopped", "中止"


class CallRound(Claimable):
    """Calls about one matter, one after the other until a person is reached. `key` says what it is about.

    customer: whose contacts are called; None for the SOC's own people.
    """

    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="call_rounds")
    subject = models.CharField("用件", max_length=200)
    say = models.TextField("お伝えする内容")
    link = models.CharField(max_length=200, blank=True)
    state = models.CharField("状態", max_length=16, choices=RoundState, default=RoundState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField()
    by_hand = models.BooleanField(default=False, help_text="An operator dials; the duty leaves the round alone.")
    unreachable_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when the phone provider has not done anything for this round."
    )
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stop_reason = models.CharField("中止の理由", max_length=200, blank=True)

    class Meta:
        verbose_name = "架電"
        indexes = [models.Index(fields=["state", "next_try_at"])]


class CallState(models.TextChoices):
    """Where one call stands. Only CONFIRMED counts as reached: a person pressed the key, or spoke with an operator.

    UNCONFIRMED: somebody lifted the receiver and hung up without a key.
    """

    PLANNED = "planned", "発信待ち"
    INTENDED = "intended", "発信処理中"
    RINGING = "ringing", "呼び出し中"
    ANSWERED = "answered", "応答（確認待ち）"
    UNCONFIRMED = "unconfirmed", "応答したが確認なし"
    CONFIRMED = "confirmed", "確認済み"
    DECLINED = "declined", "対応不可"
    BUSY = "busy", "話し中"
    NO_ANSWER = "no_answer", "応答なし"
    MACHINE = "machine", "留守番電話"
    FAILED = "failed", "発信できず"


class Call(models.Model):
    """One call of a round. `reference` is our own mark, by which a call is found again after a doubtful time-out.

    Written down (INTENDED) before the phone rings. name and number are copied: the record outlives the contact.
    """

    round = models.ForeignKey(CallRound, on_delete=models.CASCADE, related_name="calls")
    place = models.PositiveSmallIntegerField("順番")
    name = models.CharField("氏名", max_length=100)
    kana = models.CharField("フリガナ", max_length=100, blank=True)
    number = models.CharField("電話番号", max_length=32)
    by_person = models.BooleanField(
        "人が架電", default=False, help_text="Only a person can dial: a switchboard, an extension, a voice menu."
    )
    reference = models.CharField(max_length=64, unique=True)
    state = models.CharField("状態", max_length=16, choices=CallState, default=CallState.PLANNED)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whom of the SOC's own people this call is for; None for a customer's contact.",
    )
    intended_at = models.DateTimeField(null=True, blank=True)
    rang_at = models.DateTimeField(null=True, blank=True, help_text="When the provider was known to have the call.")
    ended_at = models.DateTimeField(null=True, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who dialled by hand and entered the result; None for the phone provider.",
    )
    spoke_with = models.CharField("お話しした方", max_length=100, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "通話"
        ordering = ["round", "place"]
        indexes = [models.Index(fields=["number", "ended_at"]), models.Index(fields=["entered_by", "state"])]
        constraints = [models.UniqueConstraint(fields=["round", "place"], name="one_call_per_place")]

"""Rows of the SOC's alarms (Alarm, DutyShift) and of calls (CallRound, Call); those of mails are in `mail_models`."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Contact, Customer, Site
from sakimori.lib.claims import Claimable
from sakimori.notify.mail_models import (
    Delivery,
    DeliveryState,
    InboxMark,
    MailAttachment,
    Mailbox,
    Message,
    Priority,
    ReceivedMail,
)
from sakimori.notify.matter_rows import CallMatter
from sakimori.notify.phone_models import PhoneLeg

__all__ = [
    "Alarm",
    "Call",
    "CallMatter",
    "CallRound",
    "CallState",
    "Delivery",
    "DeliveryState",
    "DutyShift",
    "InboxMark",
    "MailAttachment",
    "Mailbox",
    "Message",
    "PhoneLeg",
    "Priority",
    "ReceivedMail",
    "RoundState",
    "Severity",
]


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
    over_at = models.DateTimeField(
        null=True, blank=True, help_text="When its cause was seen to be gone; empty while it lasts, or if nobody looks."
    )
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
        indexes = [
            models.Index(fields=["key"], name="alarms_of_a_cause"),
            models.Index(fields=["acknowledged_at"], name="alarms_by_acknowledgement"),
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
    DONE = "done", "実施済み"


class CallRound(Claimable):
    """Calls about one matter, one after the other until a person is reached. `key` says what it is about.

    customer: whose contacts are called; None for the SOC's own people. lap: how often the list of contacts was begun.
    is_drill: a test of every number; nothing has happened. What else the round tells of: `matter_rows.CallMatter`.
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
    hand_for_one = models.BooleanField(default=False, help_text="By hand for the next call only.")
    hand_since = models.DateTimeField(null=True, blank=True)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.SET_NULL, related_name="call_rounds")
    lap = models.PositiveSmallIntegerField("巡目", default=1)
    resumes_at = models.DateTimeField("次の巡の開始", null=True, blank=True)
    waits_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when no call of the round was accepted by a provider."
    )
    is_drill = models.BooleanField("連絡先テスト", default=False)
    at_night = models.BooleanField("夜間も実施", default=False)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
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
    SKIPPED = "skipped", "対象外"


class Call(models.Model):
    """One call of a round. `reference` is our own mark, by which a call is found again after a doubtful time-out.

    Written down (INTENDED) before the phone rings. name and number are copied: the record outlives the contact.
    digits: the number as it is dialled. line: the same while somebody deals with it; no number rings twice at once.
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
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls")
    lap = models.PositiveSmallIntegerField("巡目", default=1)
    how_to = models.CharField("かけ方", max_length=200, blank=True)
    in_place_of = models.CharField("代理元", max_length=100, blank=True)
    skip_reason = models.CharField("電話しなかった理由", max_length=200, blank=True)
    digits = models.CharField(max_length=32, blank=True, db_index=True)
    line = models.CharField(max_length=32, null=True, blank=True, unique=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "通話"
        ordering = ["round", "place"]
        indexes = [models.Index(fields=["number", "ended_at"]), models.Index(fields=["entered_by", "state"])]
        constraints = [models.UniqueConstraint(fields=["round", "place"], name="one_call_per_place")]

"""Rows of the outbox (Message, Delivery) and the SOC's alarms (Alarm)."""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Customer
from sakimori.lib.claims import Claimable


class Message(models.Model):
    """A mail to a customer, written once. `key` says what it is about, so that it cannot be written twice."""

    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="messages")
    subject = models.CharField("件名", max_length=200)
    body = models.TextField("本文")
    written_at = models.DateTimeField()

    class Meta:
        verbose_name = "メール"


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
    count = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "アラーム"
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(acknowledged_at=None), name="one_open_alarm_per_cause"
            )
        ]

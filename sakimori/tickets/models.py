"""Ticket, what was written in it (Note), and the blocks it tells of (TicketBlock)."""

from django.conf import settings
from django.db import models

from sakimori.blacklist.models import Block
from sakimori.customers.models import Contract
from sakimori.notify.models import Message


class TicketKind(models.TextChoices):
    """What a ticket is about."""

    BLACKLIST = "blacklist", "BlackList 対応"


class TicketState(models.TextChoices):
    """Where a ticket stands."""

    OPEN = "open", "対応中"
    DONE = "done", "完了"


class Ticket(models.Model):
    """One matter between the SOC and a customer. `number` is what people say on the phone."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="tickets")
    number = models.CharField("チケット番号", max_length=16, unique=True)
    kind = models.CharField("種別", max_length=16, choices=TicketKind)
    subject = models.CharField("件名", max_length=200)
    state = models.CharField("状態", max_length=8, choices=TicketState, default=TicketState.OPEN)
    opened_at = models.DateTimeField("起票日時")
    updated_at = models.DateTimeField("更新日時")

    class Meta:
        verbose_name = "チケット"

    def __str__(self) -> str:
        return self.number


class Note(models.Model):
    """Something said or done in a ticket, for the customer's eyes. `key` keeps a duty from saying it twice."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notes")
    key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()

    class Meta:
        verbose_name = "記録"
        ordering = ["at", "pk"]


class TicketBlock(models.Model):
    """A block is told of in exactly one ticket. `told_in` is the mail that named it, once there is one."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_blocks")
    block = models.OneToOneField(Block, on_delete=models.PROTECT, related_name="ticket_block")
    added_at = models.DateTimeField()
    told_in = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="told_blocks")
    restore_told_in = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="told_restores"
    )

    class Meta:
        verbose_name = "チケットの遮断"
        indexes = [models.Index(fields=["told_in", "added_at"])]

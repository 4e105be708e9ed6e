"""Ticket, what was written in it (Note, Attachment), and what it tells of (TicketBlock, TicketFinding)."""

from django.conf import settings
from django.db import models

from sakimori.blacklist.models import Block, Finding
from sakimori.customers.models import Contract
from sakimori.incidents.models import Incident
from sakimori.notify.models import Message
from sakimori.usage.models import Deviation, UpgradeRequest


class TicketKind(models.TextChoices):
    """What a ticket is about."""

    BLACKLIST = "blacklist", "BlackList 対応"
    DDOS = "ddos", "DDoS 通知対応"
    OUTAGE = "outage", "障害"
    ENQUIRY = "enquiry", "お問い合わせ"
    CERTIFICATE = "certificate", "SSL 証明書"
    BALANCING = "balancing", "負荷分散構成"
    BYPASS = "bypass", "WAF の迂回"
    BANDWIDTH = "bandwidth", "契約帯域"


class TicketState(models.TextChoices):
    """Where a ticket stands."""

    OPEN = "open", "対応中"
    WAITING = "waiting", "お客様確認待ち"
    DONE = "done", "完了"


class Ticket(models.Model):
    """One matter between the SOC and a customer. `number` is what people say on the phone.

    key: what it is about, where it must not be opened twice and no row below says so (a form sent twice).
    detected, handled, result: what was seen, what we did, what came of it, in the customer's words. The monthly
    report prints them, so they are kept up to date with every change. described_at: when they were last written.
    waits_since: since when somebody of the customer waits for an answer; None while nobody does.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="tickets")
    number = models.CharField("チケット番号", max_length=16, unique=True)
    kind = models.CharField("種別", max_length=16, choices=TicketKind)
    subject = models.CharField("件名", max_length=200)
    key = models.CharField(max_length=120, null=True, blank=True, unique=True)
    incident = models.OneToOneField(Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="ticket")
    deviation = models.OneToOneField(Deviation, null=True, blank=True, on_delete=models.PROTECT, related_name="ticket")
    upgrade = models.OneToOneField(
        UpgradeRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="ticket"
    )
    detected = models.TextField("検知内容", blank=True)
    handled = models.TextField("対応内容", blank=True)
    result = models.TextField("対応結果", blank=True)
    state = models.CharField("状態", max_length=8, choices=TicketState, default=TicketState.OPEN)
    opened_at = models.DateTimeField("起票日時")
    updated_at = models.DateTimeField("更新日時")
    described_at = models.DateTimeField(null=True, blank=True)
    waits_since = models.DateTimeField("回答待ちの開始", null=True, blank=True)

    class Meta:
        verbose_name = "チケット"
        indexes = [models.Index(fields=["kind", "state"])]

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


class Listing(models.TextChoices):
    """What a ticket has last said of an address."""

    LISTED = "listed", "登録済み"
    WAITING = "waiting", "確認中"
    LEFT = "left", "登録対象外"


class TicketBlock(models.Model):
    """A block is told of in exactly one ticket. `told_in` is the mail that named it as blocked, once there is one.

    noted_as: what the ticket's record has last said of it. mentioned_as: what the last mail said that named it
    while it was not on the list (`mentioned_in`); empty while none has.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_blocks")
    block = models.OneToOneField(Block, on_delete=models.PROTECT, related_name="ticket_block")
    added_at = models.DateTimeField()
    noted_as = models.CharField(max_length=8, choices=Listing, default=Listing.LISTED)
    mentioned_as = models.CharField(max_length=8, choices=Listing, blank=True)
    mentioned_in = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="mentioned_blocks"
    )
    told_in = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="told_blocks")
    restore_told_in = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="told_restores"
    )

    class Meta:
        verbose_name = "チケットの遮断"
        indexes = [models.Index(fields=["told_in", "added_at"]), models.Index(fields=["noted_as", "mentioned_as"])]


class TicketFinding(models.Model):
    """A finding whose address the guard refused, so that no block came of it, stands in exactly one ticket.

    mentioned_in: the mail that named the address, once there is one; of many findings one carries it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="ticket_findings")
    finding = models.OneToOneField(Finding, on_delete=models.PROTECT, related_name="ticket_finding")
    added_at = models.DateTimeField()
    mentioned_in = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="mentioned_findings"
    )

    class Meta:
        verbose_name = "チケットの検知"


class Attachment(models.Model):
    """A file in a ticket. The content lies under `stored_name` in the customer's folder (`customers/files.py`)."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField("ファイル名", max_length=200)
    stored_name = models.CharField(max_length=64, unique=True)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(max_length=100)

    class Meta:
        verbose_name = "添付ファイル"
        ordering = ["pk"]

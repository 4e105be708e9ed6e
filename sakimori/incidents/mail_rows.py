"""The vendor's alert mails: MailPattern says how they are understood (PatternVersion: and was, before), MailReading
what came of each.
"""

from django.conf import settings
from django.db import models

from sakimori.customers.models import Site
from sakimori.notify.models import ReceivedMail


class MailKind(models.TextChoices):
    """What a mail says."""

    START = "start", "攻撃の開始"
    END = "end", "攻撃の終息"
    IGNORE = "ignore", "対応不要"


class MailPattern(models.Model):
    """How mails of one kind are recognised: regular expressions (see `patterns.py`) on subject and text.

    An empty one fits everything. The group `site` of either names the site.
    """

    name = models.CharField("名称", max_length=60, unique=True)
    kind = models.CharField("種類", max_length=8, choices=MailKind)
    subject = models.CharField("件名の正規表現", max_length=300, blank=True)
    text = models.CharField("本文の正規表現", max_length=600, blank=True)
    is_active = models.BooleanField("使用する", default=True)
    changed_at = models.DateTimeField("変更日時", null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "通知メールのパターン"
        ordering = ["pk"]


class PatternVersion(models.Model):
    """What a pattern was made or changed to. Rows are only ever added."""

    pattern = models.ForeignKey(MailPattern, on_delete=models.CASCADE, related_name="versions")
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("種類", max_length=8, choices=MailKind)
    subject = models.CharField("件名の正規表現", max_length=300, blank=True)
    text = models.CharField("本文の正規表現", max_length=600, blank=True)
    is_active = models.BooleanField("使用する")
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "通知メールのパターンの履歴"
        ordering = ["-pk"]


class MailReading(models.Model):
    """What a mail of the vendor was understood as. reason: why a person must look at it, empty where nobody must.

    message_id: as the mail has it; a mail that is delivered again in another wrapping counts once.
    """

    mail = models.OneToOneField(ReceivedMail, on_delete=models.CASCADE, related_name="reading")
    message_id = models.CharField(max_length=300, blank=True, db_index=True)
    kind = models.CharField("種類", max_length=8, choices=MailKind, blank=True)
    pattern = models.CharField("パターン", max_length=60, blank=True)
    site_name = models.CharField("サイト", max_length=253, blank=True)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="mail_readings")
    incident = models.ForeignKey(
        "incidents.Incident", null=True, blank=True, on_delete=models.CASCADE, related_name="mail_readings"
    )
    at = models.DateTimeField("日時")
    reason = models.CharField("確認が必要な理由", max_length=300, blank=True)
    seen_at = models.DateTimeField("確認日時", null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "通知メールの読み取り"
        indexes = [models.Index(fields=["seen_at", "at"])]

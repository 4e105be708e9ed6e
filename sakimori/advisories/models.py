"""Advisory: one piece of security news, from draft to mail."""

from django.conf import settings
from django.db import models


class AdvisoryState(models.TextChoices):
    """Where an advisory stands. Only what is approved is mailed and shown, and it never changes again."""

    DRAFT = "draft", "下書き（承認待ち）"
    APPROVED = "approved", "承認済み"
    WITHDRAWN = "withdrawn", "取り下げ"


class Advisory(models.Model):
    """Title, plain text and sources (one URL per line). The same for all customers.

    Neither who wrote it nor who changed it last may approve it. mailed_at: when the last mail of it was written to the
    outbox; the copies' own way is told by `notify`.
    """

    title = models.CharField("件名", max_length=100)
    body = models.TextField("本文")
    sources = models.TextField("情報源", blank=True)
    state = models.CharField("状態", max_length=16, choices=AdvisoryState, default=AdvisoryState.DRAFT)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField("作成日時")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField("更新日時")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField("承認日時", null=True, blank=True)
    mailed_at = models.DateTimeField("配信日時", null=True, blank=True)

    class Meta:
        verbose_name = "情報提供"
        indexes = [models.Index(fields=["state", "mailed_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def links(self) -> list[str]:
        """The sources, one by one."""
        return self.sources.splitlines()

"""Rows about an incident's course: Turn (what visits show has changed), Exercise (an incident that is only played).

They name Incident by its label, so that `models.py` can bring them in beside it.
"""

from django.conf import settings
from django.db import models


class Turn(models.Model):
    """From this moment on visits showed something else than before. verdict: a value of `models.Verdict`."""

    incident = models.ForeignKey("incidents.Incident", on_delete=models.CASCADE, related_name="turns")
    at = models.DateTimeField("日時")
    verdict = models.CharField("結果", max_length=16)
    sentence = models.CharField("内容", max_length=300)

    class Meta:
        verbose_name = "経過"
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["incident", "at"])]


class Exercise(models.Model):
    """訓練: an incident of a sandbox customer whose visits are invented; mails and calls are real.

    scenario: see `scenario.py`. speed: so many seconds of the scenario pass in one. next_at: when it is played on;
    None once it is over. stopped_at: somebody broke it off.
    """

    incident = models.OneToOneField("incidents.Incident", on_delete=models.CASCADE, related_name="exercise")
    title = models.CharField("内容", max_length=100)
    scenario = models.JSONField()
    speed = models.FloatField("早送り")
    started_at = models.DateTimeField("開始日時")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    stopped_at = models.DateTimeField("中止日時", null=True, blank=True)

    class Meta:
        verbose_name = "訓練"
        ordering = ["-started_at", "-pk"]

"""How long an entry may be asked to last, as people choose it. Pure."""

from datetime import timedelta

from django.db import models

_SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}


class Lasting(models.TextChoices):
    """The spans that are offered, counted from the approval."""

    HOUR = "1h", "1 時間"
    DAY = "1d", "1 日"
    WEEK = "7d", "7 日"
    MONTH = "30d", "30 日"

    @property
    def span(self) -> timedelta:
        """The length of time."""
        return _SPANS[self.value]

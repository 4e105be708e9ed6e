"""CallMatter: each of the matters that one round of calls tells of. Storms merge: nobody is rung up twice for them."""

from django.db import models


class CallMatter(models.Model):
    """One matter of a round, such as an incident: `key` names it, and no two rounds tell of the same.

    told_at: when a person was reached by a call that spoke of it; None where he is told by mail only.
    """

    round = models.ForeignKey("notify.CallRound", on_delete=models.CASCADE, related_name="matters")
    key = models.CharField(max_length=120, unique=True)
    subject = models.CharField("用件", max_length=200)
    say = models.TextField("お伝えする内容")
    link = models.CharField(max_length=200, blank=True)
    added_at = models.DateTimeField("加わった日時")
    told_at = models.DateTimeField("電話でお伝えした日時", null=True, blank=True)

    class Meta:
        verbose_name = "架電の用件"
        ordering = ["pk"]

"""Policy (what is blocked, asked about or only written down) and QuietWindow (an announced scan)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sakimori.customers.models import Contract, Site


class Policy(models.Model):
    """One version of a contract's policy, or of the SOC's default (contract None). Rows are only ever added.

    The newest version holds. rules: see `policy_text.py`; empty: from this version on the default is followed.
    """

    contract = models.ForeignKey(
        Contract, null=True, blank=True, on_delete=models.CASCADE, related_name="block_policies"
    )
    version = models.PositiveIntegerField("版")
    rules = models.JSONField("内容", default=dict, blank=True)
    reason = models.CharField("変更の理由", max_length=200)
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "遮断方針"
        constraints = [
            models.UniqueConstraint(fields=["contract", "version"], name="policy_version_once"),
            # NULLs differ from each other, so the default needs a rule of its own.
            models.UniqueConstraint(fields=["version"], condition=Q(contract=None), name="default_policy_version_once"),
        ]


class QuietWindow(models.Model):
    """An announced scan: until `ends_at` attacks from these addresses are written down and block nobody.

    site: the only one that is scanned; None: all of the contract. networks: canonical texts of addresses or networks.
    by_customer: registered in the portal. It is over at `withdrawn_at` where somebody withdrew it.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="quiet_windows")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="quiet_windows")
    networks = models.JSONField("送信元", default=list)
    starts_at = models.DateTimeField("開始")
    ends_at = models.DateTimeField("終了")
    note = models.CharField("内容", max_length=200)
    by_customer = models.BooleanField("お客様の登録", default=False)
    registered_at = models.DateTimeField("登録日時")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField("取消日時", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "診断・検査の予定"
        indexes = [models.Index(fields=["contract", "ends_at"])]

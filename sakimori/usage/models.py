"""Bandwidth (Sample, SampleDay, MonthUsage, UpgradeRequest) and setup of sites (SiteSetup, Deviation); UsageState."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sakimori.customers.models import Contract, Site
from sakimori.waf.interface import BalancingAlgorithm, CertificateKind


class Sample(models.Model):
    """Average bits per second, in + out, over five minutes from `at`. site None: all sites of the contract together."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="samples")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    bits_per_second = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = "帯域"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "at"], condition=Q(site=None), name="one_sample_per_contract_and_moment"
            ),
            models.UniqueConstraint(
                fields=["site", "at"], condition=Q(site__isnull=False), name="one_sample_per_site_and_moment"
            ),
        ]


class SampleDay(models.Model):
    """A Japanese day of samples, as read last: up to which moment, when, and how many samples there are now."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="sample_days")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="sample_days")
    day = models.DateField()
    until = models.DateTimeField()
    read_at = models.DateTimeField()
    samples = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "day"], condition=Q(site=None), name="one_day_per_contract"),
            models.UniqueConstraint(fields=["site", "day"], condition=Q(site__isnull=False), name="one_day_per_site"),
        ]


class MonthUsage(models.Model):
    """The 95th percentile of a month, kept because pages must not sort millions of samples.

    stale: samples have been written since; a duty computes it anew.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="months")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="months")
    month = models.DateField(help_text="Its first day.")
    samples = models.PositiveIntegerField(default=0)
    bits_per_second = models.PositiveBigIntegerField(null=True, blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)
    stale = models.BooleanField(default=True)

    class Meta:
        verbose_name = "月の帯域"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "month"], condition=Q(site=None), name="one_month_per_contract"
            ),
            models.UniqueConstraint(
                fields=["site", "month"], condition=Q(site__isnull=False), name="one_month_per_site"
            ),
        ]


class UsageState(models.Model):
    """How reading a contract's statistics and setup at the vendor is going.

    The two moments of the next read are also the claims: a worker moves one on before it reads.
    failures, last_error: of the statistics. purchased_*: what the vendor says the account has; None = it did not say.
    """

    contract = models.OneToOneField(Contract, on_delete=models.CASCADE, related_name="usage_state")
    samples_until = models.DateTimeField(null=True, blank=True, help_text="The end of the newest sample of all sites.")
    samples_read_at = models.DateTimeField(null=True, blank=True)
    samples_next_at = models.DateTimeField()
    setup_read_at = models.DateTimeField(null=True, blank=True)
    setup_next_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    setup_failures = models.PositiveIntegerField(default=0)
    setup_error = models.CharField(max_length=300, blank=True)
    purchased_mbps = models.PositiveIntegerField(null=True, blank=True)
    purchased_load_balancing = models.BooleanField(null=True, blank=True)


class SiteSetup(models.Model):
    """How the vendor says a site is set up, as read last. None or empty where the vendor did not say."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="setup")
    read_at = models.DateTimeField()
    bypassed = models.BooleanField("WAF を迂回", default=False)
    servers = models.PositiveIntegerField("稼働サーバー数", null=True, blank=True)
    standby_servers = models.PositiveIntegerField("待機サーバー数", null=True, blank=True)
    data_centers = models.PositiveIntegerField("データセンター数", null=True, blank=True)
    algorithm = models.CharField(
        "負荷分散方式", max_length=40, blank=True, choices=[(each.value, each.value) for each in BalancingAlgorithm]
    )
    persistent = models.BooleanField("セッション維持", null=True, blank=True)
    certificate = models.CharField(
        "証明書", max_length=16, blank=True, choices=[(each.value, each.value) for each in CertificateKind]
    )
    certificate_known = models.BooleanField(default=False)
    certificate_ends_at = models.DateTimeField("証明書の有効期限", null=True, blank=True)


class DeviationKind(models.TextChoices):
    """What is not as it should be with a site."""

    BALANCING = "balancing", "負荷分散構成"
    BYPASS = "bypass", "WAF の迂回"
    CERTIFICATE = "certificate", "証明書の期限"


class Deviation(models.Model):
    """Something of a site that is not as the contract has it, or soon will not be. `tickets` tells the customer.

    mark: tells one deviation from the next of the same kind (the certificate's last day).
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="deviations")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="deviations")
    kind = models.CharField("種別", max_length=16, choices=DeviationKind)
    mark = models.CharField(max_length=64, blank=True)
    sentence = models.CharField("内容", max_length=300)
    found_at = models.DateTimeField("検知日時")
    ended_at = models.DateTimeField("解消日時", null=True, blank=True)

    class Meta:
        verbose_name = "構成の相違"
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "mark"], condition=Q(ended_at=None), name="one_open_deviation_per_site_and_mark"
            )
        ]


class UpgradeRequest(models.Model):
    """帯域アップグレード: a customer agrees to a larger plan. Confirmed by the SOC it waives the overage of `month`."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="upgrades")
    month = models.DateField("対象月", help_text="First day of the month whose overage it waives.")
    from_mbps = models.PositiveIntegerField("現在の契約帯域 (Mbps)")
    to_mbps = models.PositiveIntegerField("変更後の契約帯域 (Mbps)")
    asked_at = models.DateTimeField("申込日時")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField("確認日時", null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "帯域アップグレード"
        constraints = [models.UniqueConstraint(fields=["contract", "month"], name="one_upgrade_per_contract_and_month")]

"""Rows of a customer: Customer, Contract, Site, Contact (`contact_rows.py`), Member, RegisteredNetwork, VendorAccount,
LogKey, LogSender, LogSenderAddress; AuditEntry.

Applicant and SheetDraft are what a hearing sheet leaves behind until somebody has done the rest.

A contact gets calls and mails; a member signs in to the portal. One person may be both, the rows stay apart.
"""

from datetime import date

from django.conf import settings
from django.db import models

from sakimori.customers.contact_rows import Contact, PhoneKind
from sakimori.lib.calendar import deletion_day
from sakimori.lib.claims import Claimable

__all__ = ["Contact", "PhoneKind"]


class Customer(models.Model):
    """A company that the service protects. `sealed_key` is the key of its personal data; deletion destroys it."""

    number = models.CharField("お客様番号", max_length=32, unique=True)
    name = models.CharField("お客様名", max_length=200)
    sealed_key = models.TextField(blank=True)
    created_at = models.DateTimeField()
    is_sandbox = models.BooleanField(
        "訓練用", default=False, help_text="No real customer: exercises are played for him, and only for such."
    )
    special_note = models.TextField(
        "特記事項",
        blank=True,
        help_text="What whoever calls, blocks or restores must know first; shown before each of these.",
    )

    class Meta:
        verbose_name = "お客様"

    def __str__(self) -> str:
        return self.name


class Contract(models.Model):
    """One contract of a customer. Its number stands in every mail."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contracts")
    number = models.CharField("契約番号", max_length=32, unique=True)
    starts_on = models.DateField("開始日")
    ends_on = models.DateField(
        "解約日",
        null=True,
        blank=True,
        help_text="From this Japanese day on nothing is done for the contract any more.",
    )
    plan_mbps = models.PositiveIntegerField("契約帯域 (Mbps)", null=True, blank=True)
    has_load_balancing = models.BooleanField("Load Balancing ライセンス", default=False)
    keeps_logs = models.BooleanField("ログ保管オプション", default=False)
    keeps_access_lines = models.BooleanField(
        "アクセスログを保存する",
        default=False,
        help_text="Whether the vendor delivers access lines; without them good traffic is unknown, never zero.",
    )

    class Meta:
        verbose_name = "契約"

    def __str__(self) -> str:
        return self.number

    @property
    def named(self) -> str:
        """As alarms and the SOC's mails name it: with its customer."""
        return f"{self.customer.name}（契約 {self.number}）"

    def runs_on(self, day: date) -> bool:
        """Whether the service works for this contract on a Japanese day. `queries.running` asks the same of rows."""
        return self.ends_on is None or day < self.ends_on

    @property
    def deletes_on(self) -> date | None:
        """The day on which all data is deleted (chapter 3-1); None while nobody has cancelled."""
        return deletion_day(self.ends_on) if self.ends_on else None


class Site(models.Model):
    """A web site under protection, as the vendor numbers it."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="sites")
    domain = models.CharField("ドメイン", max_length=253)
    vendor_site_id = models.PositiveBigIntegerField("サイトID")
    reachable = models.BooleanField(
        "インターネットから接続可能",
        default=True,
        help_text="As registered. A site that the internet cannot reach is never probed.",
    )
    watched = models.BooleanField(
        "平常時の計測",
        default=False,
        help_text="The customer agrees to visits at quiet times too; they use his bandwidth.",
    )
    probe_url = models.CharField("確認する URL", max_length=300, blank=True)
    expected_text = models.CharField("表示されるべき文言", max_length=100, blank=True)
    slow_seconds = models.FloatField("極端に遅いとみなす秒数", null=True, blank=True)
    slow_factor = models.FloatField("平常時の何倍を遅いとみなすか", null=True, blank=True)
    origin_address = models.CharField(
        "オリジンのアドレス",
        max_length=253,
        blank=True,
        help_text="Where the customer allows visits past the WAF: an address or a host name.",
    )

    class Meta:
        verbose_name = "サイト"
        constraints = [models.UniqueConstraint(fields=["contract", "vendor_site_id"], name="site_once_per_contract")]

    def __str__(self) -> str:
        return self.domain

    @property
    def page_url(self) -> str:
        """The page that a visitor would open."""
        return self.probe_url or f"https://{self.domain}/"


class MemberRole(models.TextChoices):
    """What a portal user may do inside his company."""

    READER = "reader", "閲覧者"
    APPROVER = "approver", "承認者"
    ADMIN = "admin", "管理者"


class Member(models.Model):
    """利用者: a user who may see this customer's rows."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField("権限", max_length=16, choices=MemberRole, default=MemberRole.READER)

    class Meta:
        verbose_name = "利用者"
        constraints = [models.UniqueConstraint(fields=["customer", "user"], name="member_once")]


class Applicant(models.Model):
    """発行待ちの利用者: the hearing sheet names this person as a portal user, and no login ID was issued yet."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="applicants")
    name = models.CharField("氏名", max_length=100)
    role = models.CharField("権限", max_length=16, choices=MemberRole, default=MemberRole.READER)

    class Meta:
        verbose_name = "発行待ちの利用者"
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="applicant_once_per_customer")]

    def __str__(self) -> str:
        return self.name


class SheetDraft(models.Model):
    """A hearing sheet between upload and confirmation. Its content is removed when it was imported, or after a day."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    imported_into = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, related_name="+")


class RegisteredNetwork(models.Model):
    """An address or network that the customer needs: it is never blocked."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="networks")
    network = models.CharField("アドレス", max_length=64)
    note = models.CharField("用途", max_length=200, blank=True)

    class Meta:
        verbose_name = "登録済みアドレス"
        constraints = [models.UniqueConstraint(fields=["customer", "network"], name="network_once_per_customer")]


class BlockList(models.TextChoices):
    """Which of the vendor's lists is used."""

    AUTO = "auto", "自動判別"
    POLICY = "policy", "ポリシー"
    ACL = "acl", "サイト別 ACL"


class VendorAccount(Claimable):
    """The account at the vendor that a contract stands for. Keys are sealed; see `secrets.py`.

    Whoever holds the claim is the only one who may write to this account's blacklist.
    """

    contract = models.OneToOneField(Contract, on_delete=models.PROTECT, related_name="vendor_account")
    account_id = models.PositiveBigIntegerField("アカウントID", null=True, blank=True)
    cloud_url = models.URLField(default="https://my.imperva.com")
    api_url = models.URLField(default="https://api.imperva.com")
    api_id = models.CharField(max_length=64)
    sealed_api_key = models.TextField()
    block_list = models.CharField(max_length=8, choices=BlockList, default=BlockList.AUTO)
    log_base_url = models.CharField(max_length=300, blank=True)
    log_api_id = models.CharField(max_length=64, blank=True)
    sealed_log_api_key = models.TextField(blank=True)
    sealed_collector_token = models.TextField(blank=True)
    collector_token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    bucket_url = models.CharField(max_length=200, blank=True, help_text="Where the S3-compatible store answers.")
    bucket_region = models.CharField(max_length=40, blank=True)
    bucket_name = models.CharField(max_length=63, blank=True)
    bucket_prefix = models.CharField(max_length=300, blank=True)
    bucket_key_id = models.CharField(max_length=128, blank=True)
    sealed_bucket_key = models.TextField(blank=True)

    class Meta:
        verbose_name = "ベンダーアカウント"


class LogKey(models.Model):
    """The private half of a key pair whose public half encrypts this contract's log files at the vendor."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="log_keys")
    public_key_id = models.PositiveIntegerField()
    sealed_private_pem = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contract", "public_key_id"], name="log_key_once")]


class LogSender(models.Model):
    """A certificate by which a contract's sender is known at the syslog door. It is public, so it is not sealed."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="log_senders")
    fingerprint = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the certificate, in hex.")
    certificate = models.TextField(help_text="PEM.")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "syslog の送信元証明書"


class LogSenderAddress(models.Model):
    """An address or small network from which a contract's sender comes who shows no certificate at the syslog door."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="log_sender_addresses")
    network = models.CharField(max_length=64, unique=True, help_text="As lib.addresses.short writes it.")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "syslog の送信元アドレス"


class AuditEntry(models.Model):
    """One link of the record of who did what. See `audit.py`; rows are only ever added."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=100)
    customer_number = models.CharField(max_length=32, blank=True, db_index=True)
    sealed_details = models.TextField(blank=True)
    previous = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = "監査記録"
        ordering = ["pk"]


class AuditHead(models.Model):
    """The one row that holds the digest of the last entry. Whoever adds an entry locks it, so the chain never forks."""

    digest = models.CharField(max_length=64)

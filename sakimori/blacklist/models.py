"""Finding (an attack seen in one log file), Block (an address on, or meant for, the blacklist), AskFirst."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from sakimori.blacklist.list_rows import CountedFile, ListCheck
from sakimori.blacklist.networks import shared_label
from sakimori.blacklist.policy_rows import Policy, QuietWindow
from sakimori.customers.models import Contract, Site
from sakimori.lib.claims import Claimable
from sakimori.logs.models import LogFile

__all__ = [
    "AskFirst",
    "Block",
    "BlockState",
    "CountedFile",
    "Finding",
    "FindingState",
    "ListCheck",
    "Policy",
    "ProxyCase",
    "QuietWindow",
    "RestoreChannel",
    "Stop",
]


class BlockState(models.TextChoices):
    """The life of a block; see docs/architecture.md."""

    PROPOSED = "proposed", "判断待ち"
    APPROVED = "approved", "登録待ち"
    APPLYING = "applying", "登録中"
    ACTIVE = "active", "遮断中"
    RESTORING = "restoring", "解除中"
    RESTORED = "restored", "解除済み"
    REFUSED = "refused", "対象外"
    FAILED = "failed", "登録失敗"
    UNKNOWN = "unknown", "確認中"


CLOSED_STATES = (BlockState.RESTORED, BlockState.REFUSED)


class RestoreChannel(models.TextChoices):
    """How it was asked for that an address comes off the list, or why it does so by itself."""

    PORTAL = "portal", "ポータル"
    DESK = "desk", "SOC"
    PHONE = "phone", "電話"
    MAIL = "mail", "メール"
    EXPIRY = "expiry", "期限"
    FULL = "full", "登録上限"


class ProxyCase(models.Model):
    """An attack by proxy, as analysts see it: one URL, and many visitors who may not know what they send.

    url: without its query; parameters: the names in the query, joined by `&`. sources: how many lines took part.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="proxy_cases")
    site_name = models.CharField("サイト", max_length=253)
    url = models.TextField("URL")
    parameters = models.TextField("パラメーター", blank=True)
    sources = models.PositiveIntegerField("送信元")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = "踏み台攻撃の疑い"
        indexes = [models.Index(fields=["contract", "last_at"])]

    def __str__(self) -> str:
        return self.url


class Block(Claimable):
    """An address that is, was, or may come to be on a customer's blacklist, with all that led to it.

    At most one open block exists per contract and address. `wanted_on_list` tells an unknown block which way it
    was going. `ours_on`: the numbers of the lists (see `lists.py`) on which the entry is ours, written down before each
    write; None: rows from before that. `was_there_before`: on one of its lists somebody else had put the address
    already; that entry stays.

    address: canonical text of one address, or of a network (`203.0.113.0/24`) that two people have approved.
    note: why somebody has put it on the list by hand; empty where the logs were the reason. second_by: the second
    person where two are needed; then `decided_by` is the first, also while it is proposed. While it is proposed
    `expires_at` is counted from `proposed_at`, see `actions.approve`.
    only_sites: the vendor's numbers of the sites that it holds for; empty: all sites of the contract.
    hold_hours: how long it is to hold once it is active; None: permanent. expires_at: when it comes off by itself.
    hits: requests that our own entry has stopped since it is active, `first_hit_at` and `last_hit_at` their times;
    `last_passed_at`: the last request from the address after `active_at` that was let through.
    covered_by: when it came off, an entry of somebody else that still covers the address: a network, or the same.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="blocks")
    address = models.CharField("IPアドレス", max_length=45)
    only_sites = models.JSONField("対象サイト", default=list, blank=True)
    state = models.CharField("状態", max_length=16, choices=BlockState)
    reason = models.CharField("理由", max_length=40)
    good_requests = models.PositiveIntegerField(
        "正常通信数", null=True, blank=True, help_text="None: the log holds no access lines, so nobody knows."
    )
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    hold_hours = models.PositiveIntegerField("遮断する時間", null=True, blank=True)
    expires_at = models.DateTimeField("期限", null=True, blank=True)
    applying_at = models.DateTimeField(null=True, blank=True)
    active_at = models.DateTimeField(null=True, blank=True)
    restore_asked_at = models.DateTimeField(null=True, blank=True)
    restore_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    restore_reason = models.CharField("解除理由", max_length=200, blank=True)
    restore_channel = models.CharField("解除の受付", max_length=8, choices=RestoreChannel, blank=True)
    restore_requester = models.CharField("依頼者", max_length=100, blank=True)
    restore_identified = models.CharField("本人確認", max_length=200, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField("追加の理由", max_length=200, blank=True)
    hits = models.PositiveIntegerField("登録後の遮断", default=0)
    first_hit_at = models.DateTimeField(null=True, blank=True)
    last_hit_at = models.DateTimeField(null=True, blank=True)
    last_passed_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(
        "削除の検出", null=True, blank=True, help_text="Since when an active block is not on the list any more."
    )
    wanted_on_list = models.BooleanField(default=True)
    was_there_before = models.BooleanField(default=False)
    covered_by = models.CharField("残っている設定", max_length=64, blank=True)
    written_at = models.DateTimeField(null=True, blank=True, help_text="When a write for this block last began.")
    ours_on = models.JSONField("登録先", null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    proxy_case = models.ForeignKey(ProxyCase, null=True, blank=True, on_delete=models.PROTECT, related_name="blocks")

    class Meta:
        verbose_name = "遮断"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "address"],
                condition=~Q(state__in=CLOSED_STATES),
                name="one_open_block_per_address",
            )
        ]
        indexes = [
            models.Index(fields=["state", "next_try_at"]),
            models.Index(fields=["contract", "written_at"], name="blacklist_written_last"),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def propagated_in(self) -> timedelta | None:
        """From the reading back of the entry to the first request that it has stopped; None until one came."""
        if self.first_hit_at is None or self.active_at is None:
            return None
        return max(self.first_hit_at - self.active_at, timedelta(0))

    @property
    def shared_label(self) -> str:
        """What kind of shared address it is, in words; empty where it is not known to be shared."""
        return shared_label(self.address)

    def end_counted_from(self, approved_at: datetime) -> datetime | None:
        """The end that was chosen for it, counted from an approval at that moment; None where none was."""
        return self.expires_at and self.expires_at + (approved_at - (self.decided_at or self.proposed_at))

    @property
    def ends_at(self) -> datetime | None:
        """When it comes off by itself, also right after it became active, before a duty has written it down."""
        if self.expires_at is not None or self.hold_hours is None or self.active_at is None:
            return self.expires_at
        return self.active_at + timedelta(hours=self.hold_hours)


class FindingState(models.TextChoices):
    """What became of a finding."""

    NEW = "new", "未処理"
    ASK = "ask", "要判断"
    BLOCK = "block", "遮断"
    OBSERVED = "observed", "記録のみ"
    LATE = "late", "遅着"
    REFUSED = "refused", "対象外"
    DISMISSED = "dismissed", "対応不要"


class Finding(models.Model):
    """Attacks of one kind from one address on one site, as seen in one log file. Never changed but for its state.

    samples: up to five requests, as a list of objects with the columns of `logs.fields`.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="findings")
    file = models.ForeignKey(LogFile, on_delete=models.PROTECT, related_name="findings")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="findings")
    site_name = models.CharField("サイト", max_length=253, blank=True)
    address = models.CharField("IPアドレス", max_length=45, blank=True)
    kind = models.CharField("攻撃種別", max_length=32)
    name = models.CharField("検知名", max_length=200)
    blocked = models.PositiveIntegerField("遮断", default=0)
    passed = models.PositiveIntegerField("通過", default=0)
    challenged = models.PositiveIntegerField("確認要求", default=0)
    other = models.PositiveIntegerField("その他", default=0)
    ours = models.PositiveIntegerField("登録済みアドレスの遮断", default=0)
    country = models.CharField("国", max_length=8, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    rules = models.JSONField(default=list)
    request_ids = models.JSONField(default=list)
    samples = models.JSONField(default=list)
    state = models.CharField("状態", max_length=16, choices=FindingState, default=FindingState.NEW)
    reason = models.CharField("理由", max_length=40, blank=True)
    block = models.ForeignKey(Block, null=True, blank=True, on_delete=models.PROTECT, related_name="findings")
    found_at = models.DateTimeField()

    class Meta:
        verbose_name = "検知"
        # Once per file is kept by the mark on the file, written together with its findings: a line's own texts
        # (a site name with two ids, names cut at the same sign) must not be able to break a key.
        # (address, last_at) is for `others.py`, (state, found_at) for tickets about what the guard refused.
        indexes = [
            models.Index(fields=["state", "id"]),
            models.Index(fields=["contract", "address"]),
            models.Index(fields=["address", "last_at"]),
            models.Index(fields=["state", "found_at"]),
        ]

    @property
    def total(self) -> int:
        """All requests of this finding."""
        return self.blocked + self.passed + self.challenged + self.other


class Stop(models.Model):
    """A time in which nothing is put on any list, because somebody said so. At most one is on.

    by_name, ended_by_name: people as pages call them; the record has their login IDs.
    """

    is_on = models.BooleanField(default=True)
    since = models.DateTimeField("開始")
    by_name = models.CharField("操作した人", max_length=150)
    reason = models.CharField("理由", max_length=200)
    ended_at = models.DateTimeField("終了", null=True, blank=True)
    ended_by_name = models.CharField(max_length=150, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "一斉停止"
        constraints = [
            models.UniqueConstraint(fields=["is_on"], condition=Q(is_on=True), name="one_stop_at_a_time"),
        ]


class AskFirst(models.Model):
    """After a restore: until `until`, this address is not blocked again without an analyst's yes."""

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="ask_first")
    address = models.CharField(max_length=45)
    until = models.DateTimeField()
    block = models.OneToOneField(Block, on_delete=models.CASCADE, related_name="ask_first")

    class Meta:
        verbose_name = "再遮断前の確認"
        indexes = [models.Index(fields=["contract", "address"])]

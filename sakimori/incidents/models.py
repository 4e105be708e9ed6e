"""Incident (what may keep visitors from a site), Probe (one visit to a site), Evidence, PlannedStop, LateSignal,
Watch, SearchedFile, Heartbeat. Sums of visits and holds: `history_rows.py`; turns and exercises: `course.py`; what
reading the vendor remembers: `source_rows.py`, `mail_rows.py`.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from sakimori.customers.models import Contract, Site
from sakimori.incidents.course import Exercise, Turn  # noqa: F401 - Django finds a room's models here
from sakimori.incidents.history_rows import Hold as Hold  # noqa: PLC0414
from sakimori.incidents.history_rows import SiteHour as SiteHour  # noqa: PLC0414
from sakimori.incidents.history_rows import SummedHour as SummedHour  # noqa: PLC0414
from sakimori.incidents.mail_rows import MailKind, MailPattern, MailReading, PatternVersion
from sakimori.incidents.source_rows import SeenEvent, SignalSource, SiteFigures, SourceCount, VendorPoll
from sakimori.lib.claims import Claimable
from sakimori.logs.models import LogFile

__all__ = [
    "Decision",
    "Evidence",
    "EvidenceKind",
    "Heartbeat",
    "Incident",
    "IncidentKind",
    "LateSignal",
    "MailKind",
    "MailPattern",
    "MailReading",
    "PageKind",
    "PatternVersion",
    "PlannedStop",
    "Probe",
    "ProbePath",
    "SearchedFile",
    "SeenEvent",
    "SignalSource",
    "SiteFigures",
    "SourceCount",
    "VendorPoll",
    "Verdict",
    "Via",
    "Watch",
]


class IncidentKind(models.TextChoices):
    """What may be wrong. Only DDOS tells the customer by itself; for the others an analyst decides."""

    DDOS = "ddos", "DDoS 攻撃"
    SITE_DOWN = "site_down", "サイトの表示障害"
    ORIGIN_DOWN = "origin_down", "オリジンサーバー停止"
    VENDOR = "vendor", "WAF ベンダーの障害"
    OWN = "own", "当サービスの障害"


class Verdict(models.TextChoices):
    """What visiting the site has shown. INCONCLUSIVE: our own side may be at fault, nothing is claimed."""

    PENDING = "pending", "確認中"
    NOT_DISPLAYED = "not_displayed", "表示できない"
    SLOW = "slow", "極端に遅い"
    NORMAL = "normal", "正常"
    INCONCLUSIVE = "inconclusive", "判定不能"
    NOT_PROBED = "not_probed", "確認対象外"


class Decision(models.TextChoices):
    """Whether the customer is told. NONE: nothing to decide (yet)."""

    NONE = "none", "―"
    WAITING = "waiting", "判断待ち"
    TELL = "tell", "お客様へ連絡"
    KEEP = "keep", "連絡しない"


class ProbePath(models.TextChoices):
    """Which way a visit took. ORIGIN: past the WAF, where the customer allows it."""

    VISITOR = "visitor", "訪問者と同じ経路"
    ORIGIN = "origin", "オリジン直接"
    BROWSER = "browser", "ブラウザ"


class Via(models.TextChoices):
    """Whether an answer came through the WAF."""

    UNKNOWN = "unknown", "不明"
    WAF = "waf", "WAF 経由"
    BYPASSED = "bypassed", "WAF を経由していない"


class PageKind(models.TextChoices):
    """Whose page was shown: the site's own, or one with which the WAF itself answers."""

    SITE = "site", "サイトのページ"
    CHALLENGE = "challenge", "WAF の確認画面"
    CAPTCHA = "captcha", "WAF の画像認証画面"
    WAF_ERROR = "waf_error", "WAF のエラー画面"


class Incident(Claimable):
    """Something that may keep visitors from one site (or, where `site` is None, from all sites) of a contract.

    group: what one cause has in common, so that one alarm and one decision serve all contracts that it meets.
    told_at: from then on `tickets` opens the ticket and tells all contacts; None while nobody outside is told.
    vendor_ended_at: when the vendor's own, authenticated word said that it is over. bad_at: the first bad verdict.
    hold: many sites were bad at once, so the customer is told when an analyst says so. in_planned_stop: the verdict was
    drawn while the site was stopped as planned, so it told nobody.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="incidents")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField("種別", max_length=16, choices=IncidentKind)
    group = models.CharField(max_length=120)
    opened_at = models.DateTimeField("発生日時")
    last_signal_at = models.DateTimeField("最後の検知")
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)
    signals = models.PositiveIntegerField("検知件数", default=0)
    verdict = models.CharField("確認結果", max_length=16, choices=Verdict, default=Verdict.PENDING)
    sentence = models.CharField("確認内容", max_length=300, blank=True)
    verdict_at = models.DateTimeField(null=True, blank=True)
    next_probe_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField("連絡の判断", max_length=8, choices=Decision, default=Decision.NONE)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    told_at = models.DateTimeField("お客様への連絡開始", null=True, blank=True)
    vendor_ended_at = models.DateTimeField("ベンダーの終息通知", null=True, blank=True)
    first_probe_at = models.DateTimeField("最初の確認", null=True, blank=True)
    bad_at = models.DateTimeField("最初の異常", null=True, blank=True)
    normal_in_a_row = models.PositiveSmallIntegerField("連続した正常", default=0)
    is_exercise = models.BooleanField("訓練", default=False)
    hold = models.ForeignKey(Hold, null=True, blank=True, on_delete=models.SET_NULL, related_name="incidents")
    in_planned_stop = models.BooleanField("計画停止中", default=False)

    class Meta:
        verbose_name = "インシデント"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "kind", "group"], condition=Q(ended_at=None), name="one_open_incident_per_cause"
            )
        ]
        indexes = [models.Index(fields=["ended_at", "next_probe_at"]), models.Index(fields=["decision", "opened_at"])]


class Probe(models.Model):
    """One visit to a site's page, as a visitor would make it. Durations in milliseconds; None: not reached.

    incident: why it was made; None for a visit at quiet times. trouble: why there was no complete answer.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="probes")
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="probes")
    at = models.DateTimeField("日時")
    url = models.CharField(max_length=300)
    verdict = models.CharField("結果", max_length=16, choices=Verdict)
    sentence = models.CharField("内容", max_length=300)
    status = models.PositiveSmallIntegerField("応答コード", null=True, blank=True)
    size_bytes = models.PositiveIntegerField("応答サイズ", null=True, blank=True)
    dns_ms = models.PositiveIntegerField(null=True, blank=True)
    connect_ms = models.PositiveIntegerField(null=True, blank=True)
    tls_ms = models.PositiveIntegerField(null=True, blank=True)
    first_byte_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    trouble = models.CharField(max_length=40, blank=True)
    path = models.CharField("経路", max_length=16, choices=ProbePath, default=ProbePath.VISITOR)
    vantage = models.CharField("確認地点", max_length=40, blank=True, help_text="Empty: this machine.")
    via = models.CharField("応答元", max_length=16, choices=Via, default=Via.UNKNOWN)
    page = models.CharField("ページの種類", max_length=16, choices=PageKind, default=PageKind.SITE)
    address = models.GenericIPAddressField("接続先", null=True, blank=True)

    class Meta:
        verbose_name = "サイト確認"
        indexes = [models.Index(fields=["site", "at"]), models.Index(fields=["at"])]


class EvidenceKind(models.TextChoices):
    """What a piece of evidence is."""

    RECORD = "record", "計測記録"
    HEADERS = "headers", "応答ヘッダー"
    BODY = "body", "応答の先頭部分"
    SCREENSHOT = "screenshot", "画面"


class Evidence(models.Model):
    """What a visit left as proof: a file of the customer (see `customers.files`) with its hash."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    probe = models.ForeignKey(Probe, null=True, blank=True, on_delete=models.SET_NULL, related_name="evidence")
    kind = models.CharField("種類", max_length=16, choices=EvidenceKind)
    name = models.CharField("ファイル名", max_length=120)
    content_type = models.CharField(max_length=80)
    stored_name = models.CharField(max_length=32)
    size_bytes = models.PositiveIntegerField("サイズ")
    sha256 = models.CharField("SHA-256", max_length=64)
    at = models.DateTimeField("取得日時")

    class Meta:
        verbose_name = "証跡"
        indexes = [models.Index(fields=["incident", "at"])]


class PlannedStop(models.Model):
    """計画停止: a span in which a site may be down; nobody is called about it. cancelled_at: it was taken back."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="planned_stops")
    starts_at = models.DateTimeField("開始")
    ends_at = models.DateTimeField("終了")
    note = models.CharField("内容", max_length=200, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField("登録日時")
    cancelled_at = models.DateTimeField("取消日時", null=True, blank=True)

    class Meta:
        verbose_name = "計画停止"
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["site", "ends_at"])]


class Watch(Claimable):
    """When a site is visited next at quiet times. One row per site that the customer agreed to have watched."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="watch")
    next_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "平常時の計測"


class LateSignal(models.Model):
    """Signals that came late and met no incident of their time: nobody was called, so an analyst looks at them.

    What follows for the same site and kind joins the row until somebody has seen it. site_name: as the log has it.
    """

    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, related_name="late_signals")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="late_signals")
    site_name = models.CharField("サイト", max_length=253, blank=True)
    kind = models.CharField("種別", max_length=16, choices=IncidentKind)
    signals = models.PositiveBigIntegerField("検知件数", default=0)
    first_at = models.DateTimeField("最初の検知")
    last_at = models.DateTimeField("最後の検知")
    noted_at = models.DateTimeField("記録日時")
    seen_at = models.DateTimeField("確認日時", null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "遅れて届いた検知"
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "site_name", "kind"], condition=Q(seen_at=None), name="one_late_signal_to_see"
            )
        ]


class SearchedFile(models.Model):
    """The mark that a stored log file was searched for signals, written together with what was found."""

    file = models.OneToOneField(LogFile, on_delete=models.CASCADE, related_name="incident_search")
    at = models.DateTimeField()


class Heartbeat(models.Model):
    """The one row that says when this service last worked. A gap in it is an outage of our own."""

    at = models.DateTimeField()

"""The board of all sites: what is known of each at this moment. One query for the rows, a few for what stands beside.

Callers narrow the rows through `customers.access`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from sakimori.customers.models import Site
from sakimori.customers.queries import running
from sakimori.incidents.hour_sums import DISPLAYED
from sakimori.incidents.hours import usual_of, visitors_visits
from sakimori.incidents.models import Hold, Incident, PlannedStop, Probe, Verdict
from sakimori.incidents.planned import ends_by_site, holding
from sakimori.incidents.verdict import BAD
from sakimori.lib.jst import day_of

CUSTOMER_PATH = "contract__customer"


class State(StrEnum):
    """How a site is, in the order in which the board puts them."""

    BAD = "bad"
    UNKNOWN = "unknown"
    STOPPED = "stopped"
    NEVER = "never"
    NORMAL = "normal"
    UNREACHABLE = "unreachable"
    EXERCISE = "exercise"


STATE_WORDS = {
    State.BAD: "異常",
    State.UNKNOWN: "判定不能",
    State.STOPPED: "計画停止中",
    State.NEVER: "未確認",
    State.NORMAL: "正常",
    State.UNREACHABLE: "接続不可（確認対象外）",
    State.EXERCISE: "訓練用",
}
TONES = {
    State.BAD: "stop",
    State.UNKNOWN: "wait",
    State.STOPPED: "wait",
    State.NORMAL: "done",
    State.EXERCISE: "wait",
}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One site. usual_ms: what is usual at this hour. stopped_until: the end of the planned stop that holds.

    incident: what is open; of a sandbox customer, whose state is EXERCISE, the exercise that goes on.
    """

    site: Site
    state: State
    probe: Probe | None
    usual_ms: int | None
    incident: int | None
    stopped_until: datetime | None
    lacks_contact: bool

    @property
    def shown_ms(self) -> int | None:
        """How long the page took when it was last displayed; None where it was not: breaking off is quick, too."""
        return self.probe.total_ms if self.probe and self.probe.verdict in DISPLAYED else None

    @property
    def words(self) -> str:
        """The state in Japanese."""
        return STATE_WORDS[self.state]

    @property
    def tone(self) -> str:
        """The style of its badge."""
        return TONES.get(self.state, "")


def every_site() -> QuerySet[Site]:
    """All sites, those of ended contracts too."""
    return Site.objects.select_related("contract__customer").order_by("contract__customer__name", "domain", "pk")


def sites_now(now: datetime, *, dark: Collection[int] = ()) -> QuerySet[Site]:
    """Every site that the service works for, the bad ones first, invented ones last. last_probe: its last visit's key.

    dark: customers whom nobody could phone at night (`customers.queries.without_night_contact`), by their keys.
    """
    last = visitors_visits().filter(site=OuterRef("pk")).order_by("-at", "-pk")
    open_ = Incident.objects.filter(site=OuterRef("pk"), ended_at=None).order_by("pk")
    rows = every_site().filter(running(day_of(now), contract="contract"))
    return rows.annotate(
        last_probe=Subquery(last.values("pk")[:1]),
        last_verdict=Subquery(last.values("verdict")[:1]),
        incident=Subquery(open_.values("pk")[:1]),
        is_stopped=Exists(PlannedStop.objects.filter(holding(now), site=OuterRef("pk"))),
        lacks_contact=Q(contract__customer__in=list(dark)),
        is_bad=Q(is_stopped=False, reachable=True, contract__customer__is_sandbox=False)
        & (Exists(open_.filter(verdict__in=BAD, normal_in_a_row=0)) | Q(last_verdict__in=BAD)),
    ).order_by(
        "contract__customer__is_sandbox",
        F("is_bad").desc(nulls_last=True),  # NULL without a visit, which PostgreSQL would put first.
        F("incident").desc(nulls_last=True),
        "contract__customer__name",
        "domain",
        "pk",
    )


_REAL = Q(contract__customer__is_sandbox=False)
FILTERS = {
    "bad": ("異常", Q(is_bad=True)),
    "incident": ("インシデント進行中", Q(incident__isnull=False) & _REAL),
    "stopped": ("計画停止中", Q(is_stopped=True)),
    "never": ("未確認", Q(last_probe=None, reachable=True) & _REAL),
    "unwatched": ("平常時の計測なし", Q(watched=False, reachable=True) & _REAL),
    "unreachable": ("インターネットから接続不可", Q(reachable=False)),
    "no_contact": ("夜間の電話連絡先なし", Q(lacks_contact=True)),
    "exercise": ("訓練用", ~_REAL),
}


def board_rows(sites: Sequence[Site], now: datetime) -> list[BoardRow]:
    """What the board shows of these sites (of `sites_now`): three queries, however many they are."""
    keys = [site.pk for site in sites]
    stopped, usual = ends_by_site(keys, now), usual_of(keys, now)
    last = {site.pk: cast("int | None", getattr(site, "last_probe", None)) for site in sites}
    probes = Probe.objects.in_bulk([key for key in last.values() if key is not None])
    return [
        BoardRow(
            site=site,
            state=_state(site, probes.get(last[site.pk] or 0), is_stopped=site.pk in stopped),
            probe=probes.get(last[site.pk] or 0),
            usual_ms=usual.get(site.pk),
            incident=cast("int | None", getattr(site, "incident", None)),
            stopped_until=stopped.get(site.pk),
            lacks_contact=bool(getattr(site, "lacks_contact", False)),
        )
        for site in sites
    ]


def _state(site: Site, probe: Probe | None, *, is_stopped: bool) -> State:
    if site.contract.customer.is_sandbox:
        return State.EXERCISE
    if not site.reachable:
        return State.UNREACHABLE
    if is_stopped:
        return State.STOPPED
    if getattr(site, "is_bad", False):
        return State.BAD
    if probe is None:
        return State.NEVER
    return State.NORMAL if probe.verdict == Verdict.NORMAL else State.UNKNOWN


def open_hold() -> Hold | None:
    """Many sites that are bad at once, if there are any."""
    return Hold.objects.filter(is_open=True, proved_at__isnull=False).first()

"""計画停止・メンテナンス登録: spans in which a site may be down, registered beforehand; nobody is called about it.

Each change is atomic and recorded. Spans may overlap. A stop that was taken back has ended at that moment.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, Site
from sakimori.incidents.models import PlannedStop
from sakimori.lib.jst import day_of

CUSTOMER_PATH = "site__contract__customer"
FURTHEST = timedelta(days=366)
MOST_OPEN = 50


class NotPossible(Exception):
    """The stop cannot be registered so. The text is a Japanese sentence for the person."""


@dataclass(frozen=True, slots=True)
class Span:
    """What somebody wants to register."""

    starts_at: datetime
    ends_at: datetime
    note: str = ""


def stops() -> QuerySet[PlannedStop]:
    """Every planned stop with what its row shows, the one that ends last first."""
    rows = PlannedStop.objects.select_related("site__contract__customer", "entered_by")
    return rows.order_by("-ends_at", "-pk")


def holding(now: datetime) -> Q:
    """Stops that hold at a moment."""
    return Q(starts_at__lte=now, ends_at__gt=now) & (Q(cancelled_at=None) | Q(cancelled_at__gt=now))


def ends_by_site(sites: Collection[int], now: datetime) -> dict[int, datetime]:
    """The sites that are stopped as planned at a moment, each with the latest end of its stops."""
    rows = PlannedStop.objects.filter(holding(now), site__in=sites).order_by("ends_at")
    return dict(rows.values_list("site_id", "ends_at"))


def stops_between(contract: Contract, begins: datetime, ends: datetime) -> list[tuple[str, Span]]:
    """Each stop of which some part lies in the time, as it took place, with its site; the first first."""
    rows = PlannedStop.objects.filter(site__contract=contract, starts_at__lt=ends, ends_at__gt=begins)
    rows = rows.filter(Q(cancelled_at=None) | Q(cancelled_at__gt=F("starts_at"))).select_related("site")
    held = [(row, min(row.ends_at, row.cancelled_at or row.ends_at)) for row in rows.order_by("starts_at", "pk")]
    return [(row.site.domain, Span(row.starts_at, until, row.note)) for row, until in held if until > begins]


def register(site: Site, span: Span, *, by: User, now: datetime) -> PlannedStop:
    """Register a stop of a site. The same one once more changes nothing. Raises NotPossible."""
    _check(site, span, now)
    with transaction.atomic():
        mine = PlannedStop.objects.filter(site=site, cancelled_at=None, ends_at__gt=now)
        known = mine.filter(starts_at=span.starts_at, ends_at=span.ends_at).first()
        if known is not None:
            return known
        if mine.count() >= MOST_OPEN:
            raise NotPossible(
                f"有効な計画停止は 1 サイトにつき {MOST_OPEN} 件までです。不要な登録を取り消してください。"
            )
        row = PlannedStop.objects.create(
            site=site,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            note=span.note[:200],
            entered_by=by,
            entered_at=now,
        )
        _record(row, "stop.register", by, now)
    return row


def cancel(row: PlannedStop, *, by: User, now: datetime) -> bool:
    """It does not take place, or is over early. False when that was done before, or it has ended by itself."""
    with transaction.atomic():
        open_ = PlannedStop.objects.filter(pk=row.pk, cancelled_at=None, ends_at__gt=now)
        if not open_.update(cancelled_at=now):
            return False
        _record(row, "stop.cancel", by, now)
    return True


def _check(site: Site, span: Span, now: datetime) -> None:
    longest = timedelta(hours=settings.CONFIG.stop_hours)
    if not site.contract.runs_on(day_of(now)):
        raise NotPossible("契約が解約日を迎えているため、登録できません。")
    if span.ends_at <= span.starts_at:
        raise NotPossible("終了は開始より後の日時を入力してください。")
    if span.ends_at <= now:
        raise NotPossible("終了がすでに過ぎています。これからの日時を入力してください。")
    if span.ends_at - span.starts_at > longest:
        hours = longest.total_seconds() / 3600
        raise NotPossible(f"1 回の計画停止は {hours:g} 時間以内で入力してください。長い場合は分けて登録してください。")
    if span.starts_at - now > FURTHEST:
        raise NotPossible("開始は 1 年以内の日時を入力してください。")


def _record(row: PlannedStop, action: str, by: User, now: datetime) -> None:
    details = {"site": row.site.domain, "from": row.starts_at.isoformat(), "until": row.ends_at.isoformat()}
    audit.record(
        action,
        by=by.username,
        target=f"stop:{row.pk}",
        now=now,
        customer=row.site.contract.customer,
        details=details,
    )

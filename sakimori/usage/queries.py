"""What reads across samples and deviations. Callers narrow the rows through `customers.access`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, QuerySet

from sakimori.customers.models import Contract, Site
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, start_of_day
from sakimori.usage.figures import MonthFigure, Term, figure, last_months
from sakimori.usage.models import Deviation, MonthUsage, Sample, UpgradeRequest
from sakimori.usage.percentile import MEGA

_SPANS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Load:
    """Traffic of all sites of a contract, in + out, against its plan. plan_mbps None: no plan is registered."""

    at: datetime
    bits_per_second: int
    plan_mbps: int | None

    @property
    def is_over_plan(self) -> bool:
        """Whether traffic is above the contracted bandwidth: then inspection may be bypassed (chapter 3-2)."""
        return self.plan_mbps is not None and self.bits_per_second > self.plan_mbps * MEGA


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month of a contract: all sites together, and the percentile of each site (None: not known)."""

    figure: MonthFigure
    sites: dict[int, int | None]
    upgrade: UpgradeRequest | None


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest five minutes of an hour (or a day) that begins at `at`."""

    at: datetime
    bits_per_second: int


def highest_load(contract: Contract, *, since: datetime) -> Load | None:
    """The highest five minutes since a moment; None when the vendor has given no figure since then."""
    rows = Sample.objects.filter(contract=contract, site=None, at__gte=since).order_by("-bits_per_second", "at")
    sample = rows.first()
    return Load(sample.at, sample.bits_per_second, contract.plan_mbps) if sample else None


def contracts_with_usage(*, since: date) -> QuerySet[Contract]:
    """Contracts with everything that pages show of them: sites with setup and open deviations, months, upgrades."""
    deviations = Deviation.objects.filter(ended_at=None).order_by("kind", "mark")
    sites = Site.objects.select_related("setup").order_by("vendor_site_id")
    upgrades = UpgradeRequest.objects.select_related("asked_by", "confirmed_by").order_by("month")
    return (
        Contract.objects.select_related("customer", "usage_state")
        .prefetch_related(
            Prefetch("sites", sites),
            Prefetch("sites__deviations", deviations, to_attr="open_deviations"),
            Prefetch("months", MonthUsage.objects.filter(month__gte=since)),
            Prefetch("upgrades", upgrades),
        )
        .order_by("number")
    )


def upgrade_requests() -> QuerySet[UpgradeRequest]:
    """Every application for a larger plan."""
    return UpgradeRequest.objects.select_related("contract__customer", "asked_by").order_by("asked_at")


def open_upgrades() -> QuerySet[UpgradeRequest]:
    """Applications that the SOC has not confirmed yet, the oldest first."""
    return upgrade_requests().filter(confirmed_at=None)


def first_month(now: datetime, count: int) -> date:
    """Where the last `count` months begin, for `contracts_with_usage`."""
    return Month.at(now).plus(1 - count).first


def months_of(contract: Contract, count: int, *, now: datetime) -> Sequence[MonthRow]:
    """The last months, the newest first. One question for months and one for upgrades, none if they are prefetched."""
    kept: dict[tuple[date, int | None], MonthUsage] = {(row.month, row.site_id): row for row in contract.months.all()}
    upgrades = list(contract.upgrades.all())
    term = Term(contract.starts_on, contract.ends_on, contract.plan_mbps)
    rows = []
    for month in last_months(now, count, starts_on=contract.starts_on):
        whole = kept.get((month.first, None))
        made = figure(
            month,
            term,
            upgrades,
            bits_per_second=whole.bits_per_second if whole else None,
            samples=whole.samples if whole else 0,
            now=now,
        )
        sites = {key[1]: row.bits_per_second for key, row in kept.items() if key[0] == month.first and key[1]}
        asked = next((upgrade for upgrade in upgrades if upgrade.month == month.first), None)
        rows.append(MonthRow(made, sites, asked))
    return rows


def hours_of(contract: Contract, month: Month) -> list[Peak]:
    """The highest five minutes of each hour of a month, all sites together: what a chart can show."""
    rows = Sample.objects.filter(contract=contract, site=None, at__gte=month.begins_at, at__lt=month.ends_at)
    peaks: dict[datetime, int] = {}
    for at, bits in rows.order_by("at").values_list("at", "bits_per_second"):
        hour = at - (at - month.begins_at) % _SPANS
        peaks[hour] = max(bits, peaks.get(hour, 0))
    return [Peak(hour, bits) for hour, bits in peaks.items()]


def days_of(contract: Contract, month: Month) -> list[Peak]:
    """The highest five minutes of each day in Japan, all sites together: the chart as a table."""
    peaks: dict[datetime, int] = {}
    for hour in hours_of(contract, month):
        day = start_of_day(day_of(hour.at))
        peaks[day] = max(hour.bits_per_second, peaks.get(day, 0))
    return [Peak(day, bits) for day, bits in peaks.items()]

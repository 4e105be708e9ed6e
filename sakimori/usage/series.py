"""A series of samples: of all sites of a contract together, or of one site. Writing it, and keeping its months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.customers.models import Contract, Site
from sakimori.lib.calendar import Month
from sakimori.usage.models import MonthUsage, Sample, SampleDay
from sakimori.usage.percentile import percentile_95
from sakimori.usage.reading import Chunk, KnownDay
from sakimori.waf.interface import TrafficSample


@dataclass(frozen=True, slots=True)
class Series:
    """site None: all sites of the contract together, as the vendor sums them up."""

    contract: Contract
    site: Site | None


def series_of(contract: Contract) -> list[Series]:
    """All series of a contract, the one of all sites first."""
    return [Series(contract, None), *(Series(contract, site) for site in contract.sites.order_by("vendor_site_id"))]


def known_days(series: Series, *, since: date) -> Mapping[date, KnownDay]:
    """The days that were read already."""
    rows = SampleDay.objects.filter(contract=series.contract, site=series.site, day__gte=since)
    return {row.day: KnownDay(row.until, row.read_at, row.samples) for row in rows}


def write(series: Series, chunk: Chunk, samples: Sequence[TrafficSample], *, now: datetime) -> None:
    """Keep what the vendor said of a chunk: new samples and corrected ones; what it left out stays as it was.

    Doing it twice changes nothing. All or nothing, with the mark that the month is to be computed anew.
    """
    with transaction.atomic():
        if _write_samples(series, samples):
            MonthUsage.objects.update_or_create(
                contract=series.contract,
                site=series.site,
                month=Month.of(chunk.day).first,
                defaults={"stale": True},
            )
        _write_day(series, chunk, now)


def keep_months(contract: Contract, *, now: datetime) -> int:
    """Compute the percentile of every month of a contract that has new samples. Returns of how many."""
    stale = list(MonthUsage.objects.filter(contract=contract, stale=True).select_related("site").order_by("pk"))
    for row in stale:
        with transaction.atomic():
            month = Month.of(row.month)
            values = list(_samples(Series(contract, row.site), month.begins_at, month.ends_at))
            row.samples, row.bits_per_second = len(values), percentile_95(values)
            row.computed_at, row.stale = now, False
            row.save()
    return len(stale)


def _samples(series: Series, start: datetime, end: datetime) -> QuerySet[Sample, int]:
    rows = Sample.objects.filter(contract=series.contract, site=series.site, at__gte=start, at__lt=end)
    return rows.values_list("bits_per_second", flat=True)


def _write_samples(series: Series, samples: Sequence[TrafficSample]) -> bool:
    """Whether anything was new."""
    if not samples:
        return False
    span = (samples[0].at, samples[-1].at)
    rows = Sample.objects.filter(contract=series.contract, site=series.site, at__range=span)
    there = {row.at: row for row in rows}
    new, corrected = [], []
    for sample in samples:
        row = there.get(sample.at)
        if row is None:
            new.append(
                Sample(
                    contract=series.contract,
                    site=series.site,
                    at=sample.at,
                    bits_per_second=sample.bits_per_second,
                )
            )
        elif row.bits_per_second != sample.bits_per_second:
            row.bits_per_second = sample.bits_per_second
            corrected.append(row)
    Sample.objects.bulk_create(new, ignore_conflicts=True)
    Sample.objects.bulk_update(corrected, ["bits_per_second"], batch_size=200)
    return bool(new or corrected)


def _write_day(series: Series, chunk: Chunk, now: datetime) -> None:
    day = Chunk.whole(chunk.day)
    SampleDay.objects.update_or_create(
        contract=series.contract,
        site=series.site,
        day=chunk.day,
        defaults={"until": chunk.end, "read_at": now, "samples": _samples(series, day.start, day.end).count()},
    )

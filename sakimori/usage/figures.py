"""What a month comes to: its 95th percentile against its plan, overage, waiver, and how sure it is. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sakimori.lib.calendar import Month
from sakimori.lib.jst import start_of_day
from sakimori.usage.percentile import overage_mbps
from sakimori.usage.reading import BUCKET, CORRECTED, last_complete

_ENOUGH_PERCENT = 95


class Upgrade(Protocol):
    """An upgrade as far as it counts here."""

    month: date
    from_mbps: int
    to_mbps: int
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Term:
    """The span for which a contract runs, and its plan now."""

    starts_on: date
    ends_on: date | None
    plan_mbps: int | None


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """One month of all sites together. expected: so many samples should be there by now."""

    month: Month
    bits_per_second: int | None
    samples: int
    expected: int
    over: bool
    plan_mbps: int | None
    waived: bool

    @property
    def overage_mbps(self) -> int | None:
        """Started Mbps above the plan, waived or not; None when plan or bandwidth is unknown."""
        return overage_mbps(self.bits_per_second, self.plan_mbps)

    @property
    def few_samples(self) -> bool:
        """Whether so many samples are lacking that the percentile may be wrong."""
        return self.samples * 100 < self.expected * _ENOUGH_PERCENT

    @property
    def final(self) -> bool:
        """Whether the figure will not change any more."""
        return self.over and not self.few_samples


def month_end(month: Month, term: Term) -> datetime:
    """When a month is over for a contract."""
    return month.ends_at if term.ends_on is None else min(month.ends_at, start_of_day(term.ends_on))


def expected_samples(month: Month, term: Term, now: datetime) -> int:
    """How many samples a month should have by now, as far as the contract runs in it."""
    begins = max(month.begins_at, start_of_day(term.starts_on))
    ends = min(month_end(month, term), last_complete(now))
    return max(0, (ends - begins) // BUCKET)


def plan_in(month: Month, upgrades: Iterable[Upgrade], plan_mbps: int | None) -> int | None:
    """The plan that a month is measured by: the one at its end, and before the upgrade in the month that it waives."""
    moments = [(upgrade.confirmed_at, upgrade.month, upgrade.from_mbps) for upgrade in upgrades]
    confirmed = sorted((at, first, from_mbps) for at, first, from_mbps in moments if at is not None)
    waiving = (from_mbps for _, first, from_mbps in confirmed if first == month.first)
    later = (from_mbps for at, _, from_mbps in confirmed if at >= month.ends_at)
    return next(waiving, next(later, plan_mbps))


def figure(
    month: Month,
    term: Term,
    upgrades: Collection[Upgrade],
    *,
    bits_per_second: int | None,
    samples: int,
    now: datetime,
) -> MonthFigure:
    """Put together what is known of a month."""
    return MonthFigure(
        month=month,
        bits_per_second=bits_per_second,
        samples=samples,
        expected=expected_samples(month, term, now),
        over=now >= month_end(month, term) + CORRECTED,
        plan_mbps=plan_in(month, upgrades, term.plan_mbps),
        waived=is_waived(month, upgrades),
    )


def is_waived(month: Month, upgrades: Iterable[Upgrade]) -> bool:
    """Whether a confirmed upgrade waives the overage of a month."""
    return any(upgrade.month == month.first and upgrade.confirmed_at is not None for upgrade in upgrades)


def last_months(now: datetime, count: int, *, starts_on: date) -> Sequence[Month]:
    """This month and those before it, the newest first, as far as the contract goes back."""
    this = Month.at(now)
    months = (this.plus(-number) for number in range(count))
    return [month for month in months if month >= Month.of(starts_on) or month == this]

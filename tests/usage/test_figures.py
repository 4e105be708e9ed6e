"""A month's figure: the plan that counts, the waiver, and when it is final."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from sakimori.lib.calendar import Month
from sakimori.usage.figures import Term, expected_samples, figure, is_waived, last_months, plan_in

OCTOBER, NOVEMBER, DECEMBER = Month(2026, 10), Month(2026, 11), Month(2026, 12)
NOW = datetime(2026, 11, 23, 3, 7, tzinfo=UTC)
TERM = Term(date(2026, 4, 1), None, 5)


@dataclass(frozen=True)
class Asked:
    month: date
    from_mbps: int
    to_mbps: int
    confirmed_at: datetime | None


def asked(month: Month, before: int, after: int, *, confirmed: datetime | None) -> Asked:
    return Asked(month.first, before, after, confirmed)


def test_without_upgrades_the_plan_of_today_is_that_of_every_month() -> None:
    assert plan_in(OCTOBER, [], 5) == 5
    assert plan_in(OCTOBER, [], None) is None


def test_an_upgrade_counts_from_the_month_in_which_it_is_confirmed() -> None:
    upgrade = asked(OCTOBER, 3, 5, confirmed=datetime(2026, 11, 4, tzinfo=UTC))
    plans = [plan_in(month, [upgrade], 5) for month in (OCTOBER.plus(-1), OCTOBER, NOVEMBER, DECEMBER)]
    assert plans == [3, 3, 5, 5]
    assert [is_waived(month, [upgrade]) for month in (OCTOBER, NOVEMBER)] == [True, False]


def test_two_upgrades_one_after_the_other() -> None:
    upgrades = [
        asked(NOVEMBER, 5, 8, confirmed=datetime(2026, 11, 20, tzinfo=UTC)),
        asked(OCTOBER, 3, 5, confirmed=datetime(2026, 10, 9, tzinfo=UTC)),
    ]
    assert [plan_in(month, upgrades, 8) for month in (OCTOBER.plus(-1), OCTOBER, NOVEMBER, DECEMBER)] == [3, 3, 5, 8]


def test_an_upgrade_that_nobody_confirmed_changes_nothing() -> None:
    upgrade = asked(NOVEMBER, 5, 8, confirmed=None)
    assert (plan_in(NOVEMBER, [upgrade], 5), is_waived(NOVEMBER, [upgrade])) == (5, False)


@pytest.mark.parametrize(
    ("month", "term", "expected"),
    [
        (OCTOBER, TERM, 31 * 288),
        (NOVEMBER, TERM, 22 * 288 + 145),
        (DECEMBER, TERM, 0),
        (OCTOBER, Term(date(2026, 10, 30), None, 5), 2 * 288),
        (OCTOBER, Term(date(2026, 4, 1), date(2026, 10, 3), 5), 2 * 288),
        (NOVEMBER, Term(date(2026, 4, 1), date(2026, 10, 3), 5), 0),
    ],
)
def test_so_many_samples_should_be_there(month: Month, term: Term, expected: int) -> None:
    assert expected_samples(month, term, NOW) == expected


def of(month: Month, samples: int, *, now: datetime = NOW, bits: int | None = 7_100_000) -> tuple[bool, bool]:
    made = figure(month, TERM, [], bits_per_second=bits, samples=samples, now=now)
    return made.final, made.few_samples


@pytest.mark.parametrize(
    ("month", "samples", "expected"),
    [
        (NOVEMBER, 22 * 288 + 145, (False, False)),
        (NOVEMBER, 100, (False, True)),
        (OCTOBER, 31 * 288, (True, False)),
        (OCTOBER, 8482, (True, False)),
        (OCTOBER, 8481, (False, True)),
        (OCTOBER, 0, (False, True)),
    ],
)
def test_a_figure_is_final_when_the_month_is_over_and_hardly_a_sample_lacks(
    month: Month, samples: int, expected: tuple[bool, bool]
) -> None:
    assert of(month, samples) == expected


def test_the_vendors_last_corrections_are_waited_for() -> None:
    assert of(OCTOBER, 8928, now=OCTOBER.ends_at + timedelta(hours=5)) == (False, False)
    assert of(OCTOBER, 8928, now=OCTOBER.ends_at + timedelta(hours=6)) == (True, False)


def test_overage_is_told_even_where_it_is_waived() -> None:
    upgrade = asked(NOVEMBER, 5, 8, confirmed=NOW)
    made = figure(NOVEMBER, Term(date(2026, 4, 1), None, 8), [upgrade], bits_per_second=7_100_000, samples=1, now=NOW)
    assert (made.plan_mbps, made.overage_mbps, made.waived) == (5, 3, True)


def test_months_go_back_to_the_contracts_first() -> None:
    assert last_months(NOW, 3, starts_on=date(2026, 4, 1)) == [NOVEMBER, OCTOBER, OCTOBER.plus(-1)]
    assert last_months(NOW, 3, starts_on=date(2026, 11, 5)) == [NOVEMBER]
    assert last_months(NOW, 3, starts_on=date(2027, 1, 1)) == [NOVEMBER]

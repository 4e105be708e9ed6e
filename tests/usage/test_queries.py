"""What pages read: load against the plan, peaks of hours and days, the chart, and how much it costs."""

from datetime import timedelta

import pytest

from sakimori.lib.calendar import Month
from sakimori.usage.chart import draw
from sakimori.usage.models import MonthUsage, Sample
from sakimori.usage.percentile import percentile_95
from sakimori.usage.queries import Load, days_of, highest_load, hours_of
from sakimori.usage.series import keep_months
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


@pytest.fixture
def people() -> People:
    return make_people()


def put(people: People, *bits: int, minutes: int = 5) -> None:
    """Samples from the beginning of November on."""
    Sample.objects.bulk_create(
        Sample(contract=people.a, at=NOVEMBER.begins_at + timedelta(minutes=minutes * number), bits_per_second=each)
        for number, each in enumerate(bits)
    )


def test_the_highest_load_is_held_against_the_plan(people: People) -> None:
    assert highest_load(people.a, since=START) is None
    people.a.plan_mbps = 3
    put(people, 2_000_000, 3_000_001, 1)
    at = NOVEMBER.begins_at + timedelta(minutes=5)
    found = highest_load(people.a, since=NOVEMBER.begins_at)
    assert found == Load(at, 3_000_001, 3)
    assert found is not None
    assert found.is_over_plan
    later = highest_load(people.a, since=at + timedelta(minutes=5))
    assert later is not None
    assert not later.is_over_plan


def test_hours_and_days_show_their_highest_five_minutes(people: People) -> None:
    put(people, 1, 9, 3, 4, 7, minutes=30)
    assert [peak.bits_per_second for peak in hours_of(people.a, NOVEMBER)] == [9, 4, 7]
    Sample.objects.create(contract=people.a, at=NOVEMBER.begins_at + timedelta(hours=24), bits_per_second=5)
    assert [(peak.at, peak.bits_per_second) for peak in days_of(people.a, NOVEMBER)] == [
        (NOVEMBER.begins_at, 9),
        (NOVEMBER.begins_at + timedelta(days=1), 5),
    ]


def test_a_whole_month_is_kept_with_few_questions(people: People, django_assert_max_num_queries: object) -> None:
    values = [(number * 7919) % 8640 for number in range(8640)]
    put(people, *values)
    MonthUsage.objects.create(contract=people.a, month=NOVEMBER.first)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert keep_months(people.a, now=START) == 1
    row = MonthUsage.objects.get()
    assert (row.samples, row.bits_per_second, row.stale) == (8640, percentile_95(values), False)
    assert keep_months(people.a, now=START) == 0


def test_the_chart_names_its_lines_in_japanese_and_nothing_else(people: People) -> None:
    put(people, 1_000_000, 4_000_000)
    points = hours_of(people.a, NOVEMBER)
    picture = draw(NOVEMBER, points, plan_mbps=3, percentile=3_400_000)
    for words in ("契約帯域 3 Mbps", "95 パーセンタイル 3.40 Mbps", "2026年11月（日）", "帯域 (Mbps)"):
        assert words in picture
    assert picture.startswith("<svg")
    assert "aria-label=" not in picture
    assert "契約帯域" not in draw(NOVEMBER, points, plan_mbps=None, percentile=None)

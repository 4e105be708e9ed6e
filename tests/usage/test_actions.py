"""Asking for a larger plan, confirming it, and looking at the vendor now: each once, audited, refused in Japanese."""

from datetime import date, timedelta

import pytest

from sakimori.customers.models import AuditEntry
from sakimori.lib.calendar import Month
from sakimori.usage.actions import NotPossible, Wish, ask_upgrade, confirm_upgrade, look_now, months_to_upgrade
from sakimori.usage.models import UpgradeRequest, UsageState
from sakimori.usage.queries import months_of
from tests.moments import START
from tests.people import People, make_people
from tests.usage.office import make_office

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)
OCTOBER = Month(2026, 10)


@pytest.fixture
def people() -> People:
    people = make_people()
    make_office(people.a, days=100)
    return people


def actions_of(*names: str) -> int:
    return AuditEntry.objects.filter(action__in=names).count()


def test_an_upgrade_asked_and_confirmed_waives_the_month_and_raises_the_plan(people: People) -> None:
    request = ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    people.a.refresh_from_db()
    assert (people.a.plan_mbps, request.from_mbps, request.confirmed_at) == (3, 3, None)
    confirm_upgrade(request, by=people.dana, now=START)
    people.a.refresh_from_db()
    request.refresh_from_db()
    assert (people.a.plan_mbps, request.confirmed_by, request.confirmed_at) == (5, people.dana, START)
    this, last, *_ = months_of(people.a, 4, now=START)
    assert (this.figure.waived, this.figure.plan_mbps, this.upgrade) == (True, 3, request)
    assert (last.figure.waived, last.figure.plan_mbps, last.upgrade) == (False, 3, None)
    assert actions_of("upgrade.ask", "upgrade.confirm") == 2


def test_doing_it_twice_changes_nothing(people: People) -> None:
    first = ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    assert ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START) == first
    for _ in range(2):
        confirm_upgrade(first, by=people.dana, now=START)
    assert actions_of("upgrade.ask", "upgrade.confirm") == 2


def test_a_second_wish_for_the_same_month_is_refused(people: People) -> None:
    ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    with pytest.raises(NotPossible, match="2026年11月分の帯域アップグレードは、すでに"):
        ask_upgrade(people.a, Wish(NOVEMBER, 9), by=people.alice, now=START)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(NOVEMBER, 3), "現在の 3 Mbps より大きく"),
        (Wish(NOVEMBER, 0), "現在の 3 Mbps より大きく"),
        (Wish(NOVEMBER, 100_001), "100000 Mbps 以下"),
        (Wish(Month(2026, 9), 5), "当月分と前月分"),
        (Wish(Month(2026, 12), 5), "当月分と前月分"),
    ],
)
def test_what_cannot_be_asked_is_said_so(people: People, wish: Wish, words: str) -> None:
    with pytest.raises(NotPossible, match=words):
        ask_upgrade(people.a, wish, by=people.alice, now=START)
    assert not UpgradeRequest.objects.exists()


def test_without_a_plan_or_after_the_end_nothing_is_asked(people: People) -> None:
    people.a.plan_mbps = None
    people.a.save()
    with pytest.raises(NotPossible, match="契約帯域が登録されていない"):
        ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    people.a.plan_mbps, people.a.ends_on = 3, START.date()
    people.a.save()
    with pytest.raises(NotPossible, match="解約済み"):
        ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)


def test_nothing_is_confirmed_that_does_not_fit_any_more(people: People) -> None:
    request = ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    for columns, words in (
        ({"plan_mbps": 8}, "8 Mbps）が申込内容（5 Mbps）に合いません"),
        ({"plan_mbps": None}, "未登録 Mbps"),
        ({"plan_mbps": 3, "ends_on": START.date()}, "解約済み"),
    ):
        type(people.a).objects.filter(pk=people.a.pk).update(**columns)
        with pytest.raises(NotPossible, match=words):
            confirm_upgrade(request, by=people.dana, now=START)
    request.refresh_from_db()
    assert request.confirmed_at is None


def test_this_month_and_the_last_may_be_asked_for(people: People) -> None:
    assert months_to_upgrade(people.a, now=START) == [NOVEMBER, OCTOBER]
    ask_upgrade(people.a, Wish(NOVEMBER, 5), by=people.alice, now=START)
    assert months_to_upgrade(people.a, now=START) == [OCTOBER]
    people.a.starts_on = date(2026, 11, 5)
    assert months_to_upgrade(people.a, now=START) == []


def test_looking_now_makes_both_duties_due_and_is_written_down(people: People) -> None:
    later = START + timedelta(hours=1)
    UsageState.objects.create(contract=people.a, samples_next_at=later, setup_next_at=later)
    look_now(people.a, by=people.dana, now=START)
    state = UsageState.objects.get()
    assert (state.samples_next_at, state.setup_next_at) == (START, START)
    assert actions_of("usage.look") == 1
    people.a.ends_on = START.date()
    with pytest.raises(NotPossible, match="解約済み"):
        look_now(people.a, by=people.dana, now=START)

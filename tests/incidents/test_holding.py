"""Many sites bad at once: one alarm, nothing held silently, one word releases all, and every customer hears it once."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.accounts.models import User
from sakimori.customers.models import AuditEntry
from sakimori.incidents import actions
from sakimori.incidents.holding import keep_all, release, review_hold, waiting
from sakimori.incidents.models import Decision, Hold, Incident, IncidentKind, Verdict, Watch
from sakimori.incidents.settling_quiet import settle_watches
from sakimori.incidents.together import are_many, may_be_many
from sakimori.incidents.visitors import Examination
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, CallRound, Severity
from tests.incidents.many import attack, examination, make_contracts, settle
from tests.incidents.post import LIMITS, RHYTHM, make_contacts
from tests.moments import START
from tests.people import make_contract, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("bad", "contracts", "many"),
    [
        ({}, 10, False),
        ({1: 1, 2: 1, 3: 1}, 3, False),
        ({1: 200}, 10, False),
        ({1: 1, 2: 1, 3: 1, 4: 1}, 8, False),
        ({1: 1, 2: 1, 3: 1, 4: 1}, 7, True),
        ({1: 27, 2: 1, 3: 1, 4: 1}, 200, True),
        ({1: 26, 2: 1, 3: 1, 4: 1}, 200, False),
        ({1: 30, 2: 0, 3: 0, 4: 0}, 200, False),
        (dict.fromkeys(range(20), 1), 200, False),
        (dict.fromkeys(range(30), 1), 1000, True),
    ],
)
def test_many_are_thirty_sites_or_most_contracts_but_never_a_single_customer(
    bad: dict[int, int], contracts: int, many: bool
) -> None:
    assert are_many(bad, contracts=contracts, many=30) is many


@pytest.mark.parametrize(
    ("bad", "unjudged", "many"),
    [
        ({}, dict.fromkeys(range(30), 1), True),
        ({}, dict.fromkeys(range(20), 1), False),
        (dict.fromkeys(range(10), 1), dict.fromkeys(range(10, 30), 1), True),
        ({}, {1: 90}, False),
    ],
)
def test_they_may_be_many_while_so_many_are_visited_for_the_first_time(
    bad: dict[int, int], unjudged: dict[int, int], many: bool
) -> None:
    assert may_be_many(bad, unjudged, many=30) is many


def test_200_sites_down_together_are_one_alarm_and_nobody_is_called() -> None:
    rows = [attack(contract, START) for contract in make_contracts(200)]
    at = START + timedelta(seconds=63)
    for row in rows:
        settle(row, at)
    review_hold(now=at)
    hold = Hold.objects.get()
    assert waiting(hold).count() == 200
    assert not CallRound.objects.exists()
    assert not Incident.objects.exclude(told_at=None).exists()
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/holds/{hold.pk}/")
    assert alarm.due_at == alarm.first_at + timedelta(minutes=5)
    review_hold(now=at + timedelta(minutes=1))
    assert "200 サイトのお客様への連絡を保留しています" in Alarm.objects.get().sentence
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    assert release(hold, by=dana, now=at + timedelta(minutes=2)) == 200
    assert release(hold, by=dana, now=at + timedelta(minutes=3)) == 0
    assert CallRound.objects.count() == 200
    assert {row.told_at for row in Incident.objects.all()} == {at + timedelta(minutes=2)}
    assert {row.decision for row in Incident.objects.all()} == {Decision.TELL}
    assert Alarm.objects.get(key=f"hold:{hold.pk}").acknowledged_by == dana
    assert AuditEntry.objects.filter(action="hold.release").count() == 1
    for row in rows[:3]:
        settle(row, at + timedelta(minutes=4))
    assert CallRound.objects.count() == 200


def test_twenty_attacks_at_once_among_200_sites_are_called_at_once() -> None:
    contracts = make_contracts(60)
    for contract in contracts[:20]:
        assert settle(attack(contract, START), START).told_at == START
    assert not Hold.objects.exists()


def test_a_control_page_behind_the_waf_that_cannot_be_opened_holds_the_first_notice_already() -> None:
    row = settle(attack(make_contracts(1)[0], START), START, waf=False)
    hold = Hold.objects.get()
    assert (row.verdict, row.decision, row.hold, row.told_at) == (Verdict.NOT_DISPLAYED, Decision.WAITING, hold, None)
    assert "WAF 経由の対照ページも開けない" in Alarm.objects.get().sentence


def test_while_our_own_line_is_dead_nothing_is_held_for_nothing_is_known() -> None:
    row = settle(attack(make_contracts(1)[0], START), START, line=False, waf=False)
    assert (row.verdict, row.hold) == (Verdict.INCONCLUSIVE, None)
    assert not Hold.objects.exists()


def held(number: int = 5) -> list[Incident]:
    rows = [attack(contract, START) for contract in make_contracts(number)]
    return [settle(row, START, waf=False) for row in rows]


def test_what_is_held_is_alarmed_about_again_until_somebody_decides() -> None:
    held()
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    for minutes in (0, 1, 5, 20):
        review_hold(now=START + timedelta(minutes=minutes))
        for alarm in Alarm.objects.filter(acknowledged_at=None):
            acknowledge(alarm, by=dana, now=START + timedelta(minutes=minutes))
    # At once, with the right number a minute later, and after fifteen minutes again.
    assert Alarm.objects.count() == 3
    keep_all(Hold.objects.get(), by=dana, now=START + timedelta(minutes=21))
    review_hold(now=START + timedelta(minutes=60))
    assert Alarm.objects.count() == 3


def test_what_is_held_after_the_rest_was_kept_inside_is_alarmed_about_at_once() -> None:
    held()
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    review_hold(now=START)
    keep_all(Hold.objects.get(), by=dana, now=START)
    further = make_contract("株式会社後", "後")
    make_contacts(further)
    row = settle(attack(further, START), START + timedelta(minutes=1), waf=False)
    assert row.decision == Decision.WAITING
    review_hold(now=START + timedelta(minutes=1))
    assert Alarm.objects.filter(acknowledged_at=None, key__startswith="hold:").count() == 1


def test_what_was_kept_inside_stays_inside_while_it_lasts() -> None:
    rows = held()
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    assert keep_all(Hold.objects.get(), by=dana, now=START) == 5
    assert keep_all(Hold.objects.get(), by=dana, now=START) == 0
    for row in rows:
        settle(row, START + timedelta(minutes=1), waf=False)
    assert {row.decision for row in Incident.objects.all()} == {Decision.KEEP}
    assert not CallRound.objects.exists()


def test_one_of_the_held_may_be_told_alone() -> None:
    rows = held()
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    assert actions.tell_customer(rows[0], by=dana, now=START) == 1
    assert CallRound.objects.get().key == f"incident:{rows[0].pk}"
    assert release(Hold.objects.get(), by=dana, now=START) == 4
    assert CallRound.objects.count() == 5


def test_a_site_that_follows_after_the_release_is_told_at_once_and_the_end_comes_later() -> None:
    contracts = make_contracts(6)
    for contract in contracts[:5]:
        settle(attack(contract, START), START, waf=False)
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    release(Hold.objects.get(), by=dana, now=START)
    late = settle(attack(contracts[5], START), START + timedelta(minutes=5), waf=False)
    assert late.told_at == START + timedelta(minutes=5)
    for row in Incident.objects.all():
        settle(row, START + timedelta(minutes=10), well=True)
    review_hold(now=START + timedelta(minutes=10))
    assert Hold.objects.get().ended_at is None
    review_hold(now=START + timedelta(minutes=31))
    assert Hold.objects.get().ended_at == START + timedelta(minutes=31)


def test_a_site_that_is_well_again_before_the_release_is_told_of_all_the_same() -> None:
    rows = held()
    for minutes in (38, 39, 40):
        settle(rows[0], START + timedelta(minutes=minutes), well=True)
    rows[0].refresh_from_db()
    assert (rows[0].ended_at is not None, rows[0].decision) == (True, Decision.WAITING)
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    assert release(Hold.objects.get(), by=dana, now=START + timedelta(minutes=41)) == 5
    assert "その後、回復を確認しております" in CallRound.objects.get(key=f"incident:{rows[0].pk}").say


def test_a_contract_that_ended_meanwhile_is_not_told() -> None:
    rows = held()
    rows[0].contract.ends_on = START.date()
    rows[0].contract.save()
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    release(Hold.objects.get(), by=dana, now=START)
    rows[0].refresh_from_db()
    assert (rows[0].decision, rows[0].told_at) == (Decision.KEEP, None)
    assert CallRound.objects.count() == 4


def test_a_suspicion_that_comes_to_nothing_lets_go_by_itself() -> None:
    rows = [attack(contract, START) for contract in make_contracts(40)]
    first = settle(rows[0], START + timedelta(seconds=5))
    assert (first.told_at, first.decision) == (None, Decision.WAITING)
    held = Alarm.objects.get()  # Nothing is held silently, be it for seconds.
    assert (held.key, held.severity) == (f"hold:{Hold.objects.get().pk}", "high")
    assert "最長 2 分間" in held.sentence
    for row in rows[1:]:
        settle(row, START + timedelta(seconds=7), well=True)
    review_hold(now=START + timedelta(seconds=10))
    first.refresh_from_db()
    assert (first.told_at, first.decision, first.hold) == (START + timedelta(seconds=10), Decision.NONE, None)
    assert CallRound.objects.count() == 1
    review_hold(now=START + timedelta(seconds=15))
    assert Hold.objects.get().ended_at is not None
    held.refresh_from_db()
    assert (held.acknowledged_at, "解消しました" in held.sentence) == (None, True)


@pytest.mark.parametrize("later", [timedelta(minutes=2, seconds=6), timedelta(hours=-1)])
def test_a_suspicion_that_lasts_too_long_is_none_and_a_clock_set_back_ends_it_too(later: timedelta) -> None:
    rows = [attack(contract, START) for contract in make_contracts(40)]
    first = settle(rows[0], START + timedelta(seconds=5))
    review_hold(now=START + later)
    first.refresh_from_db()
    assert first.told_at == START + later


def test_outages_without_an_attack_are_held_as_one_too() -> None:
    contracts = make_contracts(5)
    for contract in contracts:
        site = contract.sites.get()
        watch = Watch.objects.create(site=site, next_at=START)
        done = examination(Incident(pk=1), START)
        settle_watches(
            [Examination(watch.pk, done.visits, controls_open=True)], limits=LIMITS, rhythm=RHYTHM, now=START
        )
    rows = Incident.objects.filter(kind=IncidentKind.SITE_DOWN)
    # The first three were cases of their own, for all that was known.
    assert [row.hold_id is not None for row in rows.order_by("pk")] == [False] * 3 + [True] * 2
    assert Alarm.objects.filter(key__startswith="hold:").count() == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["settle", "twice", "well", "line", "release", "keep", "tell", "review", "back", "wait"]),
        st.integers(0, 4),
    ),
    max_size=25,
)


@settings(max_examples=25)
@given(STEPS, st.booleans())
def test_whatever_happens_a_wave_tells_exactly_once(db: None, steps: list[tuple[str, int]], waf: bool) -> None:
    """Workers that do things twice, clocks that jump, restarts: at most one round of calls, one mark and no gap."""
    with transaction.atomic():
        _play(steps, waf=waf)
        transaction.set_rollback(True)


def _play(steps: list[tuple[str, int]], *, waf: bool) -> None:
    now: datetime = START
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    rows = [attack(contract, now) for contract in make_contracts(5)]
    told: dict[int, datetime | None] = {}
    for act, place in steps:
        _act(act, rows[place], dana, now, waf=waf)
        now += timedelta(hours=-1) if act == "back" else timedelta(seconds=61)
        for each in Incident.objects.exclude(told_at=None):
            assert told.setdefault(each.pk, each.told_at) == each.told_at
    assert CallRound.objects.count() == len(told)
    assert AuditEntry.objects.filter(action="incident.told").count() == len(told)
    bad = Incident.objects.filter(verdict__in=(Verdict.NOT_DISPLAYED, Verdict.SLOW), told_at=None)
    for each in bad:  # Whoever was not told waits in sight of an analyst, or an analyst has said so.
        assert each.decision in (Decision.WAITING, Decision.KEEP)


def _act(act: str, row: Incident, dana: User, now: datetime, *, waf: bool) -> None:
    if act in ("settle", "twice", "well", "line"):
        for _ in range(2 if act == "twice" else 1):
            settle(row, now, well=act == "well", line=act != "line", waf=waf)
    elif act in ("release", "keep"):
        for hold in Hold.objects.filter(is_open=True):
            (release if act == "release" else keep_all)(hold, by=dana, now=now)
    elif act == "tell":
        row.refresh_from_db()
        if row.decision == Decision.WAITING:
            actions.tell_customer(row, by=dana, now=now)
    elif act == "review":
        review_hold(now=now)

"""Chapter 1-3's outages: a site, all of its origin servers, the vendor, ourselves; and what an analyst decides."""

from datetime import timedelta

import pytest

from sakimori.customers.models import AuditEntry, Contract, VendorAccount
from sakimori.incidents import actions, duties
from sakimori.incidents.actions import NotPossible
from sakimori.incidents.hours import sum_hours
from sakimori.incidents.models import (
    Decision,
    Heartbeat,
    Incident,
    IncidentKind,
    Probe,
    SiteHour,
    Verdict,
    Watch,
)
from sakimori.incidents.opening import end, tell
from sakimori.logs.models import PullState
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, CallMatter, CallRound, RoundState, Severity
from tests.incidents.post import CONTROL, Post, dead, flapping, inner, make_contacts, only, slow, url_of, watch_site
from tests.incidents.rows import make_incident
from tests.lines import cef
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

GAP = timedelta(minutes=5)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def origin_down(post: Post, contract: Contract, *, number: int = 2) -> None:
    at = post.clock() - timedelta(seconds=30)
    post.file(contract, [cef("Normal", "198.51.100.3", at=at, act="REQ_ALL_IPS_DOWN") for _ in range(number)])


def failing(contract: Contract, *, failures: int = 3, error: str = "WafUnavailable: 503") -> PullState:
    state, _ = PullState.objects.update_or_create(
        contract=contract, defaults={"next_try_at": START, "failures": failures, "last_error": error}
    )
    return state


# Sites at quiet times


def test_a_watched_site_is_visited_again_and_again(post: Post, people: People) -> None:
    watch_site(people.a)
    post.round()
    post.round(minutes=4)
    assert Probe.objects.count() == 1
    post.round(minutes=1)
    probe = Probe.objects.latest("pk")
    assert Probe.objects.count() == 2
    assert (probe.incident, probe.verdict, probe.total_ms, probe.status) == (None, Verdict.NORMAL, 120, 200)
    assert post.pages.visited == [url_of(people.a)] * 2
    assert not Incident.objects.exists()


@pytest.mark.parametrize("columns", [{"watched": False}, {"reachable": False}])
def test_only_reachable_sites_whose_customer_agreed_are_watched(
    post: Post, people: People, columns: dict[str, bool]
) -> None:
    watch_site(people.a)
    post.round()
    people.a.sites.update(**columns)
    post.round(minutes=10)
    assert len(post.pages.visited) == 1


def test_a_site_that_is_down_without_an_attack_waits_for_an_analyst(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.pages.states[site.page_url] = dead
    post.round()
    row = only()
    assert (row.kind, row.site, row.decision, row.told_at) == (IncidentKind.SITE_DOWN, site, Decision.WAITING, None)
    assert (row.verdict, row.signals) == (Verdict.NOT_DISPLAYED, 0)
    assert row.probes.count() == 2
    target = AuditEntry.objects.filter(target=f"incident:{row.pk}").order_by("pk")
    assert list(target.values_list("action", flat=True)) == ["incident.open", "incident.verdict"]
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/incidents/{row.pk}/")
    assert "30 秒以内に表示が完了しませんでした" in alarm.sentence
    assert "お客様へ連絡するかを判断してください" in alarm.sentence
    assert not CallRound.objects.exists()
    actions.tell_customer(row, by=people.dana, now=post.clock())
    row.refresh_from_db()
    assert (row.decision, row.decided_by, row.told_at) == (Decision.TELL, people.dana, post.clock())
    assert CallRound.objects.get().key == f"incident:{row.pk}"


def test_one_bad_visit_alone_is_no_outage(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.pages.states[site.page_url] = flapping([False, True, True])
    post.round()
    assert not Incident.objects.exists()
    assert Probe.objects.filter(incident=None).count() == 3


def test_a_site_that_is_down_is_visited_until_it_is_well_and_then_the_outage_is_over(
    post: Post, people: People
) -> None:
    site = watch_site(people.a)
    post.pages.states[site.page_url] = slow
    post.round()
    post.round(minutes=1)
    assert (only().ended_at, only().verdict) == (None, Verdict.SLOW)
    post.pages.states.clear()
    post.recover(minutes=1)
    row = only()
    assert (row.ended_at, row.verdict, row.decision) == (post.clock(), Verdict.SLOW, Decision.WAITING)
    post.pages.visited.clear()
    post.round(minutes=10)
    assert post.pages.visited == [site.page_url]
    assert Incident.objects.count() == 1


def test_our_own_broken_line_is_no_outage_of_a_site(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.pages.states.update({site.page_url: dead, CONTROL: dead})
    post.round()
    post.round(minutes=5)
    assert not Incident.objects.exists()
    alarm = Alarm.objects.get()
    assert (alarm.key, alarm.count) == ("probe-inconclusive", 1)
    assert {probe.verdict for probe in Probe.objects.all()} == {Verdict.INCONCLUSIVE}


def test_a_name_that_leads_inside_is_an_alarm_and_no_outage(post: Post, people: People) -> None:
    post.pages.states[watch_site(people.a).page_url] = inner
    post.round()
    assert not Incident.objects.exists()
    assert Alarm.objects.get().key == "probe-inconclusive"


def test_while_a_ddos_is_open_no_outage_of_the_site_opens(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.ddos(people.a)
    post.round()
    post.pages.states[site.page_url] = dead
    post.round(minutes=6)
    assert only().kind == IncidentKind.DDOS
    assert CallRound.objects.count() == 1


def test_a_ddos_that_tells_takes_the_decision_about_the_sites_outage_away(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.pages.states[site.page_url] = dead
    post.round()
    post.ddos(people.a)
    post.round()
    rows = {row.kind: row for row in Incident.objects.all()}
    assert rows[IncidentKind.DDOS].told_at == post.clock()
    assert (rows[IncidentKind.SITE_DOWN].decision, rows[IncidentKind.SITE_DOWN].told_at) == (Decision.KEEP, None)
    assert CallRound.objects.count() == 1
    assert not any("判断してください" in alarm.sentence for alarm in Alarm.objects.all())


def test_old_probes_of_quiet_times_are_forgotten_once_they_are_summed_up_those_of_incidents_are_not(
    post: Post, people: People
) -> None:
    site = watch_site(people.a)
    post.round()
    post.pages.states[site.page_url] = dead
    post.round(minutes=5)
    later = post.clock() + timedelta(days=36)
    assert duties.forget_old_probes(now=later) == 0
    assert sum_hours(now=post.clock() + timedelta(hours=2)) == 1
    assert duties.forget_old_probes(now=post.clock() + timedelta(days=34)) == 0
    assert duties.forget_old_probes(now=later) == 1
    assert {probe.incident_id for probe in Probe.objects.all()} == {only().pk}
    assert SiteHour.objects.get().visits == 3
    assert duties.forget_old_probes(now=post.clock() + timedelta(days=101)) == 1
    assert not SiteHour.objects.exists()


def test_a_claimed_visit_is_not_made_twice(post: Post, people: People) -> None:
    site = watch_site(people.a)
    Watch.objects.create(site=site, next_at=START, claimed_by="other:1", claimed_until=START + timedelta(minutes=1))
    post.watch()
    assert post.pages.visited == []
    post.round(minutes=2)
    assert post.pages.visited == [site.page_url]


# Origin servers


def test_all_origin_servers_down_waits_for_an_analyst_and_ends_when_it_is_quiet(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.round()
    row = only()
    assert (row.kind, row.decision, row.signals, row.told_at) == (
        IncidentKind.ORIGIN_DOWN,
        Decision.WAITING,
        2,
        None,
    )
    assert row.verdict == Verdict.NORMAL
    assert "オリジンサーバー" in Alarm.objects.get().sentence
    post.round(minutes=29)
    assert only().ended_at is None
    post.round(minutes=1)
    assert only().ended_at == post.clock()


def test_a_bad_verdict_alone_tells_nobody_of_an_origin_that_is_down(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    origin_down(post, people.a)
    post.round()
    assert (only().verdict, only().told_at) == (Verdict.NOT_DISPLAYED, None)
    assert not CallRound.objects.exists()
    actions.tell_customer(only(), by=people.dana, now=post.clock())
    assert "オリジンサーバーがすべて応答していません" in CallRound.objects.get().say


# The vendor


def test_a_site_that_goes_down_after_its_origins_failure_was_kept_inside_is_a_question_of_its_own(
    post: Post, people: People
) -> None:
    origin_down(post, people.a)
    post.round()
    actions.keep_inside(only(), by=people.dana, now=post.clock())
    post.pages.states[url_of(people.a)] = dead
    post.round(minutes=1)
    post.round(minutes=1)
    down = Incident.objects.get(kind=IncidentKind.SITE_DOWN)
    assert (down.decision, down.verdict) == (Decision.WAITING, Verdict.NOT_DISPLAYED)
    alarm = Alarm.objects.get(acknowledged_at=None)
    assert (alarm.severity, alarm.link) == (Severity.HIGH, f"/console/incidents/{down.pk}/")
    assert Incident.objects.get(kind=IncidentKind.ORIGIN_DOWN).decision == Decision.KEEP


def test_a_vendors_outage_is_one_incident_per_contract_one_alarm_and_one_decision(post: Post, people: People) -> None:
    failing(people.a)
    failing(people.b, failures=5)
    post.outages()
    post.outages()
    rows = list(Incident.objects.order_by("contract"))
    assert [(row.contract, row.kind, row.site) for row in rows] == [
        (people.a, IncidentKind.VENDOR, None),
        (people.b, IncidentKind.VENDOR, None),
    ]
    assert len({row.group for row in rows}) == 1
    assert "続けて 5 回" in rows[1].sentence
    alarm = Alarm.objects.get()
    assert (alarm.severity, alarm.count, alarm.link) == (Severity.HIGH, 1, f"/console/incidents/{rows[0].pk}/")
    assert "対象 2 契約" in alarm.sentence
    assert actions.tell_customer(rows[1], by=people.dana, now=post.clock()) == 2
    assert {row.told_at for row in Incident.objects.all()} == {post.clock()}
    assert not CallRound.objects.exists()


@pytest.mark.parametrize(
    ("a", "b", "opened"),
    [
        ((2, "WafUnavailable: 503"), (9, "WafUnavailable: 503"), 0),
        ((3, "WafUnavailable: 503"), (3, "WafUnauthorised: key"), 0),
        ((3, "OSError: disk full"), (3, "WafUnavailable: 503"), 0),
        ((3, "WafDoubtful: cut"), (3, "WafRefused: HTML"), 2),
    ],
)
def test_several_contracts_must_fail_for_the_vendors_reasons(
    post: Post, people: People, a: tuple[int, str], b: tuple[int, str], opened: int
) -> None:
    failing(people.a, failures=a[0], error=a[1])
    failing(people.b, failures=b[0], error=b[1])
    post.outages()
    assert Incident.objects.count() == opened


def test_with_only_one_contract_that_one_is_enough(post: Post, people: People) -> None:
    failing(people.a)
    post.outages()
    assert only().contract == people.a


def test_while_our_own_line_is_broken_the_vendor_is_not_blamed(post: Post, people: People) -> None:
    post.pages.states[CONTROL] = dead
    failing(people.a)
    failing(people.b)
    post.outages()
    assert not Incident.objects.exists()


def test_a_contract_that_joins_an_outage_follows_its_decision(post: Post, people: People) -> None:
    failing(people.a)
    failing(people.b, failures=0)
    PullState.objects.filter(contract=people.b).delete()
    post.outages()
    actions.tell_customer(only(), by=people.dana, now=post.clock())
    failing(people.b)
    post.clock.pass_time(minutes=5)
    post.outages()
    late = Incident.objects.get(contract=people.b)
    assert (late.group, late.decision, late.told_at) == (
        Incident.objects.get(contract=people.a).group,
        Decision.TELL,
        post.clock(),
    )
    assert Alarm.objects.get().count == 1


def test_the_vendors_outage_is_over_when_logs_come_again(post: Post, people: People) -> None:
    failing(people.a)
    failing(people.b)
    post.outages()
    failing(people.a, failures=0, error="")
    post.clock.pass_time(minutes=7)
    post.outages()
    ended = {row.contract: row.ended_at for row in Incident.objects.all()}
    assert ended == {people.a: post.clock(), people.b: None}
    failing(people.b, failures=0, error="")
    post.outages()
    failing(people.a)
    failing(people.b)
    post.clock.pass_time(minutes=7)
    post.outages()
    assert Incident.objects.count() == 4
    assert len(set(Incident.objects.values_list("group", flat=True))) == 2


@pytest.mark.parametrize("how", ["no address", "no row"])
def test_the_vendors_outage_is_over_for_a_contract_whose_logs_nobody_fetches_any_more(
    post: Post, people: People, how: str
) -> None:
    failing(people.a)
    failing(people.b)
    post.outages()
    assert Incident.objects.filter(ended_at=None).count() == 2
    if how == "no row":
        PullState.objects.filter(contract=people.a).delete()
    else:
        VendorAccount.objects.create(contract=people.a, log_base_url="")
    post.outages()
    assert [row.contract for row in Incident.objects.filter(ended_at=None)] == [people.b]


def test_contracts_that_were_cancelled_have_no_outages(post: Post, people: People) -> None:
    failing(people.a)
    failing(people.b)
    post.outages()
    people.b.ends_on = START.date()
    people.b.save()
    post.outages()
    assert Incident.objects.get(contract=people.b).ended_at == START
    assert actions.tell_customer(Incident.objects.get(contract=people.a), by=people.dana, now=START) == 2
    told = {row.contract: row.told_at for row in Incident.objects.all()}
    assert told == {people.a: START, people.b: None}
    assert duties.beat(longest_gap=GAP, now=START) == 0
    duties.beat(longest_gap=GAP, now=START + timedelta(hours=1))
    assert [row.contract for row in Incident.objects.filter(kind=IncidentKind.OWN)] == [people.a]


# Our own service


def test_a_gap_in_the_heartbeat_is_an_outage_of_our_own_that_is_over_already(post: Post, people: People) -> None:
    for minutes in (0, 2, 7, 12):
        duties.beat(longest_gap=GAP, now=START + timedelta(minutes=minutes))
    assert not Incident.objects.exists()
    back = START + timedelta(minutes=30)
    duties.beat(longest_gap=GAP, now=back)
    duties.beat(longest_gap=GAP, now=back)
    rows = list(Incident.objects.all())
    assert [row.contract for row in rows] == [people.a, people.b]
    for row in rows:
        assert (row.kind, row.opened_at, row.ended_at) == (IncidentKind.OWN, START + timedelta(minutes=12), back)
        assert (row.decision, row.told_at) == (Decision.WAITING, None)
        assert "（約 18 分間）、監視が停止していました。" in row.sentence
    assert (Alarm.objects.get().count, Alarm.objects.get().severity) == (1, Severity.HIGH)
    actions.keep_inside(rows[0], by=people.dana, now=back)
    assert {row.decision for row in Incident.objects.all()} == {Decision.KEEP}


def test_a_clock_that_was_set_back_is_no_outage(people: People) -> None:
    duties.beat(longest_gap=GAP, now=START)
    duties.beat(longest_gap=GAP, now=START - timedelta(hours=1))
    assert Heartbeat.objects.get().at == START
    assert not Incident.objects.exists()


# Decisions


def test_a_decision_is_made_once_and_recorded(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.search()
    row = only()
    assert actions.keep_inside(row, by=people.dana, now=START) == 1
    assert actions.keep_inside(row, by=people.dana, now=START) == 0
    with pytest.raises(NotPossible, match="連絡しない"):
        actions.tell_customer(row, by=people.dana, now=START)
    assert (only().decision, only().told_at) == (Decision.KEEP, None)
    entry = AuditEntry.objects.get(action="incident.keep")
    assert (entry.actor, entry.target, entry.customer_number) == ("dana", f"incident:{row.pk}", "C-A")


def test_whoever_decides_takes_the_alarm_along_and_no_other(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.search()
    failing(people.a)
    failing(people.b)
    post.outages()
    actions.keep_inside(Incident.objects.get(kind=IncidentKind.ORIGIN_DOWN), by=people.dana, now=START)
    assert [alarm.key.split(":")[1] for alarm in Alarm.objects.filter(acknowledged_at=None)] == ["vendor"]
    assert Alarm.objects.get(acknowledged_by=people.dana).key.startswith("incident:")
    actions.keep_inside(Incident.objects.filter(kind=IncidentKind.VENDOR)[1], by=people.dana, now=START)
    assert not Alarm.objects.filter(acknowledged_at=None).exists()


def test_of_a_contract_that_has_ended_nobody_is_said_to_be_told(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.search()
    people.a.ends_on = START.date()
    people.a.save()
    with pytest.raises(NotPossible, match="ご契約が終了しているため"):
        actions.tell_customer(only(), by=people.dana, now=START)
    assert only().decision == Decision.WAITING
    assert actions.keep_inside(only(), by=people.dana, now=START) == 1


def test_who_is_called_after_the_end_hears_that_it_is_over(post: Post, people: People) -> None:
    watch_site(people.a)
    post.pages.states[url_of(people.a)] = dead
    post.round()
    post.pages.states.clear()
    post.recover(minutes=5)
    assert only().ended_at
    actions.tell_customer(only(), by=people.dana, now=post.clock())
    assert "確認しました。その後、回復を確認しております。" in CallRound.objects.get().say


def test_who_is_called_late_in_the_round_hears_that_it_is_over_too(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    assert "回復" not in CallRound.objects.get().say
    post.pages.states.clear()
    post.recover(minutes=40)
    assert only().ended_at
    assert "その後、回復を確認しております。" in CallRound.objects.get().say
    assert CallMatter.objects.get().say == CallRound.objects.get().say


def test_a_round_that_has_ended_stays_as_it_was_spoken(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    CallRound.objects.update(state=RoundState.REACHED, ended_at=post.clock())
    post.pages.states.clear()
    post.recover(minutes=40)
    assert "回復" not in CallRound.objects.get().say


def test_a_round_that_tells_of_two_sites_keeps_naming_the_second(post: Post, people: People) -> None:
    first = make_incident(people.a, IncidentKind.DDOS, group="site:x1", probes=0, verdict_at=START)
    second = make_incident(people.a, IncidentKind.DDOS, group="site:x2", probes=0)
    for row in (first, second):
        tell(row, now=START)
    first.normal_in_a_row = 3
    end(first, now=START)
    say = CallRound.objects.get().say
    assert "その後、回復を確認しております。" in say
    assert "ほか 1 件のお知らせがあります。" in say


def test_of_a_contract_that_ends_nobody_is_called_although_another_one_goes_on(post: Post, people: People) -> None:
    Contract.objects.create(customer=people.a.customer, number="K-A-002", starts_on=START.date())
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    Contract.objects.filter(pk=people.a.pk).update(ends_on=START.date())
    post.outages()
    assert only().ended_at
    round_ = CallRound.objects.get()
    assert (round_.state, round_.stop_reason) == (RoundState.STOPPED, "契約が終了したため")
    assert "回復" not in round_.say


def test_telling_twice_calls_once(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.search()
    assert actions.tell_customer(only(), by=people.dana, now=START) == 1
    assert actions.tell_customer(only(), by=people.dana, now=START + timedelta(minutes=1)) == 0
    assert only().told_at == START
    assert CallRound.objects.count() == 1


def test_about_a_ddos_there_is_nothing_to_decide(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.search()
    with pytest.raises(NotPossible):
        actions.tell_customer(only(), by=people.dana, now=START)
    assert only().told_at is None


def test_a_decision_about_one_site_concerns_no_other_occurrence(post: Post, people: People) -> None:
    origin_down(post, people.a)
    post.round()
    post.recover(minutes=40)
    origin_down(post, people.a)
    post.round()
    first, second = Incident.objects.order_by("pk")
    actions.tell_customer(second, by=people.dana, now=post.clock())
    first.refresh_from_db()
    assert (first.decision, first.told_at) == (Decision.WAITING, None)

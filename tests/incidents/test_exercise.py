"""訓練: the whole chain for a sandbox customer, marked everywhere, and never for anybody real."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.customers.models import AuditEntry, Contact, Customer, Site
from sakimori.incidents.actions import NotPossible
from sakimori.incidents.beside import Sight
from sakimori.incidents.clocks import passed, read
from sakimori.incidents.course import Exercise
from sakimori.incidents.evidence import content_of
from sakimori.incidents.exercise import play_exercises, replayable, scenario_of, start_exercise, stop_exercise
from sakimori.incidents.models import Evidence, Hold, Incident, IncidentKind, Probe, Verdict
from sakimori.incidents.opening import NotASandbox, open_for_site, tell
from sakimori.incidents.sandbox import Trainee, make_sandbox, sandbox_sites
from sakimori.incidents.scenario import INVENTED
from sakimori.incidents.telling import clocks_of
from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.lib.calendar import Month
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, CallRound, Message, RoundState
from sakimori.notify.spoken import spoken
from sakimori.reports.queries import contracts_without_report
from sakimori.tickets.duties import follow_incidents, tell_ends, tell_news
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import tickets_of_month
from tests.incidents.post import RHYTHM, Post, dead, make_contacts, url_of
from tests.moments import START
from tests.people import People, make_people, make_user

pytestmark = pytest.mark.django_db
TRAINEE = Trainee("訓練 一郎", "kunren@example.jp", "03-0000-0901")


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def manager() -> User:
    return make_user("mana", "黒田", "誠", soc_role=SocRole.MANAGER)


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


@pytest.fixture
def site(manager: User, people: People) -> Site:
    make_sandbox(name="訓練用のお客様", trainees=[TRAINEE], by=manager, now=START)
    return sandbox_sites().get()


def play(post: Post, seconds: float) -> None:
    post.clock.pass_time(seconds=seconds)
    play_exercises(world=post.world, rhythm=RHYTHM)
    for duty in (tell_news, follow_incidents, tell_ends):
        duty(now=post.clock())


def test_a_ddos_is_played_from_the_signal_to_the_end_report(post: Post, site: Site, manager: User) -> None:
    row = start_exercise(site, INVENTED["down"], speed=60, by=manager, now=post.clock())
    play(post, 0)
    for _ in range(60):
        play(post, 1)
    incident = Incident.objects.get()
    assert (incident.is_exercise, incident.kind, incident.verdict) == (True, IncidentKind.DDOS, Verdict.NOT_DISPLAYED)
    assert incident.ended_at is not None
    assert [turn.verdict for turn in incident.turns.all()] == ["normal", "not_displayed", "normal"]
    play(post, 1)
    assert Exercise.objects.get(pk=row.pk).next_at is None
    assert all(message.subject.startswith("【訓練】") for message in Message.objects.all())
    assert all(message.body.startswith("これは訓練です。") for message in Message.objects.all())
    assert any("【第一報】" in message.subject for message in Message.objects.all())
    assert any("【終報】" in message.subject for message in Message.objects.all())
    assert {copy.address for message in Message.objects.all() for copy in message.deliveries.all()} == {TRAINEE.mail}
    assert post.pages.visited == [], "no page is fetched"


def test_an_exercise_looks_at_nothing_real_and_holds_no_real_notice(
    post: Post, people: People, site: Site, manager: User
) -> None:
    looked: list[str] = []

    def elsewhere(target: Target, *, limits: Limits, at: datetime) -> Visit:
        looked.append(target.url)
        return dead(at, target.url)

    world = replace(post.world, waf_controls=("https://behind.example.com/",), vantage=elsewhere)
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play_exercises(world=world, rhythm=RHYTHM)
    assert (looked, post.pages.visited, Hold.objects.count()) == ([], [], 0)
    assert Incident.objects.get().told_at is not None
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    assert Incident.objects.get(contract=people.a).told_at == post.clock()


def test_an_exercise_waits_for_no_real_hold(post: Post, site: Site, manager: User) -> None:
    Hold.objects.create(why=Hold.Why.MANY, opened_at=post.clock(), proved_at=post.clock())
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    assert (Incident.objects.get().hold, Incident.objects.get().told_at) == (None, post.clock())


def test_everything_says_that_it_is_an_exercise(post: Post, site: Site, manager: User) -> None:
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    round_ = CallRound.objects.get()
    assert [call.number for call in round_.calls.all()] == [TRAINEE.phone]
    assert round_.subject.startswith("【訓練】")
    assert spoken("当サービス", "訓練 一郎", round_.say).startswith("これは訓練です。こちらは、当サービスの SOC です。")
    assert spoken("当サービス", "訓練 一郎", round_.say).count("これは訓練です。") == 1
    assert Ticket.objects.get().subject.startswith("【訓練】")
    assert all("【訓練】" in alarm.sentence for alarm in Alarm.objects.all())
    assert AuditEntry.objects.filter(action="exercise.start", actor="mana").count() == 1
    record = Evidence.objects.get(kind="record")
    assert record.name.startswith("record-kunren-")
    assert "これは訓練です。" in content_of(record).decode()


def test_it_counts_in_no_figure_and_no_report(post: Post, site: Site, manager: User) -> None:
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    month = Month.at(START)
    assert Ticket.objects.count() == 1
    assert tickets_of_month(site.contract, month) == []
    assert site.contract not in contracts_without_report(month)
    assert not replayable().exists()


def test_real_visits_are_not_made_for_it(post: Post, site: Site, manager: User) -> None:
    start_exercise(site, INVENTED["at-once"], speed=1, by=manager, now=post.clock())
    play(post, 0)
    post.clock.pass_time(minutes=5)
    post.probe()
    assert post.pages.visited == []
    assert Probe.objects.count() == 2


def test_no_control_page_and_no_other_way_plays_along(post: Post, site: Site, manager: User) -> None:
    """A dead page of the scenario is no outage of the vendor, which would hold back what real customers are told."""

    def never(*_: object, **__: object) -> Sight:
        raise AssertionError("nothing real is looked at")

    world = replace(post.world, waf_controls=("https://control.example.net/",), browser=never)
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play_exercises(world=world, rhythm=RHYTHM)
    incident = Incident.objects.get()
    assert (incident.verdict, incident.hold, incident.told_at) == (Verdict.NOT_DISPLAYED, None, post.clock())
    assert not Hold.objects.exists()


def test_an_exercise_does_not_wait_for_an_outage_of_the_vendor(post: Post, site: Site, manager: User) -> None:
    Hold.objects.create(why=Hold.Why.WAF, opened_at=START, proved_at=START)
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    assert Incident.objects.get().hold is None


def test_it_is_never_played_for_a_real_customer(post: Post, people: People, manager: User) -> None:
    real = people.a.sites.get()
    with pytest.raises(NotASandbox):
        start_exercise(real, INVENTED["down"], speed=30, by=manager, now=START)
    with pytest.raises(NotASandbox):
        open_for_site(real, IncidentKind.DDOS, signals=1, last_signal_at=START, now=START, exercise="exercise:1")
    incident = Incident.objects.create(
        contract=people.a, site=real, kind="ddos", group="x", opened_at=START, last_signal_at=START, is_exercise=True
    )
    with pytest.raises(NotASandbox):
        tell(incident, now=START)
    assert not CallRound.objects.exists()
    assert not Exercise.objects.exists()


def test_only_a_manager_starts_and_stops(post: Post, people: People, site: Site, manager: User) -> None:
    with pytest.raises(NotPossible, match="SOC 責任者"):
        start_exercise(site, INVENTED["down"], speed=30, by=people.dana, now=START)
    row = start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=START)
    with pytest.raises(NotPossible, match="SOC 責任者"):
        stop_exercise(row, by=people.dana, now=START)
    play(post, 0)
    assert CallRound.objects.get().state == RoundState.RUNNING
    for _ in range(2):
        stop_exercise(row, by=manager, now=post.clock())
    assert CallRound.objects.get().state == RoundState.STOPPED
    assert Incident.objects.get().ended_at == post.clock()
    assert AuditEntry.objects.filter(action="exercise.stop").count() == 1
    before = Probe.objects.count()
    play(post, 10)
    assert Probe.objects.count() == before


def test_one_at_a_time_and_not_faster_than_can_be_played(site: Site, manager: User) -> None:
    for speed in (0.5, 121.0):
        with pytest.raises(NotPossible, match="早送り"):
            start_exercise(site, INVENTED["down"], speed=speed, by=manager, now=START)
    start_exercise(site, INVENTED["down"], speed=30, by=manager, now=START)
    with pytest.raises(NotPossible, match="進行中"):
        start_exercise(site, INVENTED["down"], speed=30, by=manager, now=START)


def test_a_beat_is_played_by_one_worker_only(post: Post, site: Site, manager: User) -> None:
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    assert play_exercises(world=post.world, rhythm=RHYTHM) == 1
    assert play_exercises(world=post.world, rhythm=RHYTHM) == 0
    assert CallRound.objects.count() == 1


def test_a_past_ddos_is_played_again(post: Post, people: People, site: Site, manager: User) -> None:
    page = url_of(people.a)
    post.pages.states[page] = dead
    post.ddos(people.a)
    post.round()
    del post.pages.states[page]
    post.recover(minutes=40)
    past = replayable().get()
    scenario = scenario_of(past)
    assert scenario.phases == [(0.0, Verdict.NOT_DISPLAYED), (2400.0, Verdict.NORMAL)]
    row = start_exercise(site, scenario, speed=60, by=manager, now=post.clock())
    play(post, 1)
    assert Exercise.objects.get(pk=row.pk).incident.verdict == Verdict.NOT_DISPLAYED
    assert people.a.customer.name not in row.title


def test_its_clocks_say_whether_it_was_passed(post: Post, site: Site, manager: User) -> None:
    row = start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    incident = row.incident
    incident.refresh_from_db()
    readings = read(clocks_of([incident])[incident.pk])
    assert not passed(readings), "no mail was accepted and no phone rang"
    message = Message.objects.get()
    message.deliveries.update(accepted_at=post.clock() + timedelta(seconds=9))
    CallRound.objects.get().calls.update(
        state="confirmed", rang_at=post.clock() + timedelta(seconds=3), ended_at=post.clock()
    )
    assert passed(read(clocks_of([incident])[incident.pk]))
    message.deliveries.update(accepted_at=post.clock() + timedelta(seconds=11))
    assert not passed(read(clocks_of([incident])[incident.pk]))


@pytest.mark.parametrize(
    ("name", "trainees", "why"),
    [
        ("", [TRAINEE], "名称"),
        ("訓練", [], "1 件から"),
        ("訓練", [TRAINEE, TRAINEE], "異なる"),
        ("訓練", [TRAINEE._replace(mail="x")], "メールアドレスが正しくありません"),
        ("訓練", [TRAINEE._replace(phone="119")], "発信できません"),
        ("訓練", [TRAINEE._replace(name="")], "氏名"),
        ("訓練", [TRAINEE._replace(mail="c1@k-a-001.example.jp")], "実際のお客様の連絡先"),
        ("訓練", [TRAINEE._replace(phone="0300001001")], "実際のお客様の電話番号"),
    ],
)
def test_a_sandbox_has_invented_people_only(
    name: str, trainees: list[Trainee], why: str, people: People, manager: User
) -> None:
    with pytest.raises(NotPossible, match=why):
        make_sandbox(name=name, trainees=trainees, by=manager, now=START)
    assert not Customer.objects.filter(is_sandbox=True).exists()
    with pytest.raises(NotPossible, match="SOC 責任者"):
        make_sandbox(name="訓練", trainees=[TRAINEE], by=people.dana, now=START)


def test_a_contact_that_a_sandbox_has_got_later_is_mailed_and_no_other(post: Post, site: Site, manager: User) -> None:
    customer = site.contract.customer
    Contact.objects.create(customer=customer, name="訓練 二郎", email="k2@example.jp", priority=2)
    start_exercise(site, INVENTED["at-once"], speed=30, by=manager, now=post.clock())
    play(post, 0)
    assert {copy.address for copy in Message.objects.get().deliveries.all()} == {TRAINEE.mail, "k2@example.jp"}

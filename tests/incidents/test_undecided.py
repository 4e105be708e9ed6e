"""What waits for a person is alarmed about again until he has decided; what no rule may end, a person ends."""

from datetime import timedelta

import pytest
from django.test import Client

from sakimori.customers.models import AuditEntry
from sakimori.incidents import actions
from sakimori.incidents.models import Decision, Incident, IncidentKind, PageKind, Verdict
from sakimori.incidents.texts import NOTHING_WAITS
from sakimori.incidents.undecided import DECISION_KEY, END_KEY, remind
from sakimori.incidents.visit import Visit
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, CallRound, Message
from sakimori.tickets.duties import follow_incidents, tell_ends, tell_news
from tests.incidents.post import RHYTHM, Post, dead, make_contacts, only, url_of
from tests.incidents.rows import make_incident
from tests.moments import START
from tests.people import People, make_people

pytestmark = pytest.mark.django_db
AGAIN = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def questioned(at: object, url: str) -> Visit:
    """The WAF asks who we are."""
    return Visit(at=at, url=url, status=200, size_bytes=900, total_ms=90, page=PageKind.CHALLENGE)  # type: ignore[arg-type]


def attacked(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = questioned
    post.ddos(people.a)
    post.round()


def take_all(post: Post, people: People) -> None:
    for alarm in Alarm.objects.filter(acknowledged_at=None):
        acknowledge(alarm, by=people.dana, now=post.clock())


def open_alarms(key: str) -> int:
    return Alarm.objects.filter(key=key, acknowledged_at=None).exclude(sentence=NOTHING_WAITS).count()


def test_an_alarm_that_was_taken_comes_again_until_somebody_decides(post: Post, people: People) -> None:
    attacked(post, people)
    take_all(post, people)
    post.round(minutes=14)
    assert open_alarms(DECISION_KEY) == 0
    post.round(minutes=2)
    assert open_alarms(DECISION_KEY) == 1
    assert "1 件" in Alarm.objects.get(key=DECISION_KEY).sentence
    post.round(minutes=1)
    assert Alarm.objects.get(key=DECISION_KEY).count == 1, "one that is open is enough"
    take_all(post, people)
    post.round(minutes=16)
    assert open_alarms(DECISION_KEY) == 1
    actions.keep_inside(only(), by=people.dana, now=post.clock())
    post.round(minutes=1)
    assert open_alarms(DECISION_KEY) == 0
    assert not CallRound.objects.exists()


def test_an_alarm_that_nobody_has_taken_is_not_doubled(post: Post, people: People) -> None:
    attacked(post, people)
    for _ in range(3):
        post.round(minutes=10)
    assert not Alarm.objects.filter(key=DECISION_KEY).exists()


@pytest.mark.parametrize("columns", [{"in_planned_stop": True}, {"is_exercise": True}, {"ended_at": START}])
def test_what_waits_for_no_decision_now_is_left_alone(people: People, columns: dict[str, object]) -> None:
    make_incident(people.a, IncidentKind.DDOS, decision=Decision.WAITING, opened_at=START - 2 * AGAIN)
    Incident.objects.update(**columns)
    remind(quiet=RHYTHM.quiet, again=AGAIN, now=START)
    assert not Alarm.objects.exists()


def test_of_a_contract_that_has_ended_nobody_is_reminded(people: People) -> None:
    make_incident(people.a, IncidentKind.SITE_DOWN, opened_at=START - 2 * AGAIN)
    people.a.ends_on = START.date()
    people.a.save()
    remind(quiet=RHYTHM.quiet, again=AGAIN, now=START)
    assert not Alarm.objects.exists()


def test_200_that_wait_are_one_alarm_and_few_queries(
    people: People,
    django_assert_max_num_queries: object,
) -> None:
    for number in range(200):
        make_incident(people.a, group=f"site:x{number}", probes=0, opened_at=START - 2 * AGAIN)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        remind(quiet=RHYTHM.quiet, again=AGAIN, now=START)
    assert "200 件" in Alarm.objects.get().sentence


def test_an_attack_on_a_site_that_cannot_be_judged_is_ended_by_a_person_once_it_is_calm(
    post: Post, people: People
) -> None:
    attacked(post, people)
    quiet = RHYTHM.quiet
    with pytest.raises(actions.NotPossible, match="先に"):
        actions.end_unjudged(only(), quiet=quiet, by=people.dana, now=post.clock())
    actions.tell_customer(only(), by=people.dana, now=post.clock())
    tell_news(now=post.clock())
    with pytest.raises(actions.NotPossible, match="続いている"):
        actions.end_unjudged(only(), quiet=quiet, by=people.dana, now=post.clock())
    take_all(post, people)
    post.round(minutes=31)
    assert (only().ended_at, open_alarms(END_KEY)) == (None, 1)
    assert actions.end_unjudged(only(), quiet=quiet, by=people.dana, now=post.clock())
    assert not actions.end_unjudged(only(), quiet=quiet, by=people.dana, now=post.clock())
    post.round(minutes=1)
    assert (only().ended_at, open_alarms(END_KEY)) == (post.clock() - MINUTE, 0)
    follow_incidents(now=post.clock())
    tell_ends(now=post.clock())
    last = Message.objects.latest("pk")
    assert "新たな検知がなくなったことを確認しました" in last.subject, "nobody has seen the site"
    assert AuditEntry.objects.filter(action="incident.end-by-hand").count() == 1


def test_what_visits_can_judge_is_ended_by_no_person(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    post.round(minutes=40)
    with pytest.raises(actions.NotPossible, match="判定できない"):
        actions.end_unjudged(only(), quiet=RHYTHM.quiet, by=people.dana, now=post.clock())
    assert only().ended_at is None


def test_the_page_offers_the_end_only_where_it_is_possible(post: Post, people: People, client: Client) -> None:
    attacked(post, people)
    client.force_login(people.dana)
    path = f"/console/incidents/{only().pk}/"
    assert "確認したので終了する" not in client.get(path).content.decode()
    actions.keep_inside(only(), by=people.dana, now=post.clock())
    Incident.objects.update(last_signal_at=START - timedelta(hours=2))
    assert "確認したので終了する" in client.get(path).content.decode()
    client.post(f"{path}end/")
    assert only().ended_at is not None
    assert "手動で終了" in client.get(path).content.decode()


def test_what_was_kept_inside_while_nothing_was_proved_is_owed_a_word_once_it_is(post: Post, people: People) -> None:
    attacked(post, people)
    actions.keep_inside(only(), by=people.dana, now=post.clock())
    post.pages.states[url_of(people.a)] = dead
    post.round(minutes=1)
    row = only()
    assert (row.verdict, row.decision, row.told_at) == (Verdict.NOT_DISPLAYED, Decision.NONE, post.clock())
    assert row.decided_by is None

"""Whatever is done twice, or by a process that dies in the middle, is as if it had been done once."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from sakimori.customers import files
from sakimori.customers.models import AuditEntry, Contact
from sakimori.incidents import duties
from sakimori.incidents.models import Evidence, Heartbeat, Incident, Probe
from sakimori.incidents.settling import settle_incident
from sakimori.incidents.settling_quiet import settle_watches
from sakimori.incidents.visit import Target
from sakimori.incidents.visitors import examine
from sakimori.logs.store.interface import LogStore
from sakimori.notify.models import Alarm, Call, CallRound
from sakimori.run import duties as run
from tests.incidents.post import LIMITS, RHYTHM, Post, dead, make_contacts, only, url_of, watch_site
from tests.incidents.stage import AtOnce
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

INCIDENT_DUTIES = (
    "signals",
    "probe",
    "watch sites",
    "outages",
    "heartbeat",
    "old probes",
    "attack statistics",
    "old events",
    "vendor mails",
)


@pytest.fixture
def people() -> People:
    made = make_people()
    make_contacts(made.a)
    return made


@pytest.fixture
def post(log_store: LogStore, people: People) -> Post:
    return Post(log_store)


def test_a_visit_that_is_written_down_by_two_workers_tells_once(post: Post, people: People) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.search()
    done = examine(only().pk, Target(url_of(people.a)), post.world, one_is_enough=False)
    for seconds in (0, 5):
        settle_incident(done, limits=LIMITS, rhythm=RHYTHM, now=post.clock() + timedelta(seconds=seconds))
    assert only().told_at == post.clock()
    assert CallRound.objects.count() == 1
    assert Call.objects.count() == Contact.objects.count()
    assert AuditEntry.objects.filter(action="incident.told").count() == 1
    assert Alarm.objects.get().count == 1


def test_an_outage_that_two_workers_see_is_one_incident(post: Post, people: People) -> None:
    site = watch_site(people.a)
    post.pages.states[site.page_url] = dead
    post.watch()
    row = only()
    done = examine(site.watch.pk, Target(site.page_url), post.world, one_is_enough=True)
    settle_watches([done], limits=LIMITS, rhythm=RHYTHM, now=post.clock())
    assert only() == row
    assert Alarm.objects.get().count == 1


def test_a_worker_that_dies_on_its_visit_is_replaced_when_its_claim_runs_out(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.search()
    duties.probe_incidents(runner=post.called, world=post.world, rhythm=RHYTHM, worker="dead:1")
    post.called = AtOnce()
    post.round(minutes=1)
    assert not Probe.objects.exists()
    post.round(minutes=1)
    assert Probe.objects.count() == 2
    assert only().claimed_by == ""


def test_a_visit_that_cannot_be_written_down_is_made_anew_at_once(
    post: Post, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.search()

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(duties, "settle_incident", locked)
        with pytest.raises(OperationalError):
            post.probe()
    assert only().told_at is None
    post.clock.pass_time(seconds=5)
    post.probe()
    assert only().told_at == post.clock()


def test_a_full_disk_takes_the_proof_but_not_the_word(
    post: Post, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "keep", full)
    post.pages.states[url_of(people.a)] = dead
    post.ddos(people.a)
    post.round()
    assert (only().told_at, Evidence.objects.count()) == (post.clock(), 0)
    assert "証跡を" in Alarm.objects.get(key="evidence-not-kept").sentence


def test_a_visit_that_comes_back_after_the_end_changes_nothing_but_is_kept(post: Post, people: People) -> None:
    post.ddos(people.a)
    post.search()
    post.pages.states[url_of(people.a)] = dead
    done = examine(only().pk, Target(url_of(people.a)), post.world, one_is_enough=False)
    Incident.objects.update(ended_at=post.clock())
    settle_incident(done, limits=LIMITS, rhythm=RHYTHM, now=post.clock())
    assert (only().verdict, only().told_at, only().next_probe_at) == ("pending", None, None)
    assert Probe.objects.count() == 2


def test_every_duty_is_registered_and_has_nothing_to_do_in_an_empty_house(
    log_store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.backends, "log_store", lambda: log_store)
    found = {duty.name: duty for duty in run.all_duties()}
    assert set(INCIDENT_DUTIES) <= set(found)
    assert [found[name].run() for name in INCIDENT_DUTIES] == [0] * len(INCIDENT_DUTIES)
    assert Heartbeat.objects.count() == 1

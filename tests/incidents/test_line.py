"""Our own line: when it is dead the SOC knows within two minutes, and no customer is called."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sakimori.incidents.line import ALARM_KEY, LineWatch
from sakimori.incidents.visit import Limits, Target, Visit
from sakimori.incidents.visitors import Examination, World
from sakimori.logs.store.interface import LogStore
from sakimori.notify.actions import acknowledge
from sakimori.notify.models import Alarm, CallRound, Severity
from tests.incidents.post import CONTROL, LIMITS, Post, dead, make_contacts, url_of
from tests.incidents.stage import AtOnce, Pages
from tests.moments import START, Clock
from tests.people import make_people, make_user

pytestmark = pytest.mark.django_db

AGAIN = timedelta(minutes=15)
CONTROLS = (CONTROL, "https://second.example.com/")


class OneAfterTheOther:
    """A runner with one place: a look takes as long as its visits, as the clock says."""

    def __init__(self) -> None:
        self._work: list[Callable[[], Examination]] = []

    def free(self) -> int:
        return 1 - len(self._work)

    def send(self, work: Callable[[], Examination]) -> None:
        self._work.append(work)

    def fetch(self) -> Examination | None:
        return self._work.pop()() if self._work else None


def world(pages: Pages, clock: Clock, controls: tuple[str, ...] = CONTROLS) -> World:
    def visiting(target: Target, *, limits: Limits, at: datetime) -> Visit:
        found = pages(target, limits=limits, at=at)
        clock.pass_time(seconds=limits.probe_seconds if found.trouble else 0.1)
        return found

    return World(visiting, LIMITS, controls, clock, lambda: None)


def test_a_dead_line_is_an_alarm_within_two_minutes_however_unlucky_the_moment() -> None:
    for offset in range(0, 20, 4):
        Alarm.objects.all().delete()
        clock, pages, watch = Clock(), Pages(), LineWatch(OneAfterTheOther(), AGAIN)
        here = world(pages, clock)
        watch.look(here)
        clock.pass_time(seconds=offset)
        pages.states.update(dict.fromkeys(CONTROLS, dead))
        died_at = clock()
        while not Alarm.objects.exists():
            clock.pass_time(seconds=20)
            watch.look(here)
        alarm = Alarm.objects.get()
        assert alarm.first_at - died_at <= timedelta(minutes=2)
        assert (alarm.key, alarm.severity) == (ALARM_KEY, Severity.HIGH)


def look(watch: LineWatch, here: World, times: int = 2) -> None:
    for _ in range(times):
        watch.look(here)


def test_one_control_page_that_opens_is_enough_and_none_says_nothing() -> None:
    clock, pages, watch = Clock(), Pages({CONTROL: dead}), LineWatch(AtOnce(), AGAIN)
    look(watch, world(pages, clock))
    assert pages.visited.count(CONTROLS[1]) == 2
    look(watch, world(pages, clock, ()))
    assert not Alarm.objects.exists()


def test_the_alarm_comes_again_while_the_line_is_dead_and_says_when_it_is_alive() -> None:
    clock, pages, watch = Clock(), Pages(dict.fromkeys(CONTROLS, dead)), LineWatch(AtOnce(), AGAIN)
    here = world(pages, clock)
    look(watch, here)
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    acknowledge(Alarm.objects.get(), by=dana, now=clock())
    look(watch, here, 5)
    assert Alarm.objects.count() == 1
    clock.pass_time(minutes=15)
    look(watch, here)
    assert Alarm.objects.count() == 2
    pages.states.clear()
    look(watch, here, 3)
    alarm = Alarm.objects.get(acknowledged_at=None)
    assert alarm.sentence == "SOC の回線は復旧しました。"
    assert watch.dead_since is None


def test_a_clock_that_is_set_back_does_not_silence_it() -> None:
    clock, pages, watch = Clock(), Pages(dict.fromkeys(CONTROLS, dead)), LineWatch(AtOnce(), AGAIN)
    look(watch, world(pages, clock))
    dana = make_user("dana", "高橋", "棚子", soc_role="analyst")
    acknowledge(Alarm.objects.get(), by=dana, now=clock())
    clock.pass_time(hours=-1)
    look(watch, world(pages, clock))
    assert Alarm.objects.count() == 2


def test_a_failing_look_does_not_end_the_looking() -> None:
    class Failing(OneAfterTheOther):
        def fetch(self) -> Examination | None:
            if super().fetch() is not None:
                raise RuntimeError("a bug")
            return None

    clock, watch = Clock(), LineWatch(Failing(), AGAIN)
    here = world(Pages(dict.fromkeys(CONTROLS, dead)), clock)
    watch.look(here)
    with pytest.raises(RuntimeError, match="a bug"):
        watch.look(here)
    watch.runner = OneAfterTheOther()
    look(watch, here)
    assert Alarm.objects.exists()


def test_while_the_line_is_dead_no_customer_is_called(log_store: LogStore) -> None:
    people = make_people()
    make_contacts(people.a)
    post = Post(log_store, controls=CONTROLS)
    post.pages.states.update({url_of(people.a): dead, **dict.fromkeys(CONTROLS, dead)})
    post.ddos(people.a)
    for _ in range(5):
        post.round(minutes=1)
    assert not CallRound.objects.exists()
    assert Alarm.objects.get().first_at == START + timedelta(minutes=1)

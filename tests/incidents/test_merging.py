"""Signals of all sources merge into one incident per site and wave: in any order, doubled, over any restart."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sakimori.customers.models import AuditEntry, Site
from sakimori.incidents.ending import is_calm
from sakimori.incidents.models import (
    Incident,
    IncidentKind,
    SignalSource,
    SourceCount,
    VendorPoll,
)
from sakimori.incidents.opening import end
from sakimori.incidents.queries import sources_of
from sakimori.incidents.search import Signal
from sakimori.incidents.vendor_mails import read_vendor_mails
from sakimori.incidents.waves import join_wave, note_signal
from sakimori.notify.models import CallRound, ReceivedMail
from tests.incidents.mails import ENDED, RULES, STARTED, make_mail, make_patterns
from tests.incidents.post import TIMES
from tests.incidents.vendor import FLOOD, Vendor
from tests.moments import START, Clock
from tests.people import People, make_people

pytestmark = pytest.mark.django_db

QUIET = TIMES.quiet
SOURCES = [SignalSource.LOG, SignalSource.THREATS, SignalSource.BLOCKED, SignalSource.NETWORK, SignalSource.MAIL]
quick = settings(
    max_examples=60,
    database=None,
)


class Undone(Exception):
    """Takes back what an example has written."""


@contextmanager
def taken_back() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Undone
    except Undone:
        pass


@pytest.fixture
def people() -> People:
    make_patterns()
    return make_people()


@pytest.fixture
def site(people: People) -> Site:
    return people.a.sites.select_related("contract__customer").get()


def signal(source: SignalSource, at: datetime, number: int = 1) -> Signal:
    return Signal(None, "", IncidentKind.DDOS, number, at, at, source)


def seconds(most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(0, most).map(lambda n: timedelta(seconds=n))


WAVE = st.lists(st.tuples(st.sampled_from(SOURCES), seconds(1500), st.integers(1, 9)), min_size=1, max_size=8)


@quick
@given(told=WAVE, data=st.data())
def test_any_order_of_a_waves_signals_makes_the_same_incident(site: Site, told: list, data: st.DataObject) -> None:
    order = data.draw(st.permutations(told))
    with taken_back():
        for source, ago, number in order:
            note_signal(site, signal(source, START - ago, number), times=TIMES, now=START)
        row = Incident.objects.get()
        expected: Counter[str] = Counter()
        for source, _, number in told:
            expected[source] += number
        assert {found.source: found.signals for found in sources_of(row)} == expected
        assert row.signals == sum(expected.values())
        assert row.last_signal_at == max(START - ago for _, ago, _ in told)
        for found in sources_of(row):
            times = [START - ago for source, ago, _ in told if source == found.source]
            assert (found.first_at, found.last_at) == (min(times), max(times))


@quick
@given(told=st.lists(st.tuples(st.booleans(), seconds(1500)), min_size=1, max_size=6))
def test_the_vendors_end_stands_unless_something_is_newer_whatever_came_first(site: Site, told: list) -> None:
    """told: whether a mail says that it ended (otherwise a signal), and how long ago."""
    with taken_back():
        note_signal(site, signal(SignalSource.LOG, START - timedelta(seconds=1600)), times=TIMES, now=START)
        for is_end, ago in told:
            make_mail(ENDED if is_end else STARTED, START - ago)
            read_vendor_mails(rules=RULES, now=START)
        row = Incident.objects.get()
        ends = [START - ago for is_end, ago in told if is_end]
        starts = [START - ago for is_end, ago in told if not is_end]
        newest = max(starts, default=START - timedelta(hours=1))
        assert (row.vendor_ended_at is not None) == (bool(ends) and max(ends) >= newest)
        if row.vendor_ended_at is not None:
            assert row.vendor_ended_at == max(ends)


@quick
@given(waves=st.lists(WAVE, min_size=1, max_size=4), data=st.data())
def test_each_wave_is_one_incident_and_stragglers_of_an_old_one_open_nothing(
    site: Site, waves: list, data: st.DataObject
) -> None:
    with taken_back():
        now = START
        for wave in waves:
            at = sorted(now - ago / 10 for _, ago, _ in wave)
            held_back = data.draw(st.integers(0, len(wave) - 1))
            for (source, _, number), moment in zip(wave[: len(wave) - held_back], at[::-1], strict=False):
                note_signal(site, signal(source, moment, number), times=TIMES, now=now)
            now += QUIET
            end(Incident.objects.get(ended_at=None), now=now)
            for (source, _, number), moment in zip(wave[len(wave) - held_back :], at, strict=False):
                note_signal(site, signal(source, moment, number), times=TIMES, now=now)
            now += timedelta(minutes=5)
        assert Incident.objects.count() == len(waves)
        assert Incident.objects.filter(ended_at=None).count() == 0
        assert SourceCount.objects.count() <= sum(len({source for source, _, _ in wave}) for wave in waves)


def at_the_vendors_word(site: Site, at: datetime) -> Incident:
    """An incident that a signal has opened and the vendor's word has ended minutes later."""
    note_signal(site, signal(SignalSource.LOG, at), times=TIMES, now=at)
    make_mail(ENDED, at + timedelta(minutes=2))
    read_vendor_mails(rules=RULES, now=at + timedelta(minutes=3))
    row = Incident.objects.get(ended_at=None)
    end(row, now=at + timedelta(minutes=5))
    return row


def test_what_nobody_was_told_of_is_opened_again_within_its_wave(site: Site) -> None:
    row = at_the_vendors_word(site, START)
    later = START + timedelta(minutes=12)
    assert note_signal(site, signal(SignalSource.LOG, later), times=TIMES, now=later) == row
    row.refresh_from_db()
    assert (row.ended_at, row.vendor_ended_at, row.next_probe_at, row.signals) == (None, None, later, 2)
    assert Incident.objects.count() == 1
    assert AuditEntry.objects.filter(action="incident.reopen").count() == 1


@pytest.mark.parametrize("told", [False, True])
def test_what_is_told_of_after_the_end_and_came_after_the_vendors_word_shows_that_it_goes_on(
    site: Site, told: bool
) -> None:
    """Logs come minutes late: the vendor's word stood two minutes after the start, the end three minutes after that."""
    row = at_the_vendors_word(site, START)
    if told:
        Incident.objects.filter(pk=row.pk).update(told_at=START)
    after_the_word, later = START + timedelta(minutes=4), START + timedelta(minutes=6)
    now_is = note_signal(site, signal(SignalSource.LOG, after_the_word), times=TIMES, now=later)
    assert now_is is not None
    assert (now_is == row) is not told
    assert (now_is.ended_at, now_is.next_probe_at, now_is.last_signal_at) == (None, later, after_the_word)


def test_what_is_told_of_after_the_end_and_came_before_the_vendors_word_is_only_counted(site: Site) -> None:
    row = at_the_vendors_word(site, START)
    before_the_word, later = START + timedelta(minutes=1), START + timedelta(minutes=6)
    assert note_signal(site, signal(SignalSource.LOG, before_the_word), times=TIMES, now=later) == row
    row.refresh_from_db()
    assert (row.ended_at, row.signals) == (START + timedelta(minutes=5), 2)
    assert Incident.objects.count() == 1


def test_after_a_quiet_time_it_is_a_new_wave(site: Site) -> None:
    at_the_vendors_word(site, START)
    later = START + QUIET
    note_signal(site, signal(SignalSource.LOG, later), times=TIMES, now=later)
    assert [row.ended_at is None for row in Incident.objects.order_by("pk")] == [False, True]


def test_who_was_told_that_it_is_over_is_told_anew_and_the_vendors_word_ends_no_more_of_this_wave(site: Site) -> None:
    told = at_the_vendors_word(site, START)
    Incident.objects.filter(pk=told.pk).update(told_at=START)
    later = START + timedelta(minutes=12)
    note_signal(site, signal(SignalSource.LOG, later), times=TIMES, now=later)
    row = Incident.objects.get(ended_at=None)
    assert row != told
    make_mail(ENDED, later + timedelta(minutes=2))
    read_vendor_mails(rules=RULES, now=later + timedelta(minutes=3))
    row.refresh_from_db()
    assert row.vendor_ended_at is None
    assert "検知が止まるまで終了しません" in ReceivedMail.objects.latest("pk").outcome
    assert not is_calm(row, quiet=QUIET, now=later + timedelta(minutes=29))
    assert is_calm(row, quiet=QUIET, now=later + QUIET)


@quick
@given(pauses=st.lists(seconds(2400), min_size=1, max_size=6), told=st.booleans())
def test_however_often_it_pauses_a_wave_is_one_incident_or_two_that_were_told(
    site: Site, pauses: list, told: bool
) -> None:
    """Pulses: after each the vendor says that it is over, and the site is well again."""
    with taken_back():
        at, waves = START, 1
        row = at_the_vendors_word(site, at)
        if told:
            Incident.objects.filter(pk=row.pk).update(told_at=at)
        for pause in pauses:
            last, at = at, at + timedelta(minutes=6) + pause
            is_new = at - last >= QUIET
            waves += is_new
            for old in Incident.objects.filter(ended_at=None):
                if is_calm(old, quiet=QUIET, now=at):
                    end(old, now=at)
            now_is = note_signal(site, signal(SignalSource.LOG, at), times=TIMES, now=at)
            assert now_is is not None
            if told:
                Incident.objects.filter(pk=now_is.pk).update(told_at=at)
            make_mail(ENDED, at + timedelta(minutes=2))
            read_vendor_mails(rules=RULES, now=at + timedelta(minutes=3))
            now_is.refresh_from_db()
            if is_calm(now_is, quiet=QUIET, now=at + timedelta(minutes=5)):
                end(now_is, now=at + timedelta(minutes=5))
        assert waves <= Incident.objects.count() <= waves * (2 if told else 1)


def test_signals_of_two_sites_and_two_kinds_stay_apart(site: Site, people: People) -> None:
    other = people.b.sites.select_related("contract__customer").get()
    for where in (site, other):
        for kind in (IncidentKind.DDOS, IncidentKind.ORIGIN_DOWN):
            note_signal(where, Signal(None, "", kind, 1, START, START, SignalSource.NETWORK), times=TIMES, now=START)
    assert Incident.objects.count() == 4


def test_a_clock_of_the_vendors_that_is_ahead_moves_nothing_into_the_future(site: Site) -> None:
    row = join_wave(site, signal(SignalSource.LOG, START + timedelta(minutes=9)), until=START, quiet=QUIET, now=START)
    assert row.last_signal_at == START
    assert sources_of(row).get().last_at == START


def test_who_opens_at_the_same_moment_joins_the_one_that_was_faster(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and opening, another worker opens the incident."""
    from sakimori.incidents import waves

    real, looks = waves._wave_of, []

    def blind_at_first(*args: object) -> Incident | None:
        looks.append(args)
        return None if len(looks) == 2 else real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(waves, "_wave_of", blind_at_first)
    note_signal(site, signal(SignalSource.LOG, START), times=TIMES, now=START)
    note_signal(site, signal(SignalSource.MAIL, START), times=TIMES, now=START)
    assert (Incident.objects.get().signals, SourceCount.objects.count()) == (2, 2)


@dataclass
class Told:
    """What the outside has said since the wave began."""

    threats: int = 0
    floods: int = 0
    mails: int = 0


class Waves(RuleBasedStateMachine):
    """The vendor counts, writes and is asked; workers restart and die; the model only counts."""

    people: People

    def __init__(self) -> None:
        super().__init__()
        self._undo = taken_back()
        self._undo.__enter__()
        self.clock = Clock(START.replace(hour=22))
        self.vendor = Vendor(self.people.a, self.clock)
        self.vendor.poll()
        self.told = Told()
        self.buckets: set[int] = set()

    def teardown(self) -> None:
        self._undo.__exit__(None, None, None)

    @rule(number=st.integers(1, 5))
    def the_vendor_counts(self, number: int) -> None:
        self.vendor.hit(ddos=number)
        self.told.threats += number

    @rule()
    def the_vendor_blocks_much(self) -> None:
        self.vendor.hit(blocked=FLOOD)
        self.buckets.add(int(self.clock().timestamp()) // 300)

    @rule()
    def the_vendor_writes(self) -> None:
        make_mail(STARTED, self.clock(), delay=timedelta(0))
        self.told.mails += 1

    @rule()
    def the_mail_comes_twice(self) -> None:
        mail = ReceivedMail.objects.order_by("-pk").first()
        if mail is not None:
            mail.pk, mail.digest, mail.handled_at = None, f"{mail.digest[:50]}{ReceivedMail.objects.count()}", None
            mail.save()

    @rule(span=st.integers(1, 600))
    def time_passes_and_all_is_read(self, span: int) -> None:
        self.vendor.poll(seconds=span)
        read_vendor_mails(rules=RULES, now=self.clock())

    @rule()
    def a_worker_dies_before_it_remembers_the_account(self) -> None:
        before = VendorPoll.objects.get(contract=self.people.a)
        self.vendor.poll(seconds=200)
        VendorPoll.objects.filter(pk=before.pk).update(
            window=before.window, threats=before.threats, asked_at=before.asked_at
        )

    @invariant()
    def nothing_is_lost_or_doubled_once_all_is_read(self) -> None:
        with transaction.atomic():
            point = transaction.savepoint()
            now = self.clock.now
            for _ in range(2):
                self.vendor.poll(seconds=901)
            read_vendor_mails(rules=RULES, now=self.clock())
            found = Counter(dict(SourceCount.objects.values_list("source", "signals")))
            self.clock.now = now
            transaction.savepoint_rollback(point)
        assert found[SignalSource.THREATS] == self.told.threats
        assert found[SignalSource.BLOCKED] == len(self.buckets)
        assert found[SignalSource.MAIL] == self.told.mails
        assert Incident.objects.count() <= 1
        assert CallRound.objects.count() == 0


def test_the_vendors_word_is_counted_exactly_once(people: People) -> None:
    machine = type("Machine", (Waves,), {"people": people})
    run_state_machine_as_test(machine, settings=settings(quick, max_examples=15, stateful_step_count=12))

"""Attacks that only the vendor's API tells of become incidents, once, whatever restarts in between."""

from datetime import timedelta

import pytest

from sakimori.customers.models import Site
from sakimori.incidents.api_signals import forget_events
from sakimori.incidents.models import (
    Incident,
    IncidentKind,
    LateSignal,
    SeenEvent,
    SignalSource,
    SiteFigures,
    SourceCount,
    VendorPoll,
)
from sakimori.notify.models import Alarm
from sakimori.waf.interface import NetworkEventKind, WafSite
from sakimori.waf.memory import MemoryFault
from tests.incidents.post import only
from tests.incidents.vendor import FLOOD, Vendor
from tests.moments import START, Clock
from tests.people import People, make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.fixture
def vendor(people: People) -> Vendor:
    return Vendor(people.a, Clock())


def counts() -> dict[str, int]:
    return dict(SourceCount.objects.values_list("source", "signals"))


def add_site(vendor: Vendor, domain: str, number: int, **columns: object) -> Site:
    vendor.api.put_site(WafSite(number, domain, bypassed=False))
    return Site.objects.create(contract=vendor.contract, domain=domain, vendor_site_id=number, **columns)


def test_a_counter_that_rises_opens_an_incident_of_the_site(vendor: Vendor) -> None:
    assert vendor.poll() == 0
    vendor.hit(ddos=3)
    assert vendor.poll() == 1
    row = only()
    assert (row.kind, row.site, row.signals) == (IncidentKind.DDOS, vendor.contract.sites.get(), 3)
    assert (row.opened_at, row.next_probe_at) == (vendor.clock(), vendor.clock())
    assert row.last_signal_at == vendor.clock() - timedelta(seconds=61), "nothing later is known of them"
    assert counts() == {SignalSource.THREATS: 3}


def test_what_was_counted_before_the_first_reading_is_no_signal(vendor: Vendor) -> None:
    vendor.hit(ddos=500)
    assert [vendor.poll() for _ in range(3)] == [0, 0, 0]
    vendor.hit(ddos=1)
    assert (vendor.poll(), only().signals) == (1, 1)


def test_a_flood_that_goes_on_at_the_very_first_reading_is_a_signal(vendor: Vendor) -> None:
    vendor.hit(blocked=FLOOD)
    assert vendor.poll() == 1
    assert counts() == {SignalSource.BLOCKED: 1}


def test_a_counter_that_stands_still_says_nothing(vendor: Vendor) -> None:
    vendor.poll()
    vendor.hit(ddos=3)
    assert [vendor.poll() for _ in range(4)] == [1, 0, 0, 0]
    vendor.hit(ddos=2)
    assert [vendor.poll(), only().signals] == [1, 5]


def test_each_five_minutes_above_the_threshold_are_one_signal_also_while_they_run(vendor: Vendor) -> None:
    vendor.poll()
    vendor.hit(blocked=FLOOD - 1)
    assert vendor.poll() == 0
    vendor.hit(blocked=1)
    assert vendor.poll() == 1
    vendor.hit(blocked=FLOOD)
    assert vendor.poll() == 0
    vendor.clock.now = START + timedelta(minutes=7)
    vendor.hit(blocked=FLOOD)
    assert vendor.poll() == 1
    assert counts() == {SignalSource.BLOCKED: 2}
    assert only().last_signal_at == START + timedelta(minutes=5)


def test_only_the_site_that_is_attacked_gets_an_incident(vendor: Vendor) -> None:
    other = add_site(vendor, "blog.example.jp", 777)
    vendor.poll()
    vendor.hit(ddos=3, site=777)
    vendor.poll()
    assert only().site == other


def test_a_quiet_account_costs_one_call_and_the_sites_are_asked_only_when_it_rises(vendor: Vendor) -> None:
    add_site(vendor, "blog.example.jp", 777)
    vendor.poll()
    vendor.calls.clear()
    vendor.poll()
    assert vendor.calls == ["account"]
    vendor.hit(ddos=1)
    vendor.poll()
    assert vendor.calls == ["account", "account", "site", "site"]


def test_many_calls_are_followed_by_a_longer_pause(vendor: Vendor) -> None:
    for number in range(100):
        add_site(vendor, f"s{number}.example.jp", 1000 + number)
    vendor.poll()
    vendor.hit(ddos=1)
    vendor.poll(minutes=5)
    poll = VendorPoll.objects.get()
    assert poll.next_at - vendor.clock() == timedelta(minutes=102 / 50), "half of 100 calls a minute"


def test_over_midnight_nothing_is_lost_or_counted_twice(vendor: Vendor) -> None:
    vendor.poll()
    vendor.hit(ddos=3)
    vendor.poll()
    vendor.clock.now = START.replace(hour=23, minute=58)
    vendor.poll(seconds=1)
    vendor.hit(ddos=5)
    vendor.poll(seconds=80)
    vendor.hit(ddos=7)
    for _ in range(4):
        vendor.poll(seconds=90)
    assert counts() == {SignalSource.THREATS: 15}
    assert VendorPoll.objects.get().window == START.replace(hour=0)
    vendor.hit(ddos=1)
    vendor.poll()
    assert counts() == {SignalSource.THREATS: 16}


def test_when_the_service_stood_still_for_long_what_is_new_is_late(vendor: Vendor) -> None:
    vendor.poll()
    vendor.clock.pass_time(minutes=5)
    vendor.hit(ddos=4)
    vendor.poll(minutes=70)
    assert not Incident.objects.exists()
    assert LateSignal.objects.get().signals == 4
    vendor.hit(ddos=1)
    vendor.poll()
    assert only().signals == 1


def test_a_site_that_joined_later_at_ours_is_counted_from_what_we_know(vendor: Vendor) -> None:
    vendor.api.put_site(WafSite(777, "blog.example.jp", bypassed=False))
    vendor.poll()
    for _ in range(6):
        vendor.hit(ddos=1, site=777)
        vendor.poll()
    alarm = Alarm.objects.get()
    assert "の統計に、登録されていないサイト（契約 K-A-001）" in alarm.sentence
    assert not Incident.objects.exists()


def test_figures_of_a_site_that_follow_later_are_waited_for(vendor: Vendor, people: People) -> None:
    """The account's figure may be ahead of the site's."""
    vendor.api.put_site(WafSite(777, "blog.example.jp", bypassed=False))
    vendor.poll()
    vendor.hit(ddos=2, site=777)
    vendor.poll()
    Site.objects.create(contract=people.a, domain="blog.example.jp", vendor_site_id=777)
    vendor.poll()
    assert (only().signals, Alarm.objects.count()) == (2, 0)


def test_a_site_that_the_vendor_does_not_know_keeps_nobody_from_the_others(vendor: Vendor) -> None:
    Site.objects.create(contract=vendor.contract, domain="gone.example.jp", vendor_site_id=888)
    vendor.poll()
    vendor.hit(ddos=2)
    assert vendor.poll() == 1
    assert only().site == vendor.contract.sites.earliest("pk")


def test_who_dies_before_the_account_is_remembered_asks_again_and_counts_once(vendor: Vendor) -> None:
    vendor.poll()
    before = VendorPoll.objects.get()
    vendor.hit(ddos=3, blocked=FLOOD)
    vendor.poll()
    before.save()
    assert vendor.poll() == 0
    assert counts() == {SignalSource.THREATS: 3, SignalSource.BLOCKED: 1}
    assert SiteFigures.objects.get().threats == 3


def test_two_workers_read_an_account_one_after_the_other(vendor: Vendor) -> None:
    vendor.poll()
    vendor.hit(ddos=3)
    vendor.clock.pass_time(seconds=61)
    looks = [look for name in ("one", "two") for _, look in vendor.polls(name).due_looks()]
    assert [look() for look in looks] == [1, 0]
    assert counts() == {SignalSource.THREATS: 3}


def test_an_event_of_a_network_concerns_the_sites_whose_origin_lies_there(vendor: Vendor) -> None:
    there = add_site(vendor, "there.example.jp", 777, origin_address="203.0.113.7")
    vendor.poll()
    vendor.happen("203.0.113.0/24", minutes=1)
    VendorPoll.objects.update(events_next_at=None)
    assert vendor.poll() == 1
    assert (only().site, counts()) == (there, {SignalSource.NETWORK: 1})
    assert [vendor.poll() for _ in range(3)] == [0, 0, 0], "it is told again and again"


def test_where_no_origin_is_registered_every_site_is_looked_at(vendor: Vendor) -> None:
    add_site(vendor, "blog.example.jp", 777)
    vendor.happen("203.0.113.0/24")
    vendor.poll()
    assert Incident.objects.count() == 2


def test_a_network_that_no_site_of_ours_lies_in_is_told_to_the_soc(vendor: Vendor) -> None:
    vendor.contract.sites.update(origin_address="198.51.100.7")
    vendor.happen("203.0.113.0/24")
    vendor.poll()
    assert not Incident.objects.exists()
    assert "のネットワーク保護のイベントに、登録されていないサイト（203.0.113.0/24）" in Alarm.objects.get().sentence


def test_servers_that_are_down_are_a_matter_for_the_analyst_and_other_events_are_none(vendor: Vendor) -> None:
    vendor.happen("203.0.113.0/24", kind=NetworkEventKind.SERVERS_DOWN)
    vendor.happen("203.0.113.0/24", kind=NetworkEventKind.ATTACK_ENDED, minutes=1)
    vendor.happen("203.0.113.0/24", kind=NetworkEventKind.OTHER, minutes=2)
    vendor.poll()
    assert (only().kind, only().decision) == (IncidentKind.ORIGIN_DOWN, "waiting")


def test_an_event_that_comes_minutes_late_is_not_lost(vendor: Vendor) -> None:
    vendor.api.put_events()
    for _ in range(3):
        vendor.poll()
    vendor.happen("203.0.113.0/24", minutes=8)
    assert vendor.poll() == 1


def test_an_account_without_infrastructure_protection_is_asked_for_events_once_an_hour(vendor: Vendor) -> None:
    for _ in range(5):
        vendor.poll()
    assert vendor.calls.count("events") == 1
    vendor.poll(minutes=61)
    assert vendor.calls.count("events") == 2
    assert (VendorPoll.objects.get().failures, Alarm.objects.count()) == (0, 0)


def test_a_vendor_that_does_not_answer_is_asked_less_and_less_and_told_to_the_soc(vendor: Vendor) -> None:
    vendor.poll()
    vendor.api.fail(MemoryFault.UNAVAILABLE, times=None)
    pauses = []
    for _ in range(7):
        vendor.clock.now = VendorPoll.objects.get().next_at
        vendor.poll(seconds=0)
        pauses.append((VendorPoll.objects.get().next_at - vendor.clock()).total_seconds())
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    alarm = Alarm.objects.get()
    assert "攻撃の統計をベンダーから取得できていません" in alarm.sentence
    vendor.api.heal()
    vendor.hit(ddos=2)
    assert vendor.poll(minutes=15) == 1
    alarm.refresh_from_db()
    assert "再び取得できるようになりました" in alarm.sentence
    assert (alarm.acknowledged_at, VendorPoll.objects.get().failures) == (None, 0)


def test_a_key_that_is_refused_is_told_too(vendor: Vendor) -> None:
    vendor.api.fail(MemoryFault.UNAUTHORISED, times=None)
    for _ in range(3):
        vendor.poll(minutes=15)
    assert Alarm.objects.get().key == f"attack-statistics:{vendor.contract.pk}"
    assert VendorPoll.objects.get().last_error.startswith("WafUnauthorised")


def test_who_fails_otherwise_gives_the_account_back_at_once(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.poll()
    with monkeypatch.context() as patch:
        patch.setattr("sakimori.incidents.vendor_polls.read_figures", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            vendor.poll()
    vendor.hit(ddos=1)
    vendor.clock.pass_time(seconds=1)
    assert sum(look() for _, look in vendor.polls("two").due_looks()) == 1


def test_nothing_is_asked_for_a_contract_that_has_ended_or_has_no_account(vendor: Vendor, people: People) -> None:
    vendor.poll()
    vendor.contract.ends_on = START.date()
    vendor.contract.save()
    vendor.calls.clear()
    vendor.poll()
    assert vendor.calls == []
    assert VendorPoll.objects.filter(contract=people.b).count() == 0


def test_a_clock_that_was_set_back_loses_no_attack(vendor: Vendor) -> None:
    vendor.poll(hours=20)
    vendor.poll(minutes=1)
    vendor.clock.pass_time(hours=-9)
    vendor.hit(ddos=3)
    asked = vendor.calls.count("events")
    assert vendor.poll(seconds=1) == 1
    assert (only().kind, only().signals) == (IncidentKind.DDOS, 3)
    assert vendor.calls.count("events") == asked + 1
    assert not LateSignal.objects.exists()


def test_marks_of_old_events_are_forgotten(vendor: Vendor) -> None:
    vendor.happen("203.0.113.0/24")
    vendor.poll()
    assert forget_events(now=vendor.clock()) == 0
    assert forget_events(now=vendor.clock() + timedelta(days=3)) == 1
    assert not SeenEvent.objects.exists()

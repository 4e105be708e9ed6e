"""What every `WafVendor` must tell of attacks: counts, blocked requests, events. Subclasses provide `make_world`."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from sakimori.waf.interface import (
    BlockedSample,
    NetworkEventKind,
    ThreatFigures,
    WafError,
    WafRefused,
    WafUnauthorised,
    WafUnavailable,
    WafVendor,
)
from tests.waf.contract import Trouble

BUCKET = timedelta(minutes=5)
START = datetime(2026, 4, 14, 15, 0, tzinfo=UTC)
UNKNOWN = 987_654
RANGE = "203.0.113.0/24"


class ThreatWorld(Protocol):
    """A vendor with two sites, and what only its owner could do."""

    vendor: WafVendor
    sites: tuple[int, int]

    def hit(self, site_id: int, at: datetime, *, ddos: int = 0, blocked: int = 0) -> None:
        """The vendor counts DDoS incidents and blocked requests of a site in the five minutes of `at`."""

    def happen(self, kind: str, at: datetime, target: str = RANGE) -> None:
        """An event of a network, named as the vendor does."""

    def trouble(self, kind: Trouble) -> None:
        """Every call meets it."""


class ThreatsContract:
    def make_world(self) -> ThreatWorld:
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> ThreatWorld:
        return self.make_world()

    def test_without_attacks_there_is_nothing_to_tell(self, world: ThreatWorld) -> None:
        assert world.vendor.threats(START, START + BUCKET) == ThreatFigures(0, ())

    def test_attacks_are_told_of_each_site_and_of_all_together(self, world: ThreatWorld) -> None:
        one, two = world.sites
        world.hit(one, START, ddos=3, blocked=900)
        world.hit(two, START, ddos=4, blocked=100)
        end = START + BUCKET
        assert world.vendor.threats(START, end, site_id=one) == ThreatFigures(3, (BlockedSample(START, 900),))
        assert world.vendor.threats(START, end, site_id=two) == ThreatFigures(4, (BlockedSample(START, 100),))
        assert world.vendor.threats(START, end) == ThreatFigures(7, (BlockedSample(START, 1000),))

    def test_counts_grow_and_five_minutes_that_run_are_told(self, world: ThreatWorld) -> None:
        for number in range(1, 4):
            world.hit(world.sites[0], START + BUCKET, ddos=1, blocked=10)
            end = START + BUCKET + number * timedelta(seconds=60)
            figures = world.vendor.threats(START, end, site_id=world.sites[0])
            assert figures == ThreatFigures(number, (BlockedSample(START + BUCKET, 10 * number),))

    def test_blocked_requests_come_by_five_minutes_oldest_first(self, world: ThreatWorld) -> None:
        for number in (2, 0, 1):
            world.hit(world.sites[0], START + number * BUCKET, blocked=10 * (number + 1))
        samples = world.vendor.threats(START, START + 3 * BUCKET).blocked
        assert samples == tuple(BlockedSample(START + n * BUCKET, 10 * (n + 1)) for n in range(3))
        assert world.vendor.threats(START + BUCKET, START + 2 * BUCKET).blocked == samples[1:2]

    def test_events_come_oldest_first_and_only_those_of_the_span(self, world: ThreatWorld) -> None:
        for minute, kind in ((9, "DDOS_STOP_IP_RANGE"), (2, "DDOS_START_IP_RANGE"), (40, "DDOS_START_IP_RANGE")):
            world.happen(kind, START + timedelta(minutes=minute))
        found = world.vendor.network_events(START, START + timedelta(minutes=30))
        assert [(event.kind, event.at, event.target) for event in found] == [
            (NetworkEventKind.ATTACK_STARTED, START + timedelta(minutes=2), RANGE),
            (NetworkEventKind.ATTACK_ENDED, START + timedelta(minutes=9), RANGE),
        ]

    def test_an_event_has_the_same_key_whenever_it_is_asked_for_and_no_other_has(self, world: ThreatWorld) -> None:
        world.happen("DDOS_START_IP_RANGE", START)
        first = world.vendor.network_events(START, START + BUCKET)
        world.happen("DDOS_START_IP_RANGE", START, "198.51.100.0/24")
        both = world.vendor.network_events(START - BUCKET, START + BUCKET)
        assert {event.key for event in first} < {event.key for event in both}
        assert len({event.key for event in both}) == 2
        assert all(0 < len(event.key) <= 64 for event in both)

    def test_a_site_of_somebody_else_is_refused(self, world: ThreatWorld) -> None:
        with pytest.raises(WafRefused):
            world.vendor.threats(START, START + BUCKET, site_id=UNKNOWN)

    @pytest.mark.parametrize(
        ("kind", "error"), [(Trouble.UNAVAILABLE, WafUnavailable), (Trouble.UNAUTHORISED, WafUnauthorised)]
    )
    def test_trouble_has_a_name(self, world: ThreatWorld, kind: Trouble, error: type[WafError]) -> None:
        world.trouble(kind)
        for ask in (world.vendor.threats, world.vendor.network_events):
            with pytest.raises(error):
                ask(START, START + BUCKET)

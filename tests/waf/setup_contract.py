"""What every `WafVendor` must tell of traffic and of how sites are set up. Subclasses provide `make_world`."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from sakimori.waf.interface import (
    Balancing,
    BalancingAlgorithm,
    CertificateKind,
    TrafficSample,
    WafCertificate,
    WafError,
    WafRefused,
    WafSubscription,
    WafUnauthorised,
    WafUnavailable,
    WafVendor,
)
from tests.waf.contract import Trouble

BUCKET = timedelta(minutes=5)
START = datetime(2026, 4, 14, 15, 0, tzinfo=UTC)
ENDS = datetime(2026, 12, 24, 3, 0, tzinfo=UTC)
UNKNOWN = 987_654


class SetupWorld(Protocol):
    """A vendor with two sites, and what only its owner could do."""

    vendor: WafVendor
    sites: tuple[int, int]

    def serve(self, site_id: int, at: datetime, bits_per_second: int) -> None:
        """A site has this traffic in the five minutes that begin at `at`."""

    def set_up(self, site_id: int, balancing: Balancing) -> None:
        """Somebody sets up the servers of a site."""

    def certify(self, site_id: int, ends_at: datetime) -> None:
        """Somebody gives a site a certificate of its own."""

    def bypass(self, site_id: int) -> None:
        """Somebody takes a site off inspection."""

    def trouble(self, kind: Trouble) -> None:
        """Every call meets it."""


class SetupContract:
    def make_world(self) -> SetupWorld:
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> SetupWorld:
        return self.make_world()

    def test_traffic_is_told_of_each_site_and_of_all_together(self, world: SetupWorld) -> None:
        one, two = world.sites
        world.serve(one, START, 4_000_000)
        world.serve(two, START, 1_000_000)
        end = START + BUCKET
        assert world.vendor.traffic(START, end, site_id=one) == [TrafficSample(START, 4_000_000)]
        assert world.vendor.traffic(START, end, site_id=two) == [TrafficSample(START, 1_000_000)]
        assert world.vendor.traffic(START, end) == [TrafficSample(START, 5_000_000)]

    def test_only_whole_five_minutes_inside_the_span_are_told_oldest_first(self, world: SetupWorld) -> None:
        for number in range(5):
            world.serve(world.sites[0], START + number * BUCKET, 1000 * (number + 1) * 8)
        end = START + 4 * BUCKET + timedelta(minutes=4)
        found = world.vendor.traffic(START + BUCKET, end, site_id=world.sites[0])
        assert [sample.at for sample in found] == [START + number * BUCKET for number in (1, 2, 3)]
        assert [sample.bits_per_second for sample in found] == [16_000, 24_000, 32_000]

    def test_a_site_has_one_server_at_first(self, world: SetupWorld) -> None:
        assert world.vendor.data_centers(world.sites[0]) == Balancing(
            1, 1, 0, BalancingAlgorithm.LEAST_PENDING, persistent=True
        )

    @pytest.mark.parametrize(
        "balancing",
        [
            Balancing(1, 2, 0, BalancingAlgorithm.LEAST_PENDING, persistent=True),
            Balancing(1, 3, 0, BalancingAlgorithm.RANDOM, persistent=False),
            Balancing(2, 4, 2, BalancingAlgorithm.SOURCE_HASH, persistent=True),
        ],
    )
    def test_servers_are_told_as_they_are_set_up(self, world: SetupWorld, balancing: Balancing) -> None:
        world.set_up(world.sites[0], balancing)
        assert world.vendor.data_centers(world.sites[0]) == balancing
        assert world.vendor.data_centers(world.sites[1]).active_servers == 1

    def test_a_certificate_of_ones_own_is_told_with_its_end(self, world: SetupWorld) -> None:
        world.certify(world.sites[1], ENDS)
        assert list(world.vendor.certificates(world.sites[1])) == [WafCertificate(CertificateKind.CUSTOM, ENDS)]

    def test_a_bypassed_site_is_told_apart(self, world: SetupWorld) -> None:
        world.bypass(world.sites[1])
        bypassed = {site.site_id: site.bypassed for site in world.vendor.sites() if site.site_id in world.sites}
        assert bypassed == {world.sites[0]: False, world.sites[1]: True}

    def test_the_subscription_tells_plan_and_licence(self, world: SetupWorld) -> None:
        assert world.vendor.subscription() == WafSubscription(plan_mbps=20, load_balancing=False)

    def test_a_site_of_somebody_else_is_refused(self, world: SetupWorld) -> None:
        for ask in (
            lambda: world.vendor.traffic(START, START + BUCKET, site_id=UNKNOWN),
            lambda: world.vendor.data_centers(UNKNOWN),
            lambda: world.vendor.certificates(UNKNOWN),
        ):
            with pytest.raises(WafRefused):
                ask()

    @pytest.mark.parametrize(
        ("kind", "error"), [(Trouble.UNAVAILABLE, WafUnavailable), (Trouble.UNAUTHORISED, WafUnauthorised)]
    )
    def test_trouble_has_a_name(self, world: SetupWorld, kind: Trouble, error: type[WafError]) -> None:
        world.trouble(kind)
        for ask in (
            lambda: world.vendor.traffic(START, START + BUCKET),
            lambda: world.vendor.data_centers(world.sites[0]),
            lambda: world.vendor.certificates(world.sites[0]),
            world.vendor.subscription,
        ):
            with pytest.raises(error):
                ask()

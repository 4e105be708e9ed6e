"""The Imperva client tells of traffic and setup as the contract wants, against the simulated vendor over HTTP."""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import milliseconds
from sakimori.simulators.imperva.bandwidth import add_tally
from sakimori.simulators.spec import AccountSpec, SiteSpec, WorldSpec
from sakimori.simulators.world import World as Simulation
from sakimori.waf.imperva import ImpervaCredentials, ImpervaVendor, Patience
from sakimori.waf.interface import Balancing, BalancingAlgorithm, WafSubscription
from tests.waf.contract import Trouble
from tests.waf.setup_contract import BUCKET, START, SetupContract
from tests.waf.test_imperva_simulator import FAULTS

WORDS = {
    BalancingAlgorithm.LEAST_PENDING: "LB_LEAST_PENDING_REQUESTS",
    BalancingAlgorithm.SOURCE_HASH: "LB_SOURCE_IP_HASH",
    BalancingAlgorithm.RANDOM: "RANDOM",
}
ACCOUNTS = 20
numbers = itertools.count()


def account(account_id: int, *, parent_id: int = 0, load_balancing: int = 0) -> AccountSpec:
    """Two sites; each test takes an account of its own."""
    return AccountSpec(
        account_id=account_id,
        name=f"Example {account_id}",
        api_id=f"id-{account_id}",
        api_key=f"key-{account_id}",
        log_config_id=account_id,
        log_api_id=f"log-{account_id}",
        log_api_key=f"log-key-{account_id}",
        sites=tuple(SiteSpec(account_id * 10 + n, f"www{n}.example.jp") for n in range(2)),
        parent_id=parent_id,
        load_balancing=load_balancing,
    )


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    accounts = (
        account(6000, load_balancing=4),
        account(6999, parent_id=6000),
        *(account(6001 + number) for number in range(ACCOUNTS)),
    )
    with Simulation(tmp_path_factory.mktemp("setup"), spec=WorldSpec(accounts=accounts)) as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[GuardedClient]:
    transport = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
    with GuardedClient(transport=transport) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_faults(simulation: Simulation) -> Iterator[None]:
    yield
    simulation.control.clear_faults({})


def vendor(simulation: Simulation, http: GuardedClient, key_of: int, *, account_id: int | None = None) -> ImpervaVendor:
    credentials = ImpervaCredentials(
        api_id=f"id-{key_of}",
        api_key=f"key-{key_of}",
        account_id=account_id,
        cloud_url=simulation.imperva_url,
        api_url=simulation.imperva_url,
    )
    patience = Patience(tries=2)
    return ImpervaVendor(
        credentials, http, sleep=lambda _: None, random=lambda: 0.5, clock=time.monotonic, patience=patience
    )


class SimulatedSetup:
    def __init__(self, simulation: Simulation, http: GuardedClient) -> None:
        number = 6001 + next(numbers) % ACCOUNTS
        self.simulation = simulation
        self.vendor = vendor(simulation, http, number)
        self.sites = (number * 10, number * 10 + 1)

    def serve(self, site_id: int, at: datetime, bits_per_second: int) -> None:
        add_tally(self.simulation.state, site_id, milliseconds(at), {"bytes": bits_per_second * 300 // 8})

    def set_up(self, site_id: int, balancing: Balancing) -> None:
        assert balancing.algorithm is not None
        self.simulation.control.setup(
            {
                "site_id": site_id,
                "data_centers": balancing.data_centers,
                "servers": balancing.active_servers // balancing.data_centers,
                "standby": balancing.standby_servers // balancing.data_centers,
                "algorithm": WORDS[balancing.algorithm],
                "persistent": balancing.persistent,
            }
        )

    def certify(self, site_id: int, ends_at: datetime) -> None:
        days = (ends_at - datetime.now(UTC)).total_seconds() / 86_400
        self.simulation.control.setup({"site_id": site_id, "certificate_days": days})

    def bypass(self, site_id: int) -> None:
        self.simulation.control.setup({"site_id": site_id, "bypassed": True})

    def trouble(self, kind: Trouble) -> None:
        self.simulation.control.fault(dict(FAULTS[kind]))


class TestSimulatedSetup(SetupContract):
    @pytest.fixture(autouse=True)
    def _setting(self, simulation: Simulation, http: GuardedClient) -> None:
        self.simulation, self.http = simulation, http

    def make_world(self) -> SimulatedSetup:
        return SimulatedSetup(self.simulation, self.http)

    def test_a_certificate_of_ones_own_is_told_with_its_end(self, world: SimulatedSetup) -> None:
        """The control room counts days from its own now, so the moment agrees to a second or so."""
        ends_at = datetime(2031, 1, 5, 3, 0, tzinfo=UTC)
        world.certify(world.sites[1], ends_at)
        found = world.vendor.certificates(world.sites[1])[0].ends_at
        assert found is not None
        assert abs((found - ends_at).total_seconds()) < 10


def test_a_parents_key_asks_for_the_child(simulation: Simulation, http: GuardedClient) -> None:
    add_tally(simulation.state, 69_990, milliseconds(START), {"bytes": 300_000})
    child = vendor(simulation, http, 6000, account_id=6999)
    assert [sample.bits_per_second for sample in child.traffic(START, START + BUCKET)] == [8000]
    assert child.data_centers(69_990).active_servers == 1
    assert child.subscription() == WafSubscription(plan_mbps=20, load_balancing=False)
    assert vendor(simulation, http, 6000).subscription().load_balancing is True


def test_what_cannot_be_set_up_is_refused_and_changes_nothing(simulation: Simulation) -> None:
    for wrong in ({"servers": 0}, {"algorithm": "MAGIC"}, {"data_centers": 99}):
        with pytest.raises(ValueError, match=r"servers|MAGIC"):
            simulation.control.setup({"site_id": 60_000, **wrong})
    with pytest.raises(KeyError):
        simulation.control.setup({"site_id": 1, "servers": 2})
    assert simulation.control.setup({"site_id": 60_000})["servers"] == 1

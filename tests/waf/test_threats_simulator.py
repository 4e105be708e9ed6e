"""The Imperva client tells of attacks as the contract wants, against the simulated vendor over HTTP."""

import itertools
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import milliseconds
from sakimori.simulators.imperva.bandwidth import add_tally
from sakimori.simulators.imperva.networks import add_event
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.world import World as Simulation
from tests.waf.contract import Trouble
from tests.waf.test_imperva_simulator import FAULTS
from tests.waf.test_setup_simulator import account, vendor
from tests.waf.threats_contract import BUCKET, RANGE, START, ThreatsContract

ACCOUNTS = 20
numbers = itertools.count()


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    accounts = tuple(account(7001 + number) for number in range(ACCOUNTS))
    with Simulation(tmp_path_factory.mktemp("threats"), spec=WorldSpec(accounts=accounts)) as running:
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


class SimulatedThreats:
    def __init__(self, simulation: Simulation, http: GuardedClient) -> None:
        self.number = 7001 + next(numbers) % ACCOUNTS
        self.simulation = simulation
        self.vendor = vendor(simulation, http, self.number)
        self.sites = (self.number * 10, self.number * 10 + 1)

    def hit(self, site_id: int, at: datetime, *, ddos: int = 0, blocked: int = 0) -> None:
        amounts = {"api.threats.ddos": ddos, "blocked": blocked}
        add_tally(self.simulation.state, site_id, milliseconds(at), amounts)

    def happen(self, kind: str, at: datetime, target: str = RANGE) -> None:
        account = self.simulation.spec.account(self.number)
        add_event(self.simulation.state, account, kind=kind, target=target, now_ms=milliseconds(at))

    def trouble(self, kind: Trouble) -> None:
        self.simulation.control.fault(dict(FAULTS[kind]))


class TestSimulatedThreats(ThreatsContract):
    @pytest.fixture(autouse=True)
    def _setting(self, simulation: Simulation, http: GuardedClient) -> None:
        self.simulation, self.http = simulation, http

    def make_world(self) -> SimulatedThreats:
        return SimulatedThreats(self.simulation, self.http)

    def test_more_events_than_a_page_holds_are_all_told_once(self, world: SimulatedThreats) -> None:
        for number in range(130):
            world.happen("DDOS_START_IP_RANGE", START, f"203.0.113.{number}/32")
        found = world.vendor.network_events(START, START + BUCKET)
        assert len({event.target for event in found}) == len(found) == 130

"""The Imperva client fulfils the contract against the simulated vendor, over real HTTP."""

import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from sakimori.lib.http import GuardedClient
from sakimori.simulators.spec import AccountSpec, BlacklistMode, SiteSpec, WorldSpec
from sakimori.simulators.world import World as Simulation
from sakimori.waf.imperva import (
    ImpervaCredentials,
    ImpervaLogCredentials,
    ImpervaLogs,
    ImpervaVendor,
    Patience,
)
from sakimori.waf.interface import BlockTarget, WafAccount, WafMissing, WafUnauthorised, WafUnavailable
from tests.waf.contract import A, B, BlacklistContract, Trouble, add, remove, view

FAULTS: Mapping[Trouble, Mapping[str, object]] = {
    Trouble.UNAVAILABLE: {"kind": "server_error"},
    Trouble.UNAUTHORISED: {"kind": "disabled_key"},
    Trouble.LOST_ANSWER: {"kind": "lost_answer", "calls": 1},
}
# Each world of a test takes two sites or a log folder of its own, so that one simulation serves them all.
PARENT, POLICY, LEGACY, FIRST_LOG_ACCOUNT = 4000, 4001, 4002, 4100
SITES = 120
LOG_ACCOUNTS = 12
numbers = itertools.count()


def account(account_id: int, mode: BlacklistMode, *, sites: int = 0, parent_id: int = 0) -> AccountSpec:
    return AccountSpec(
        account_id=account_id,
        name=f"Example {account_id}",
        api_id=f"id-{account_id}",
        api_key=f"key-{account_id}",
        log_config_id=account_id,
        log_api_id=f"log-{account_id}",
        log_api_key=f"log-key-{account_id}",
        sites=tuple(SiteSpec(site_id=account_id * 1000 + n, domain=f"www{n}.example.jp") for n in range(sites)),
        mode=mode,
        parent_id=parent_id,
    )


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    accounts = [
        account(PARENT, BlacklistMode.POLICY, sites=1),
        account(POLICY, BlacklistMode.POLICY, sites=SITES, parent_id=PARENT),
        account(LEGACY, BlacklistMode.LEGACY, sites=SITES),
        *(account(FIRST_LOG_ACCOUNT + n, BlacklistMode.POLICY, sites=1) for n in range(LOG_ACCOUNTS)),
    ]
    folder: Path = tmp_path_factory.mktemp("simulation")
    with Simulation(folder, spec=WorldSpec(accounts=tuple(accounts))) as running:
        running.control.switches({"max_ips": BlacklistContract.capacity})
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[GuardedClient]:
    # The simulated vendor leaves Nagle on, so a second answer on one connection waits 40 ms for our acknowledgement.
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
    return ImpervaVendor(
        credentials, http, sleep=lambda _: None, random=lambda: 0.5, clock=time.monotonic, patience=Patience(tries=2)
    )


class SimulatedWorld:
    """Two sites and a policy name that no other test has."""

    def __init__(self, simulation: Simulation, http: GuardedClient, account_id: int) -> None:
        self.simulation = simulation
        self.account_id = account_id
        self.vendor = vendor(simulation, http, account_id)
        number = next(numbers)
        first = account_id * 1000 + 2 * number % SITES
        self.target = BlockTarget(policy_name=f"Sakimori {number}", site_ids=(first, first + 1))
        self.http = http
        self.clean()
        self.start = len(self.journal())

    def clean(self) -> None:
        """Policies have a new name; the sites' own lists may stand from an earlier world."""

    def raw(self, method: str, path: str, **more: Mapping[str, str]) -> dict:
        """What the vendor's own words are, past our client."""
        headers = {"x-API-Id": f"id-{self.account_id}", "x-API-Key": f"key-{self.account_id}"}
        answer = self.http.request(method, f"{self.simulation.imperva_url}{path}", headers=headers, **more)
        assert answer.status == 200, answer
        found = json.loads(answer.body)
        assert isinstance(found, dict)
        return found

    def journal(self) -> Sequence[Mapping]:
        calls = self.simulation.control.journal(0)["calls"]
        assert isinstance(calls, list)
        return calls

    def writes(self) -> int:
        mine = [call for call in self.journal()[self.start :] if call["api_id"] == f"id-{self.account_id}"]
        return sum(1 for call in mine if call["changes"])

    def trouble(self, kind: Trouble) -> None:
        self.simulation.control.fault(dict(FAULTS[kind]))

    def peace(self) -> None:
        self.simulation.control.clear_faults({})

    def edit_site(self, site_id: int, add: Sequence[str], remove: Sequence[str]) -> None:
        self.simulation.control.edit(
            {
                "account": self.account_id,
                "site_id": site_id,
                "policy_name": self.target.policy_name,
                "add": list(add),
                "remove": list(remove),
            }
        )


class SimulatedPolicies(SimulatedWorld):
    def edit(self, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        self.edit_site(self.target.site_ids[0], add, remove)

    def entries(self) -> list[list[str]]:
        policies = self.raw("GET", "/policies/v2/policies", params={"extended": "true"})["value"]
        mine = [policy for policy in policies if policy["name"] == self.target.policy_name]
        return [setting["data"]["ips"] for policy in mine for setting in policy["policySettings"]]


class SimulatedSiteLists(SimulatedWorld):
    def clean(self) -> None:
        for site_id in self.target.site_ids:
            rule = {"site_id": str(site_id), "rule_id": "api.acl.blacklisted_ips", "ips": ""}
            assert str(self.raw("POST", "/api/prov/v1/sites/configure/acl", form=rule)["res"]) == "0"

    def edit(self, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        for site_id in self.target.site_ids:
            self.edit_site(site_id, add, remove)

    def entries(self) -> list[list[str]]:
        return [ips for site_id in self.target.site_ids if (ips := self.listed(site_id))]

    def listed(self, site_id: int) -> list[str]:
        status = self.raw("POST", "/api/prov/v1/sites/status", form={"site_id": str(site_id)})
        rules = status["security"]["acls"]["rules"]
        return next((rule["ips"] for rule in rules if rule["id"] == "api.acl.blacklisted_ips"), [])


class SimulatedContract(BlacklistContract):
    examples = 6

    @pytest.fixture(autouse=True)
    def _setting(self, simulation: Simulation, http: GuardedClient) -> None:
        self.simulation, self.http = simulation, http


class TestSimulatedPolicies(SimulatedContract):
    def make_world(self) -> SimulatedPolicies:
        return SimulatedPolicies(self.simulation, self.http, POLICY)


class TestSimulatedSiteLists(SimulatedContract):
    def make_world(self) -> SimulatedSiteLists:
        return SimulatedSiteLists(self.simulation, self.http, LEGACY)


class SimulatedLogs:
    def __init__(self, simulation: Simulation, http: GuardedClient) -> None:
        self.simulation = simulation
        self.account_id = FIRST_LOG_ACCOUNT + next(numbers) % LOG_ACCOUNTS
        self.logs = logs(simulation, http, self.account_id)

    def publish(self, line: str) -> str:
        return str(self.simulation.control.lines({"account": self.account_id, "lines": [line]})["file"])


def logs(simulation: Simulation, http: GuardedClient, account_id: int, *, key: str = "log-key") -> ImpervaLogs:
    return ImpervaLogs(
        ImpervaLogCredentials(
            base_url=simulation.log_base_url(account_id), api_id=f"log-{account_id}", api_key=f"{key}-{account_id}"
        ),
        http,
        sleep=lambda _: None,
        random=lambda: 0.5,
        clock=time.monotonic,
    )


def test_log_files_come_in_order_with_header_and_body(simulation: Simulation, http: GuardedClient) -> None:
    world = SimulatedLogs(simulation, http)
    with pytest.raises(WafMissing):
        world.logs.log_index()
    names = [world.publish(f"CEF:0|line {n}") for n in range(12)]
    assert list(world.logs.log_index()) == names
    with world.logs.read_log(names[3]) as chunks:
        content = b"".join(chunks)
    head, separator, body = content.partition(b"|==|\n")
    assert f"accountId:{world.account_id}".lower().encode() in head.lower()
    assert (separator, bool(body)) == (b"|==|\n", True)
    with pytest.raises(WafMissing), world.logs.read_log(f"{world.account_id}_99.log"):
        pass


def test_a_foreign_log_key_is_unauthorised(simulation: Simulation, http: GuardedClient) -> None:
    world = SimulatedLogs(simulation, http)
    name = world.publish("CEF:0|x")
    stranger = logs(simulation, http, world.account_id, key="wrong")
    with pytest.raises(WafUnauthorised):
        stranger.log_index()
    with pytest.raises(WafUnauthorised), stranger.read_log(name):
        pass


@pytest.mark.parametrize("kind", ["server_error", "html", "too_many"])
def test_logs_survive_passing_trouble(simulation: Simulation, http: GuardedClient, kind: str) -> None:
    world = SimulatedLogs(simulation, http)
    name = world.publish("CEF:0|x")
    simulation.control.fault({"kind": kind, "scope": "logs", "calls": 2, "seconds": 1})
    assert name in world.logs.log_index()
    simulation.control.fault({"kind": kind, "scope": "logs", "calls": 2, "seconds": 1})
    with world.logs.read_log(name) as chunks:
        assert b"|==|" in b"".join(chunks)
    simulation.control.fault({"kind": kind, "scope": "logs"})
    with pytest.raises(WafUnavailable):
        world.logs.log_index()


def test_account_and_sites(simulation: Simulation, http: GuardedClient) -> None:
    mine = vendor(simulation, http, LEGACY)
    assert mine.account() == WafAccount(LEGACY, f"Example {LEGACY}")
    assert [site.site_id for site in mine.sites()] == [LEGACY * 1000 + n for n in range(SITES)]


def test_a_parents_key_acts_on_the_child(simulation: Simulation, http: GuardedClient) -> None:
    child = vendor(simulation, http, PARENT, account_id=POLICY)
    assert child.account() == WafAccount(POLICY, f"Example {POLICY}")
    assert len(child.sites()) == SITES
    target = BlockTarget(policy_name="by the parent", site_ids=(POLICY * 1000,))
    child.change_blacklist(target, add=frozenset({A}), remove=frozenset())
    assert vendor(simulation, http, POLICY).read_blacklist(target).everywhere == {A}


def test_a_wrong_key_is_unauthorised(simulation: Simulation, http: GuardedClient) -> None:
    credentials = ImpervaCredentials(
        api_id=f"id-{POLICY}", api_key="wrong", cloud_url=simulation.imperva_url, api_url=simulation.imperva_url
    )
    wrong = ImpervaVendor(credentials, http, sleep=lambda _: None, random=lambda: 0.5, clock=time.monotonic)
    target = BlockTarget(policy_name="x", site_ids=(POLICY * 1000,))
    for ask in (wrong.account, wrong.sites, lambda: wrong.read_blacklist(target)):
        with pytest.raises(WafUnauthorised):
            ask()


@pytest.mark.parametrize("kind", ["html", "server_error", "too_many"])
def test_reads_survive_passing_trouble(simulation: Simulation, http: GuardedClient, kind: str) -> None:
    world = SimulatedPolicies(simulation, http, POLICY)
    add(world, A)
    simulation.control.fault({"kind": kind, "calls": 1, "seconds": 1})
    assert view(world).everywhere == {A}


def test_stale_reads_are_believed_as_read_and_mend_themselves(simulation: Simulation, http: GuardedClient) -> None:
    """While reads lag, the policy that was just made is not seen and made again; both then count as one list."""
    world = SimulatedPolicies(simulation, http, POLICY)
    simulation.control.fault({"kind": "stale", "scope": "policies", "seconds": 3600})
    add(world, A)
    assert view(world).somewhere == frozenset()
    add(world, A, B)
    world.peace()
    assert world.entries() == [[A], [A, B]]
    assert view(world).everywhere == {A, B}
    remove(world, A)
    assert view(world).somewhere == {B}


def test_the_customers_own_policies_stay_on_the_site(simulation: Simulation, http: GuardedClient) -> None:
    world = SimulatedPolicies(simulation, http, POLICY)
    path = f"/policies/v2/assets/WEBSITE/{world.target.site_ids[0]}/policies"
    before = {policy["name"] for policy in world.raw("GET", path)["value"]}
    add(world, A)
    remove(world, A)
    after = {policy["name"] for policy in world.raw("GET", path)["value"]}
    assert before
    assert after == before | {world.target.policy_name}

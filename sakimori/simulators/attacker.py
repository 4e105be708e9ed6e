"""Attacker: starts attacks on demand. Life: the everyday traffic of the shops, at the pace of two switches."""

import asyncio
import random
from dataclasses import dataclass

from sakimori.simulators.attack_kinds import AttackKind
from sakimori.simulators.edge import Edge, Outcome, Served
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.state import Clock, State, milliseconds
from sakimori.simulators.switches import Switches, read_switches
from sakimori.simulators.traffic import Crowd, Request, crowd, good_request, hostile_request, stranger

STEP_MS = 200
LONGEST_ATTACK_MS = 60_000
LIFE_SECONDS = 5.0
MOST_REQUESTS = 100_000


@dataclass(frozen=True, slots=True)
class Launch:
    """An attack that took place. `file_name` is the log file that tells of it."""

    kind: AttackKind
    site_id: int
    source: str
    served: Served


class Attacker:
    """Whoever attacks the sites of a world."""

    def __init__(self, spec: WorldSpec, edge: Edge, *, clock: Clock, chance: random.Random) -> None:
        self._spec = spec
        self._edge = edge
        self._clock = clock
        self._chance = chance
        self._people: Crowd = crowd(spec.seed)

    def launch(
        self,
        kind: AttackKind,
        *,
        site_id: int,
        source: str = "",
        count: int = 10,
        outcome: Outcome = Outcome.MIXED,
        good_per_hostile: int = 0,
    ) -> Launch:
        """Send `count` hostile requests from `source` (an address; empty = one of the known attackers), up to now.

        good_per_hostile: good requests of ordinary customers in between. KeyError for an unknown site, ValueError
        for a source that is no address or a count out of bounds.
        """
        if not 1 <= count * (1 + good_per_hostile) <= MOST_REQUESTS:
            raise ValueError(f"between 1 and {MOST_REQUESTS} requests, please")
        site, account = self._spec.site(site_id), self._spec.account_of_site(site_id)
        chance = self._chance
        client = stranger(self._people, source, chance) if source else chance.choice(self._people.attackers[1:10])
        step_ms = max(1, min(STEP_MS, LONGEST_ATTACK_MS // count))
        at_ms = milliseconds(self._clock()) - (count + 1) * step_ms
        requests: list[Request] = []
        for _ in range(count):
            at_ms += step_ms
            good = [chance.choice(self._people.good) for _ in range(good_per_hostile)]
            requests += [good_request(chance, customer, site, at_ms) for customer in good]
            requests.append(hostile_request(chance, client, site, at_ms=at_ms, kind=kind))
        return Launch(kind, site_id, client.address, self._edge.serve(account, requests, outcome))


class Life:
    """Customers come and go, and now and then somebody hostile."""

    def __init__(self, spec: WorldSpec, edge: Edge, *, clock: Clock, chance: random.Random) -> None:
        self._spec = spec
        self._edge = edge
        self._clock = clock
        self._chance = chance
        self._people = crowd(spec.seed)

    async def run(self, state: State) -> None:
        """Until cancelled: a few seconds of traffic every few seconds."""
        while True:
            await asyncio.sleep(LIFE_SECONDS)
            self.live(read_switches(state), LIFE_SECONDS)

    def live(self, switches: Switches, seconds: float) -> int:
        """The traffic of so many seconds up to now, spread over all sites. Returns the number of requests."""
        good = self._round(switches.life_per_minute * seconds / 60)
        hostile = self._round(switches.attacks_per_hour * seconds / 3600)
        sites = [(account, site) for account in self._spec.accounts for site in account.sites]
        by_account: dict[int, list[Request]] = {}
        end_ms = milliseconds(self._clock())
        for number in range(good + hostile):
            account, site = self._chance.choice(sites)
            at_ms = end_ms - self._chance.randrange(int(seconds * 1000))
            if number < good:
                request = good_request(self._chance, self._chance.choice(self._people.good), site, at_ms)
            else:
                request = self._attack(site.site_id, at_ms)
            by_account.setdefault(account.account_id, []).append(request)
        for account_id, requests in by_account.items():
            requests.sort(key=lambda request: request.at_ms)
            self._edge.serve(self._spec.account(account_id), requests, Outcome.MIXED)
        return good + hostile

    def _attack(self, site_id: int, at_ms: int) -> Request:
        client = self._chance.choice(self._people.attackers)
        kind = self._chance.choice(list(AttackKind))
        return hostile_request(self._chance, client, self._spec.site(site_id), at_ms=at_ms, kind=kind)

    def _round(self, amount: float) -> int:
        """Up or down by chance, so that the average is right."""
        return int(amount) + (self._chance.random() < amount % 1)

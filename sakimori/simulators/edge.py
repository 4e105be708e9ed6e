"""Edge: the vendor's machines between visitors and sites. Blocks or passes requests, writes lines, counts.

Assumption: a request from a blacklisted address is logged as `Blocked IP` with severity -1 and REQ_BLOCKED_ACL; the
vendor documents severity -1 for its ACL, and of the names only those of countries are known.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sakimori.simulators.attack_kinds import ATTACKS, AttackKind
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.imperva.bandwidth import BUCKET_MS, add_tally
from sakimori.simulators.imperva.blacklist import blocked_addresses
from sakimori.simulators.imperva.lists import Cover
from sakimori.simulators.imperva.log_files import LogBatch, LogFiles
from sakimori.simulators.spec import AccountSpec, LogLevel
from sakimori.simulators.state import Clock, State, milliseconds
from sakimori.simulators.traffic import Request

BLOCKED_NAME = "Blocked IP"
REQUEST_BYTES = 800

Push = Callable[[AccountSpec, Sequence[bytes]], None]


class Outcome(StrEnum):
    """What the rules of the WAF do with an attack: always block, only report, or sometimes this, sometimes that."""

    BLOCKED = "blocked"
    PASSED = "passed"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Served:
    """What became of some requests. `file_name` is empty if there was nothing to log."""

    file_name: str
    lines: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


class Edge:
    """All edges of the vendor. `push` gets each published line as well."""

    def __init__(self, state: State, files: LogFiles, *, clock: Clock, chance: random.Random, push: Push) -> None:
        self._state = state
        self._files = files
        self._clock = clock
        self._chance = chance
        self._push = push

    def serve(self, account: AccountSpec, requests: Sequence[Request], outcome: Outcome) -> Served:
        """Judge the requests by the blacklist in effect and by `outcome`; log them into one file; count them."""
        now_ms = milliseconds(self._clock())
        covers = {s.site_id: Cover(blocked_addresses(self._state, s.site_id, now_ms)) for s in account.sites}
        verdicts = [self._judge(request, covers[request.site.site_id], outcome) for request in requests]
        judged = list(zip(requests, verdicts, strict=True))
        is_full = account.log_level is LogLevel.FULL
        logged = [(r, v) for r, v in judged if is_full or v.name != "Normal"]
        lines = tuple(cef_line(account, request, verdict, self._chance) for request, verdict in logged)
        name = ""
        with self._state.change():
            if logged:
                times = [request.at_ms for request, _ in logged]
                name = self._publish(account, LogBatch([x.encode() for x in lines], min(times), max(times)), now_ms)
            self._count(judged)
        return Served(name, lines, tuple(verdicts))

    def publish_lines(self, account: AccountSpec, lines: Sequence[bytes], log_format: str = "CEF") -> str:
        """Put lines, as they are, into the next log file. Returns its name."""
        now_ms = milliseconds(self._clock())
        return self._publish(account, LogBatch(lines, now_ms - 1000, now_ms, log_format), now_ms)

    def _publish(self, account: AccountSpec, batch: LogBatch, now_ms: int) -> str:
        with self._state.change():
            name = self._files.publish(account, batch, now_ms)
            self._push(account, batch.lines)
        return name

    def _judge(self, request: Request, cover: Cover, outcome: Outcome) -> Verdict:
        duration_ms = self._chance.randrange(3, 400)
        if cover.holds(request.client.address):
            return Verdict(BLOCKED_NAME, -1, "REQ_BLOCKED_ACL", None, 0, 1)
        if request.attack is None:
            return self._good(request, duration_ms)
        return self._hostile(request.attack, outcome, duration_ms)

    def _good(self, request: Request, duration_ms: int) -> Verdict:
        is_cached = request.is_cacheable and self._chance.random() < 0.6
        act = "REQ_CACHED_FRESH" if is_cached else "REQ_PASSED"
        status = 302 if request.bait.method == "POST" else 200
        return Verdict("Normal", 0, act, status, self._chance.randrange(500, 90_000), duration_ms)

    def _hostile(self, kind: AttackKind, outcome: Outcome, duration_ms: int) -> Verdict:
        attack = ATTACKS[kind]
        is_passed = outcome is Outcome.PASSED or (outcome is Outcome.MIXED and self._chance.random() < 0.3)
        act = "REQ_PASSED" if is_passed else attack.blocked_act
        is_answered = act == "REQ_PASSED"
        size = self._chance.randrange(300, 5_000) if is_answered else 0
        status = 200 if is_answered else None
        return Verdict(attack.name, attack.severity, act, status, size, duration_ms, attack.rules)

    def _count(self, judged: Iterable[tuple[Request, Verdict]]) -> None:
        tallies: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        visitors = set()
        for request, verdict in judged:
            tally = tallies[request.site.site_id, request.at_ms - request.at_ms % BUCKET_MS]
            who = "human" if request.client.client_type == "Browser" else "bot"
            tally["blocked" if verdict.is_blocked else who] += 1
            tally[f"{who}_visits"] += request.client.address not in visitors
            visitors.add(request.client.address)
            if not verdict.is_blocked:
                tally["bytes"] += verdict.size_bytes + REQUEST_BYTES
            if request.attack is not None and ATTACKS[request.attack].threat:
                tally[ATTACKS[request.attack].threat] += 1
        for (site_id, bucket_ms), tally in tallies.items():
            add_tally(self._state, site_id, bucket_ms, dict(tally))

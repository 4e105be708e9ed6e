"""Attack by proxy: a hostile link or image on a busy page makes its visitors send the attack, without knowing. Pure.

The sign: the same URL with the same parameters from many sources within minutes, most of them real browsers. A
source is one IPv4 address or one /64 of IPv6: a single line must not pass for many people.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from sakimori.lib.addresses import parse_address

MORE_THAN = 10
WITHIN = timedelta(minutes=10)
GOES_ON = timedelta(hours=24)
_BROWSERS = ("chrome/", "firefox/", "safari/", "edg/", "edge/", "opr/")
_TOOLS = ("bot", "crawl", "spider", "headless", "curl", "wget", "python", "java/", "scan", "http://", "https://")


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What is attacked: the site, the URL without its query, and the names of the parameters, in order."""

    site: str
    url: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Hit:
    """At least one attack on a target from an address, and how its client looks."""

    target: Target
    address: str
    at: datetime
    browser: bool


@dataclass(frozen=True, slots=True)
class Case:
    """An attack by proxy: all addresses that took part, and how many sources they are."""

    target: Target
    addresses: frozenset[str]
    sources: int
    first_at: datetime
    last_at: datetime


def looks_like_browser(*, client_type: str, javascript: str, captcha: str, user_agent: str) -> bool:
    """Whether a client is a real browser: by the vendor's own classification and tests, else by what it says it is."""
    kind = client_type.strip().lower()
    if kind and kind != "unclassified":
        return kind == "browser"
    if "true" in (javascript.strip().lower(), captcha.strip().lower()):
        return True
    agent = user_agent.lower()
    return (
        agent.startswith("mozilla/")
        and any(word in agent for word in _BROWSERS)
        and not any(word in agent for word in _TOOLS)
    )


def find_cases(hits: Iterable[Hit], *, known: Mapping[Target, datetime]) -> list[Case]:
    """Every target with more than ten sources within ten minutes, most of them browsers.

    known: cases that are there already, and when each was last seen. Such a case goes on with every further source
    for a day: the page that sends its visitors is still there.
    """
    by_target: dict[Target, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_target[hit.target].append(hit)
    cases = (_case(target, sorted(of_it, key=_order), known.get(target)) for target, of_it in by_target.items())
    return sorted((case for case in cases if case is not None), key=lambda case: case.target)


def times_of_parts(hits: Iterable[Hit]) -> Mapping[str, Sequence[datetime]]:
    """When each address took part in a case, over any length of time, as if the hits had come one by one."""
    by_target: dict[Target, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_target[hit.target].append(hit)
    times: dict[str, list[datetime]] = defaultdict(list)
    for of_it in by_target.values():
        for hit in _parts(sorted(of_it, key=_order)):
            times[hit.address].append(hit.at)
    return times


def source_of(address: str) -> str:
    """The line that an address belongs to."""
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return address


def _order(hit: Hit) -> tuple[datetime, bool]:
    """By time; of one moment the tools first, so that a moment is judged as a whole."""
    return hit.at, hit.browser


def _case(target: Target, hits: Sequence[Hit], last_seen: datetime | None) -> Case | None:
    of_it = _within(hits)
    if last_seen is not None:
        of_it += [hit for hit in hits if hit.browser and hit.at <= last_seen + GOES_ON]
    if not of_it:
        return None
    sources = _Sources()
    for hit in of_it:
        sources.add(hit)
    return Case(
        target=target,
        addresses=frozenset(hit.address for hit in of_it),
        sources=sources.number,
        first_at=min(hit.at for hit in of_it),
        last_at=max(hit.at for hit in of_it),
    )


def _parts(hits: Sequence[Hit]) -> Iterator[Hit]:
    """Those of the hits, ordered by time, that make a case or join it while it goes on."""
    together, last_seen = set(_within(hits)), None
    for hit in hits:
        joins = last_seen is not None and hit.browser and hit.at <= last_seen + GOES_ON
        if joins or hit in together:
            last_seen = hit.at
            yield hit


def _within(hits: Sequence[Hit]) -> list[Hit]:
    """The hits, ordered by time, that lie with enough others within the time; judged anew at every hit."""
    sources, start, taken, found = _Sources(), 0, 0, list[Hit]()
    for end, hit in enumerate(hits):
        sources.add(hit)
        while hit.at - hits[start].at > WITHIN:
            sources.take(hits[start])
            start += 1
        if sources.are_a_case():
            found += hits[max(start, taken) : end + 1]
            taken = end + 1
    return found


class _Sources:
    """The sources of the hits at hand. One hit that looks like a tool's is enough to count its source as a tool."""

    def __init__(self) -> None:
        self.all: Counter[str] = Counter()
        self.tools: Counter[str] = Counter()

    @property
    def number(self) -> int:
        return len(self.all)

    def add(self, hit: Hit) -> None:
        for counter in self._counters(hit):
            counter[source_of(hit.address)] += 1

    def take(self, hit: Hit) -> None:
        source = source_of(hit.address)
        for counter in self._counters(hit):
            counter[source] -= 1
            if not counter[source]:
                del counter[source]

    def are_a_case(self) -> bool:
        return self.number > MORE_THAN and len(self.tools) * 2 < self.number

    def _counters(self, hit: Hit) -> tuple[Counter[str], ...]:
        return (self.all,) if hit.browser else (self.all, self.tools)

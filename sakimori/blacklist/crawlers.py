"""Who is a search engine's crawler: its name in the DNS lies under the operator's domain, and leads back to it.

What a user agent says proves nothing; it only tells of whom an answer is needed. Answers are kept for a while, and
a name server that is silent is left alone for a while: nobody's block waits for it longer than one round's seconds.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from threading import Lock

from sakimori.lib.addresses import DOCUMENTATION, canonical, covers, parse_address
from sakimori.lib.reverse_dns import NameServer, NamesUnavailable, ask_all

# As the operators themselves say how to recognise their crawlers: Google, Microsoft, Yahoo, Apple, Baidu, Yandex,
# Naver. As of 2026-10-14. No domain stands here under which a customer of the operator can have a name.
DOMAINS = (
    "googlebot.com",
    "google.com",
    "search.msn.com",
    "crawl.yahoo.net",
    "applebot.apple.com",
    "crawl.baidu.com",
    "crawl.baidu.jp",
    "yandex.ru",
    "yandex.net",
    "yandex.com",
    "web.naver.com",
)
_CLAIMS = (
    "googlebot",
    "google-inspectiontool",
    "googleother",
    "adsbot-google",
    "mediapartners-google",
    "bingbot",
    "bingpreview",
    "msnbot",
    "adidxbot",
    "yahoo! slurp",
    "applebot",
    "baiduspider",
    "yandexbot",
    "yandeximages",
    "yeti/",
)
_SECONDS = 2.0
_KEPT = timedelta(hours=1)
_SILENCE = timedelta(minutes=1)
_MOST = 50_000


class Proof(Enum):
    """What the DNS says of an address."""

    CRAWLER = "crawler"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


def claims(user_agents: Iterable[str]) -> bool:
    """Whether any of these user agents says that it is a search engine's crawler."""
    return any(claim in agent.lower() for agent in user_agents for claim in _CLAIMS)


def is_crawler_name(name: str) -> bool:
    """Whether a name lies under a crawler's domain."""
    return name.lower().rstrip(".").endswith(tuple(f".{domain}" for domain in DOMAINS))


def prove(address: str, names: NameServer) -> Proof:
    """Ask for the names of an address (canonical text), and for the addresses of those that a crawler could have."""
    try:
        candidates = [name for name in names.names_of(address) if is_crawler_name(name)]
        confirmed = any(address in _canonical(names.addresses_of(name)) for name in candidates)
    except NamesUnavailable:
        return Proof.UNKNOWN
    return Proof.CRAWLER if confirmed else Proof.NOBODY


def _canonical(texts: Collection[str]) -> set[str]:
    return {canonical(address) for text in texts if (address := parse_address(text)) is not None}


@dataclass
class Crawlers:
    """Asks a name server about addresses, and remembers. seconds: what the questions of one round take at most."""

    names: NameServer
    seconds: float = _SECONDS
    _spent: float = 0.0
    _known: dict[str, tuple[Proof, datetime]] = field(default_factory=dict)
    _silent_until: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def begin_round(self) -> None:
        """The seconds count anew."""
        self._spent = 0.0

    def look_up(self, addresses: Collection[str], *, claimed: Collection[str], now: datetime) -> Mapping[str, Proof]:
        """What is known of each address when the round's seconds are over. Those who claim something go first."""
        found = self._remembered(addresses, now)
        missing = sorted(set(addresses) - set(found), key=lambda address: (address not in claimed, address))
        asked = [address for address in missing if not _has_no_owner(address)]
        found |= {address: Proof.NOBODY for address in missing if _has_no_owner(address)}
        if asked and self._spent < self.seconds and not self._is_silent(now):
            found |= self._ask(asked, now)
        return {address: found.get(address, Proof.UNKNOWN) for address in addresses}

    def _ask(self, addresses: Collection[str], now: datetime) -> Mapping[str, Proof]:
        begun = time.monotonic()
        left = self.seconds - self._spent
        answers = ask_all(addresses, lambda address: prove(address, self.names), seconds=left)
        self._spent += time.monotonic() - begun
        self._remember(addresses, answers, now)
        return answers

    def _remembered(self, addresses: Collection[str], now: datetime) -> dict[str, Proof]:
        with self._lock:
            kept = {address: self._known[address] for address in addresses if address in self._known}
        return {address: proof for address, (proof, until) in kept.items() if until > now}

    def _remember(self, asked: Collection[str], answers: Mapping[str, Proof], now: datetime) -> None:
        """An answer is kept long, silence briefly. When nobody at all got one, the name server is left alone."""
        proofs = {address: answers.get(address, Proof.UNKNOWN) for address in asked}
        with self._lock:
            if len(self._known) + len(proofs) > _MOST:
                self._known.clear()
            for address, proof in proofs.items():
                self._known[address] = proof, now + (_SILENCE if proof is Proof.UNKNOWN else _KEPT)
            if all(proof is Proof.UNKNOWN for proof in proofs.values()):
                self._silent_until = now + _SILENCE

    def _is_silent(self, now: datetime) -> bool:
        return self._silent_until is not None and now < self._silent_until


def crawlers_by(names: NameServer | None) -> Crawlers | None:
    """Who asks this name server, with an empty memory; None where there is none to ask."""
    return None if names is None else Crawlers(names)


def _has_no_owner(address: str) -> bool:
    """Addresses of examples have no name anywhere: demo and training ask nobody."""
    parsed = parse_address(address)
    return parsed is None or covers(DOCUMENTATION, parsed)

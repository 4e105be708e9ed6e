"""Traffic: the good customers of the shops, the attackers, and the requests both make. Same seed, same traffic."""

import ipaddress
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from sakimori.simulators.attack_kinds import ATTACKS, AttackKind, Bait
from sakimori.simulators.spec import SiteSpec

CROWD_SIZE = 200
ATTACKER_COUNT = 20
GOOD_PER_HOSTILE = 20
IPV6_CLIENTS = 20
DOCUMENTATION_NETS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
FIRST_HOST = 20  # The hosts below stand for origins and the like.

# User agent, application, client type.
BROWSERS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36",
        "Chrome",
        "Browser",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
        "Mobile Safari",
        "Browser",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0", "Firefox", "Browser"),
    ("Android 14(34) | SakimoriApp 2.1.0(70) | Pixel 8", "Android WebView", "Browser"),
    ("Mozilla/5.0 (compatible; ExampleBot/2.0; +https://bot.example.com/)", "Search Bot", "Crawler"),
)
TOOLS = (
    ("python-requests/2.31.0", "Python Requests", "Developer Tool"),
    ("sqlmap/1.8 (https://sqlmap.example.org)", "Hacking Tool", "Unclassified"),
    ("Go-http-client/1.1", "Go HTTP library", "Developer Tool"),
)
# Country, city, latitude, longitude.
HOMES = (
    ("JP", "Tokyo", "35.6895", "139.6917"),
    ("JP", "Osaka", "34.6937", "135.5023"),
    ("JP", "Sapporo", "43.0642", "141.3469"),
    ("JP", "Fukuoka", "33.5902", "130.4017"),
)
ABROAD = (
    ("EG", "Al 'Ayyat", "29.6197", "31.2575"),
    ("NL", "Amsterdam", "52.3740", "4.8897"),
    ("US", "New York", "40.7128", "-74.0060"),
)
GOODS = ("おせち料理", "有田焼 湯呑み", "宇治抹茶", "南部鉄器 急須", "今治タオル", "北海道産 いくら")
# Path, query, can it come from the cache?
PAGES = (
    ("/", "", True),
    ("/products/{item}", "", True),
    ("/products/{goods}", "ref=top", True),
    ("/search", "q={goods}&sort=new", False),
    ("/images/item/{item}.jpg", "", True),
    ("/static/shop.css", "v=12", True),
    ("/cart", "", False),
    ("/mypage/orders", "page=1", False),
)


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends requests: address, software, home."""

    address: str
    user_agent: str
    application: str
    client_type: str
    country: str
    city: str
    latitude: str
    longitude: str
    visitor_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request on its way to a site. `attack` is None for a good one; `query` and `body` as they travel."""

    site: SiteSpec
    at_ms: int
    client: Client
    bait: Bait
    is_cacheable: bool = False
    attack: AttackKind | None = None


@dataclass(frozen=True, slots=True)
class Crowd:
    """Good customers (200 distinct addresses) and attackers; every tenth attacker sits behind a customer's address."""

    good: tuple[Client, ...]
    attackers: tuple[Client, ...]


def crowd(seed: int) -> Crowd:
    """The people of a world, from its seed."""
    chance = random.Random(seed)
    addresses = [str(host) for net in DOCUMENTATION_NETS for host in list(ipaddress.ip_network(net))[FIRST_HOST:-1]]
    chance.shuffle(addresses)
    ipv6 = [f"2001:db8:{n:x}::{n + 17:x}" for n in range(1, IPV6_CLIENTS + 1)]
    ipv4_count = CROWD_SIZE - IPV6_CLIENTS
    good = tuple(_client(chance, address, BROWSERS, HOMES) for address in addresses[:ipv4_count] + ipv6)
    strangers = addresses[ipv4_count : ipv4_count + ATTACKER_COUNT]
    attackers = tuple(
        _client(chance, good[n].address if n % 10 == 0 else address, TOOLS, ABROAD)
        for n, address in enumerate(strangers)
    )
    return Crowd(good, attackers)


def stranger(people: Crowd, address: str, chance: random.Random) -> Client:
    """An attacker at a given address."""
    return replace(chance.choice(people.attackers), address=str(ipaddress.ip_address(address)))


def good_request(chance: random.Random, client: Client, site: SiteSpec, at_ms: int) -> Request:
    """Something that a customer of a shop does."""
    if chance.random() < 0.08:
        bait = Bait("POST", "/cart/add", "", f"item={chance.randrange(1000, 2000)}&quantity=1")
        return Request(site, at_ms, client, bait)
    path, query, is_cacheable = chance.choice(PAGES)
    words = {"item": str(chance.randrange(1000, 2000)), "goods": quote(chance.choice(GOODS))}
    bait = Bait("GET", path.format(**words), query.format(**words))
    return Request(site, at_ms, client, bait, is_cacheable=is_cacheable)


def hostile_request(chance: random.Random, client: Client, site: SiteSpec, *, at_ms: int, kind: AttackKind) -> Request:
    """One attempt of a kind."""
    return Request(site, at_ms, client, chance.choice(ATTACKS[kind].baits), attack=kind)


def mixed_traffic(
    seed: int, sites: Sequence[SiteSpec], *, hostile: int, start_ms: int, step_ms: int = 50
) -> Iterator[Request]:
    """So many hostile requests, every kind in turn, among at least 20 times as many good ones."""
    chance = random.Random(seed)
    people = crowd(seed)
    kinds = list(AttackKind)
    at_ms = start_ms
    for number in range(hostile):
        for _ in range(GOOD_PER_HOSTILE + chance.randrange(5)):
            at_ms += step_ms
            yield good_request(chance, chance.choice(people.good), chance.choice(sites), at_ms)
        at_ms += step_ms
        attacker = people.attackers[number % len(people.attackers)]
        kind = kinds[number % len(kinds)]
        yield hostile_request(chance, attacker, chance.choice(sites), at_ms=at_ms, kind=kind)


def _client(
    chance: random.Random,
    address: str,
    software: Sequence[tuple[str, str, str]],
    homes: Sequence[tuple[str, str, str, str]],
) -> Client:
    visitor_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return Client(address, *chance.choice(software), *chance.choice(homes), visitor_id=visitor_id)

"""Lines to measure with: the simulator's, with its oddities (about 8 %), as long and as varied as the vendor's.

Identifiers of requests and visits are random in every line, as the vendor's are. What belongs to a visitor (address,
software and its signature, the advertisement that brought him) is random per visitor, of whom there are 5,000; pages
come from a catalogue, and every third request tells the advertisement.
Every fifth line has its keys in one of fifty other orders.
"""

import random
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice

from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.traffic import Client, Request, crowd, mixed_traffic

_VISITORS, _PAGES, _ORDERS = 5_000, 2_000, 50
_TOLD, _STAY = 1 / 3, 0.8
_WORDS = ("products", "category", "season", "campaign", "detail", "review", "support", "member", "history", "article")
_GROUP = re.compile(r" (?=[A-Za-z0-9]+=)(?![A-Za-z0-9]+Label=)")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class _World:
    """Who visits, which pages there are, and how likely the first ones are."""

    visitors: Sequence[Client]
    landings: Sequence[str]
    pages: Sequence[str]
    orders: Sequence[int]


def bench_lines(seed: int, count: int) -> Iterator[bytes]:
    """So many lines without their ends."""
    sites = (SiteSpec(1, "shop.example.jp"), SiteSpec(2, "www.example.jp"))
    account = AccountSpec(1, "bench", "1", "1", log_config_id=1, log_api_id="1", log_api_key="1", sites=sites)
    chance = random.Random(seed)  # noqa: S311 - invented traffic, no secrets
    world = _world(chance)
    start = 1_790_000_000_000 + seed * 5_000_000
    visitor_of = list(accumulate(1 / (rank + 20) for rank in range(_VISITORS)))
    page_of = list(accumulate(1 / (rank + 5) for rank in range(_PAGES)))
    for request in islice(mixed_traffic(seed, sites, hostile=count // 20, start_ms=start), count):
        if request.attack is None:
            (number,) = chance.choices(range(_VISITORS), cum_weights=visitor_of)
            page, before = chance.choices(world.pages, cum_weights=page_of, k=2)
            line = cef_line(account, _visit(request, world.visitors[number], page), _verdict(request), chance)
            landing = world.landings[number] if chance.random() < _TOLD else ""
            line = line.replace("/ requestMethod=", f"{before}{landing} requestMethod=", 1)
        else:
            line = cef_line(account, request, _verdict(request), chance)
        yield (line if chance.random() < _STAY else _reordered(line, chance.choice(world.orders))).encode()


def _world(chance: random.Random) -> _World:
    people = crowd(1).good
    visitors = [_visitor(chance.choice(people), chance) for _ in range(_VISITORS)]
    landings = [f"?utm_source=mail&utm_campaign={chance.choice(_WORDS)}&gclid={_token(chance)}" for _ in visitors]
    pages = ["".join(f"/{chance.choice(_WORDS)}-{chance.randrange(100)}" for _ in range(7)) for _ in range(_PAGES)]
    return _World(visitors, landings, pages, [chance.getrandbits(32) for _ in range(_ORDERS)])


def _visitor(like: Client, chance: random.Random) -> Client:
    build = f" Build/{chance.randrange(100, 180)}.0.{chance.randrange(10_000)}.{chance.randrange(200)}"
    visitor_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return replace(like, user_agent=like.user_agent + build, visitor_id=visitor_id)


def _token(chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=90))


def _visit(request: Request, visitor: Client, page: str) -> Request:
    return replace(request, client=visitor, bait=replace(request.bait, path=page))


def _reordered(line: str, order: int) -> str:
    """The same pairs in another order; a label stays behind its slot."""
    head, *groups = _GROUP.split(line)
    random.Random(order).shuffle(groups)  # noqa: S311 - as above
    return " ".join([head, *groups])


def _verdict(request: Request) -> Verdict:
    if request.attack is None:
        return Verdict("Normal", 0, "REQ_PASSED", 200, 4591, 20)
    attack = ATTACKS[request.attack]
    return Verdict(attack.name, attack.severity, attack.blocked_act, None, 0, 3, attack.rules)

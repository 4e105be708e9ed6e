"""The invented past of the demo: what happened on the customers' sites in the months before. Same seed, same past.

Addresses are apart from those that the steps of the check and the simulators' crowd use, for good traffic from an
address makes the guard ask.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sakimori.lib.jst import day_of, milliseconds, start_of_day
from sakimori.simulators.attack_kinds import ATTACKS, AttackKind
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.spec import AccountSpec, LogLevel, SiteSpec
from sakimori.simulators.traffic import ABROAD, BROWSERS, HOMES, TOOLS, Client, good_request, hostile_request

DAYS = 105
_BLOCKABLE = (
    AttackKind.SQL_INJECTION,
    AttackKind.CROSS_SITE_SCRIPTING,
    AttackKind.REMOTE_FILE_INCLUSION,
    AttackKind.BACKDOOR_PROTECT,
)
_NOISE = (AttackKind.BAD_BOT, AttackKind.BOT_ACCESS_CONTROL, AttackKind.ILLEGAL_RESOURCE_ACCESS)
_EPISODE_DAYS = 6
_GOOD_A_DAY = 24
_STEP = timedelta(seconds=3)
_DAYS_OF_A_FILE = 7


@dataclass(frozen=True, slots=True)
class Episode:
    """One attacker's visit: `count` requests from `at` on, all blocked. Leads to a block and a ticket."""

    address: str
    kind: AttackKind
    site: SiteSpec
    country: str
    at: datetime
    count: int

    @property
    def ends_at(self) -> datetime:
        """The moment of its last request."""
        return self.at + _STEP * (self.count - 1)


@dataclass(frozen=True, slots=True)
class Past:
    """All of it: episodes in order of time, and every log line with its moment, in order too."""

    episodes: tuple[Episode, ...]
    lines: tuple[tuple[datetime, bytes], ...]


def invent(account: AccountSpec, *, today: date, days: int = DAYS) -> Past:
    """The past of an account's sites: `days` whole days of Japan before `today`."""
    chance = random.Random(f"past-{account.account_id}")  # noqa: S311 - an invented past, no secret
    episodes: list[Episode] = []
    lines: list[tuple[datetime, bytes]] = []
    for number in range(days, 0, -1):
        begins = start_of_day(today - timedelta(days=number))
        if number % _EPISODE_DAYS == account.account_id % 3:
            episodes.append(_episode(account, begins, len(episodes), chance))
            lines += _hostile(account, episodes[-1], chance)
        lines += _noise(account, begins, chance)
        if account.log_level is LogLevel.FULL:
            lines += _good(account, begins, chance)
    lines.sort(key=lambda pair: pair[0])
    return Past(tuple(episodes), tuple(lines))


def _episode(account: AccountSpec, begins: datetime, number: int, chance: random.Random) -> Episode:
    return Episode(
        address=f"192.0.2.{30 + (account.account_id % 2) * 60 + number}",
        kind=_BLOCKABLE[number % len(_BLOCKABLE)],
        site=account.sites[number % len(account.sites)],
        country=chance.choice(ABROAD)[0],
        at=begins + timedelta(minutes=chance.randrange(24 * 60 - 30)),
        count=chance.randrange(4, 30),
    )


def _hostile(account: AccountSpec, episode: Episode, chance: random.Random) -> Iterator[tuple[datetime, bytes]]:
    home = next(place for place in ABROAD if place[0] == episode.country)
    client = Client(episode.address, *chance.choice(TOOLS), *home, visitor_id=_visitor(chance))
    for number in range(episode.count):
        yield _attack(account, client, episode.site, episode.kind, episode.at + _STEP * number, chance)


def _noise(account: AccountSpec, begins: datetime, chance: random.Random) -> Iterator[tuple[datetime, bytes]]:
    """Bots and curious people: seen, and only written down."""
    for _ in range(chance.randrange(1, 6)):
        client = Client(
            f"2001:db8:bad::{chance.randrange(1, 60):x}",
            *chance.choice(TOOLS),
            *chance.choice(ABROAD),
            visitor_id=_visitor(chance),
        )
        at = begins + timedelta(seconds=chance.randrange(86_400))
        yield _attack(account, client, chance.choice(account.sites), chance.choice(_NOISE), at, chance)


def _good(account: AccountSpec, begins: datetime, chance: random.Random) -> Iterator[tuple[datetime, bytes]]:
    for _ in range(_GOOD_A_DAY):
        client = Client(
            f"2001:db8:900d::{chance.randrange(1, 300):x}",
            *chance.choice(BROWSERS),
            *chance.choice(HOMES),
            visitor_id=_visitor(chance),
        )
        at = begins + timedelta(seconds=chance.randrange(86_400))
        request = good_request(chance, client, chance.choice(account.sites), milliseconds(at))
        passed = Verdict("Normal", 0, "REQ_PASSED", 200, chance.randrange(500, 90_000), chance.randrange(3, 400))
        yield at, cef_line(account, request, passed, chance).encode()


def _attack(
    account: AccountSpec, client: Client, site: SiteSpec, kind: AttackKind, at: datetime, chance: random.Random
) -> tuple[datetime, bytes]:
    attack = ATTACKS[kind]
    request = hostile_request(chance, client, site, at_ms=milliseconds(at), kind=kind)
    verdict = Verdict(attack.name, attack.severity, attack.blocked_act, None, 0, chance.randrange(3, 400), attack.rules)
    return at, cef_line(account, request, verdict, chance).encode()


def _visitor(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def files_of(lines: Sequence[tuple[datetime, bytes]]) -> Iterator[tuple[datetime, list[bytes]]]:
    """The lines in files as they would have arrived, a week each: the moment of the last line, and the lines."""
    for _, part in groupby(lines, key=lambda pair: day_of(pair[0]).toordinal() // _DAYS_OF_A_FILE):
        week = list(part)
        yield week[-1][0], [line for _, line in week]

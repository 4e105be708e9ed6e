"""Lines of the simulator, and lines that somebody spoiled: parts of them lost, twice, out of place or strange."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

from sakimori.simulators.attack_kinds import ATTACKS
from sakimori.simulators.cef import Verdict, cef_line
from sakimori.simulators.spec import AccountSpec, SiteSpec
from sakimori.simulators.traffic import Request, mixed_traffic
from tests.luck import SEED

_BITS = (
    " ",
    "  ",
    "=",
    "\\=",
    "\\\\=",
    "\\|",
    "|",
    "\\",
    "\t",
    "\r",
    "\0",
    "\x0b",
    "\x1c",
    "\u3000",
    "\xa0",
    "\u2003x",
    "\u3042",
    "\u00e9",
    "\x85",
    "\ufeff",
    " new=1",
    " New=2",
    " ccode=JP",
    " src=192.0.2.9",
    " start=5",
    " cs9=a,b,",
    " cs9Label=Rule name",
    " cs9Label=rule name",
    " cs1=x",
    "cs5Label=clappsig",
    ' cs10=[{"a":"b c=d"}]',
    " cs11=[",
    " cs11=,[{}],",
    ' cs11=[{"a":"b] c"}] cs11Label=Rule Additional Info',
    ' additionalReqHeaders=[{"Host":"a"}]',
    ' additionalReqHeaders={"a":"b in=5 c"}',
    " in=-5",
    " in=99999999999999999999",
    " in=1e5",
    " in=\u0665",
    " spt=70000",
    " cpt=0007",
    " cs7=1.5.2 cs7Label=latitude",
    " end=4102444800000",
    " end=-1",
    " end=",
    " start=",
    " request=",
    " a.b-c_d=1",
    " -x=1",
    " 9a=1",
    " _a=1",
    " filePermission=,,",
    " fileType= , a ,",
    "CEF:0|",
    " cs12=z cs12Label=zz",
    " cs07=1 cs07Label=latitude",
    " xff=",
    " src=::ffff:192.0.2.1",
    " src=2001:DB8::1",
    " sip=\\=",
    " act=REQ_BLOCKED_X",
    " act=",
    " requestClientApplication=x new=y",
    " key=\udcff",
)
_NAMES = (
    "Normal",
    "SQL Injection",
    "IncapRules(a, b)",
    "",
    "a\\|b",
    "a|b",
    "SQL Injection, Bad Bot",
    " x ",
    "\\=",
    "\u3042",
)


def _insert(line: str, chance: random.Random) -> str:
    place = chance.randrange(len(line) + 1)
    return line[:place] + chance.choice(_BITS) + line[place:]


def _insert_before_key(line: str, chance: random.Random) -> str:
    places = [match.start() for match in re.finditer(r" [A-Za-z0-9]+=", line)] or [0]
    place = chance.choice(places)
    return line[:place] + chance.choice(_BITS) + line[place:]


def _delete(line: str, chance: random.Random) -> str:
    begin = chance.randrange(len(line) + 1)
    return line[:begin] + line[begin + chance.choice((1, 2, 5, 40)) :]


def _repeat(line: str, chance: random.Random) -> str:
    begin = chance.randrange(len(line) + 1)
    return line[: begin + chance.choice((5, 30, 200))] + line[begin:]


def _swap(line: str, chance: random.Random) -> str:
    pairs = re.split(r" (?=[A-Za-z0-9]+=)", line)
    chance.shuffle(pairs)
    return " ".join(pairs)


def _append(line: str, chance: random.Random) -> str:
    return line + chance.choice(_BITS)


def _rename(line: str, chance: random.Random) -> str:
    name, severity = chance.choice(_NAMES), chance.choice(("0", "7", "", "-3", "x", " 5 "))
    return line.replace("|Normal|0|", f"|{name}|{severity}|")


def _cut(line: str, chance: random.Random) -> str:
    return line[: chance.randrange(len(line) + 1)]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _insert, _insert, _insert_before_key, _insert_before_key, _delete, _repeat, _swap, _append, _append, _rename, _cut,
)  # fmt: skip


@cache
def simulated(count: int) -> list[str]:
    """Lines of the simulator: order, missing keys, spellings and oddities as live."""
    sites = (SiteSpec(1, "shop.example.jp"), SiteSpec(2, "www.example.jp"))
    account = AccountSpec(1, "test", "1", "1", log_config_id=1, log_api_id="1", log_api_key="1", sites=sites)
    chance = random.Random(SEED)
    requests = islice(mixed_traffic(SEED, sites, hostile=count // 4, start_ms=1_790_000_000_000), count)
    return [cef_line(account, request, _verdict(request), chance) for request in requests]


def _verdict(request: Request) -> Verdict:
    if request.attack is None:
        return Verdict("Normal", 0, "REQ_PASSED", 200, 4591, 20)
    attack = ATTACKS[request.attack]
    return Verdict(attack.name, attack.severity, attack.blocked_act, None, 0, 3, attack.rules)


def mutated(lines: Sequence[str], count: int, seed: int) -> Iterator[bytes]:
    """So many of the lines, each changed one to three times."""
    chance = random.Random(seed)
    for _ in range(count):
        line = chance.choice(lines)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            line = chance.choice(MUTATIONS)(line, chance)
        yield line.encode(errors="surrogateescape")

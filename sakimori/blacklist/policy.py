"""What the SOC wishes for each kind of attack, before the guard has its say. Pure.

A policy (`Rules`) says for each kind whether its sources are blocked at once, put to an analyst or only written down,
and from how many requests within a sliding window on; and for all kinds how long a block lasts, for which sites, and
how many the system may make by itself within an hour. The one that ships (`SHIPPED`) blocks at the first event of a
kind that is hostile beyond doubt and that the WAF itself blocked, asks where it is doubtful, and only writes down what
is noise or has its own handling. Where the rows lie, see `policies.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from sakimori.blacklist.reasons import Reason
from sakimori.logs.attack_kinds import AttackKind

MOST_REQUESTS = 1000
MOST_MINUTES = 24 * 60
MOST_HOURS = 366 * 24
MOST_CAP = 10_000
_MOST_DOUBLINGS = 20


class Wish(Enum):
    """What should happen to the address."""

    BLOCK = "block"
    ASK = "ask"
    OBSERVE = "observe"


class Mode(StrEnum):
    """What a policy says of a kind. Codes are stored; labels are shown."""

    AUTO = "auto"
    ASK = "ask"
    OBSERVE = "observe"

    @property
    def label(self) -> str:
        """For people."""
        return _MODES[self]


_MODES = {Mode.AUTO: "自動で遮断", Mode.ASK: "アナリストが判断", Mode.OBSERVE: "記録のみ"}


@dataclass(frozen=True, slots=True)
class KindRule:
    """The mode of a kind, from `requests` requests on within any `minutes` minutes; fewer are only written down."""

    mode: Mode
    requests: int = 1
    minutes: int = 10


@dataclass(frozen=True, slots=True)
class Term:
    """How long a block lasts: for good (None), or `hours`, doubled for each earlier one, up to `most_hours`."""

    hours: int | None = None
    most_hours: int | None = None

    def hours_after(self, earlier: int) -> int | None:
        """Hours of a block of an address that was blocked `earlier` times before; None: for good."""
        if self.hours is None:
            return None
        grown = self.hours << min(max(earlier, 0), _MOST_DOUBLINGS)
        return min(grown, self.most_hours or MOST_HOURS)


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole policy. one_site: a block holds for the attacked site only. cap: automatic blocks within an hour."""

    kinds: Mapping[str, KindRule]
    term: Term = Term()
    one_site: bool = False
    cap: int = 50

    def of(self, kind: str) -> KindRule:
        """The rule of a kind; one that the policy does not name is put to an analyst."""
        return self.kinds.get(kind, _ASKED)

    @property
    def observed(self) -> frozenset[str]:
        """The kinds that are only written down."""
        return frozenset(kind for kind, rule in self.kinds.items() if rule.mode is Mode.OBSERVE)


_ASKED = KindRule(Mode.ASK)
_AUTO = (
    AttackKind.SQL_INJECTION,
    AttackKind.CROSS_SITE_SCRIPTING,
    AttackKind.REMOTE_FILE_INCLUSION,
    AttackKind.BACKDOOR,
)
_OBSERVE = (AttackKind.BOT_ACCESS_CONTROL, AttackKind.BAD_BOT, AttackKind.ACL, AttackKind.DDOS)
KINDS = tuple(kind for kind in AttackKind if kind is not AttackKind.NONE)
# What we cannot name must be looked at by a person, whatever a policy says.
NEVER_AUTO = frozenset({AttackKind.OTHER.value})


def _shipped_mode(kind: AttackKind) -> Mode:
    if kind in _AUTO:
        return Mode.AUTO
    return Mode.OBSERVE if kind in _OBSERVE else Mode.ASK


SHIPPED = Rules(MappingProxyType({kind.value: KindRule(_shipped_mode(kind)) for kind in KINDS}))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a finding says: the kind, how many requests ended how, and how many only met our own block (`ours`).

    within: the most requests of this contract, site, address and kind that lie in one window of the kind's rule, of
    those windows that touch the finding; our own blocks' left out. None: nobody counted, the finding stands alone.
    """

    kind: str
    blocked: int
    passed: int
    challenged: int
    other: int
    ours: int
    within: int | None = None

    @property
    def total(self) -> int:
        """All requests of the finding."""
        return self.blocked + self.passed + self.challenged + self.other


def wish_for(seen: Seen, rules: Rules = SHIPPED) -> tuple[Wish, Reason]:
    """The wish of a policy and its reason. Requests that only met our own block never start a new one."""
    if seen.ours and seen.ours >= seen.total:
        return Wish.OBSERVE, Reason.OWN_BLOCK
    rule = rules.of(seen.kind)
    if rule.mode is Mode.OBSERVE:
        return Wish.OBSERVE, Reason.KIND_OBSERVES
    if rule.requests > 1 and _counted(seen) < rule.requests:
        return Wish.OBSERVE, Reason.BELOW_THRESHOLD
    if seen.kind in NEVER_AUTO:
        return Wish.ASK, Reason.KIND_UNKNOWN
    if rule.mode is Mode.ASK:
        return Wish.ASK, Reason.KIND_ASKS
    return (Wish.BLOCK, Reason.ATTACK_BLOCKED) if seen.blocked > seen.ours else (Wish.ASK, Reason.ATTACK_PASSED)


def _counted(seen: Seen) -> int:
    return seen.total - seen.ours if seen.within is None else seen.within

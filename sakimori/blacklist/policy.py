"""What the SOC wishes for each kind of attack, before the guard has its say. Pure.

The default policy: block at the first event of a kind that is hostile beyond doubt and that the WAF itself blocked;
ask an analyst where it is doubtful; only write down what is noise or has its own handling.
"""

from dataclasses import dataclass
from enum import Enum

from sakimori.blacklist.reasons import Reason
from sakimori.logs.attack_kinds import AttackKind

_AUTO = frozenset(
    {
        AttackKind.SQL_INJECTION,
        AttackKind.CROSS_SITE_SCRIPTING,
        AttackKind.REMOTE_FILE_INCLUSION,
        AttackKind.BACKDOOR,
    }
)
_OBSERVE = frozenset({AttackKind.BOT_ACCESS_CONTROL, AttackKind.BAD_BOT, AttackKind.ACL, AttackKind.DDOS})


class Wish(Enum):
    """What should happen to the address."""

    BLOCK = "block"
    ASK = "ask"
    OBSERVE = "observe"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a finding says: the kind, how many requests ended how, and how many only met our own block (`ours`)."""

    kind: str
    blocked: int
    passed: int
    challenged: int
    other: int
    ours: int

    @property
    def total(self) -> int:
        """All requests of the finding."""
        return self.blocked + self.passed + self.challenged + self.other


def wish_for(seen: Seen) -> tuple[Wish, Reason]:
    """The wish of the default policy and its reason. Requests that only met our own block never start a new one."""
    if seen.ours and seen.ours >= seen.total:
        return Wish.OBSERVE, Reason.OWN_BLOCK
    if seen.kind in _OBSERVE:
        return Wish.OBSERVE, Reason.KIND_OBSERVES
    if seen.kind in _AUTO:
        return (Wish.BLOCK, Reason.ATTACK_BLOCKED) if seen.blocked > seen.ours else (Wish.ASK, Reason.ATTACK_PASSED)
    if seen.kind == AttackKind.OTHER:
        return Wish.ASK, Reason.KIND_UNKNOWN
    return Wish.ASK, Reason.KIND_ASKS

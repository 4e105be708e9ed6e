"""From a finding to a decision: the policy's wish, then the guard's ruling. Pure."""

from dataclasses import dataclass
from enum import Enum

from sakimori.blacklist.guard import Circumstances, Limits, NeverBlock, Ruling, refusal, rule
from sakimori.blacklist.policy import SHIPPED, Rules, Seen, Wish, wish_for
from sakimori.blacklist.reasons import Reason
from sakimori.lib.addresses import Address


class Outcome(Enum):
    """What becomes of a finding."""

    BLOCK = "block"
    ASK = "ask"
    OBSERVE = "observe"
    LATE = "late"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome and its reason."""

    outcome: Outcome
    reason: Reason


@dataclass(frozen=True, slots=True)
class Question:
    """All that a decision rests on. `site_known`: the line's site belongs to the contract of its credential.

    late: see `logs/lateness.py`; it is written down for the list of late findings, whatever the policy wishes.
    ended: the day of cancellation has come, nothing is blocked any more.
    announced: it comes from a scan that was registered beforehand. rules: the contract's policy.
    """

    seen: Seen
    address: Address | None
    site_known: bool
    late: bool
    ended: bool = False
    announced: bool = False
    rules: Rules = SHIPPED


def decide(question: Question, never: NeverBlock, known: Circumstances, limits: Limits) -> Decision:
    """Decide on one finding. What cannot name an address or site of ours is never a block, but never lost either."""
    wish, reason = wish_for(question.seen, question.rules)
    if question.announced and reason is not Reason.OWN_BLOCK:
        return Decision(Outcome.OBSERVE, Reason.ANNOUNCED_SCAN)
    if wish is Wish.OBSERVE:
        return Decision(Outcome.OBSERVE, reason)
    if question.ended:
        return Decision(Outcome.REFUSE, Reason.CONTRACT_ENDED)
    if not question.site_known:
        return Decision(Outcome.REFUSE, Reason.FOREIGN_SITE)
    late = Decision(Outcome.LATE, Reason.LATE)
    if question.address is None:
        return late if question.late else Decision(Outcome.ASK, Reason.NO_ADDRESS)
    if question.late:
        return _unless_forbidden(question.address, never, known, limits, late)
    if wish is Wish.ASK:
        return _unless_forbidden(question.address, never, known, limits, Decision(Outcome.ASK, reason))
    ruling, why = rule(question.address, never, known, limits)
    return Decision(_OUTCOMES[ruling], why)


def _unless_forbidden(
    address: Address, never: NeverBlock, known: Circumstances, limits: Limits, decision: Decision
) -> Decision:
    """An analyst is not bothered with an address that may never be blocked."""
    forbidden = refusal(address, never, known, limits)
    return decision if forbidden is None else Decision(Outcome.REFUSE, forbidden)


_OUTCOMES = {Ruling.ALLOW: Outcome.BLOCK, Ruling.ASK: Outcome.ASK, Ruling.REFUSE: Outcome.REFUSE}

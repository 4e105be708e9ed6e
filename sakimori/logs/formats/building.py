"""From column values to an Event: fill in what is derived (address, kinds, outcome) and insist on a time."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sakimori.logs.attack_kinds import AttackKind, Outcome, custom_rule_name, kinds_of, outcome_of
from sakimori.logs.fields import FIELDS, POSITION, Event
from sakimori.logs.formats.unreadable import Reason, UnreadableLine
from sakimori.logs.formats.values import canonical_address

DEFAULTS: tuple[object, ...] = tuple(Event._field_defaults.get(field.name) for field in FIELDS)

TIME = POSITION["time"]
NAME = POSITION["name"]
SEVERITY = POSITION["severity"]
EXTRA = POSITION["extra"]
LINE = POSITION["line"]
_ATTACK_KIND = POSITION["attack_kind"]
_ATTACK_KINDS = POSITION["attack_kinds"]
_OUTCOME = POSITION["outcome"]
_ACT = POSITION["act"]
_CLIENT_IP = POSITION["client_ip"]
_CLIENT_IP_TEXT = POSITION["client_ip_text"]
_RULE_NAMES = POSITION["rule_names"]


def blank_values() -> list[Any]:
    """Start an event: one slot per column, each with its default.

    A list over all columns has no single type; each reader gives its column's type, and a test holds it.
    """
    return list(DEFAULTS)


def build_event(
    values: list[Any], *, kinds: tuple[AttackKind, ...] | None = None, given: datetime | None = None
) -> Event:
    """Derive what is derived and close the event. `kinds` is given where the format knows better than the name.

    given: the time of an event that has none of its own, see `given_time.py`.
    """
    if values[TIME] is None:
        values[TIME] = given
    if values[TIME] is None:
        raise UnreadableLine(Reason.NO_TIME)
    name, rule_names = values[NAME], values[_RULE_NAMES]
    if kinds is None:
        kinds = derived_kinds(name, rule_names)
    values[_RULE_NAMES] = derived_rule_names(name, rule_names)
    values[_ATTACK_KINDS] = kinds
    values[_ATTACK_KIND] = kinds[0]
    values[_OUTCOME] = derived_outcome(values[_ACT])
    values[_CLIENT_IP] = canonical_address(values[_CLIENT_IP_TEXT])
    return Event._make(values)


def derived_kinds(name: str, rule_names: tuple[str, ...]) -> tuple[AttackKind, ...]:
    """Say what an event reports, the gravest first."""
    if len(name) + len("".join(rule_names)) > _SHORT:
        return kinds_of(name, rule_names)
    return _remembered_kinds(name, rule_names)


def derived_rule_names(name: str, rule_names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the rules' names; where there are none, the customer's own rule that the event's name tells."""
    if rule_names:
        return rule_names
    own = custom_rule_name(name)
    return (own,) if own else ()


def derived_outcome(act: str) -> Outcome:
    """Class what the vendor did."""
    return outcome_of(act) if len(act) > _SHORT else _remembered_outcome(act)


# Only short texts are remembered: hostile long ones would fill the memory.
_SHORT = 300
_remembered_kinds = lru_cache(maxsize=4096)(kinds_of)
_remembered_outcome = lru_cache(maxsize=1024)(outcome_of)

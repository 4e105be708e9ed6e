"""A policy as plain data, as rows and files hold it, and back. Pure. Nothing of it is believed: see `read`.

{"kinds": {"sql_injection": {"mode": "auto", "requests": 3, "minutes": 10}},
 "hours": 24, "most_hours": 720, "one_site": false, "cap": 50}
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sakimori.blacklist.policy import (
    MOST_CAP,
    MOST_HOURS,
    MOST_MINUTES,
    MOST_REQUESTS,
    NEVER_AUTO,
    KindRule,
    Mode,
    Rules,
    Term,
)

_PARTS = ("kinds", "hours", "most_hours", "one_site", "cap")
_PARTS_OF_A_KIND = ("mode", "requests", "minutes")


class WrongPolicy(ValueError):
    """The data is no policy. The text is an English sentence that says where."""


def as_data(rules: Rules) -> dict[str, object]:
    """Everything that a policy says."""
    kinds = {
        kind: {"mode": rule.mode.value, "requests": rule.requests, "minutes": rule.minutes}
        for kind, rule in rules.kinds.items()
    }
    term = rules.term
    return {
        "kinds": kinds,
        "hours": term.hours,
        "most_hours": term.most_hours,
        "one_site": rules.one_site,
        "cap": rules.cap,
    }


def read(data: object, base: Rules) -> Rules:
    """The policy that differs from `base` in what `data` says. Raises WrongPolicy."""
    parts = _mapping(data, _PARTS, "the policy")
    kinds = dict(base.kinds)
    for kind, what in _mapping(parts.get("kinds", {}), tuple(kinds), "kinds").items():
        kinds[kind] = _kind_rule(kind, what, base.of(kind))
    one_site = parts.get("one_site", base.one_site)
    if not isinstance(one_site, bool):
        raise WrongPolicy("one_site is neither true nor false.")
    cap = _number(parts["cap"], "cap", least=0, most=MOST_CAP) if "cap" in parts else base.cap
    return Rules(MappingProxyType(kinds), _term(parts, base.term), one_site, cap)


def with_kind(rules: Rules, text: str) -> Rules:
    """`sql_injection=ask`, or with a threshold `sql_injection=auto:3/10` (3 requests in 10 minutes)."""
    kind, _, wish = text.partition("=")
    mode, _, threshold = wish.partition(":")
    what: dict[str, object] = {"mode": mode}
    if threshold:
        requests, _, minutes = threshold.partition("/")
        what |= {"requests": _digits(requests), "minutes": _digits(minutes)}
    return read({"kinds": {kind: what}}, rules)


def _kind_rule(kind: str, data: object, base: KindRule) -> KindRule:
    parts = _mapping(data, _PARTS_OF_A_KIND, kind)
    mode = parts.get("mode", base.mode.value)
    if not isinstance(mode, str) or mode not in {each.value for each in Mode}:
        raise WrongPolicy(f"{kind}: the mode is one of {', '.join(each.value for each in Mode)}.")
    if mode == Mode.AUTO.value and kind in NEVER_AUTO:
        raise WrongPolicy(f"{kind}: what has no known name cannot be blocked without being asked about.")
    requests = _number(parts.get("requests", base.requests), f"{kind}: requests", least=1, most=MOST_REQUESTS)
    minutes = _number(parts.get("minutes", base.minutes), f"{kind}: minutes", least=1, most=MOST_MINUTES)
    return replace(base, mode=Mode(mode), requests=requests, minutes=minutes)


def _term(parts: Mapping[str, object], base: Term) -> Term:
    hours = _hours(parts.get("hours", base.hours), "hours")
    most = _hours(parts.get("most_hours", base.most_hours), "most_hours")
    if hours is None:
        return Term()
    if most is not None and most < hours:
        raise WrongPolicy("most_hours is less than hours.")
    return Term(hours, most)


def _hours(value: object, name: str) -> int | None:
    return None if value is None else _number(value, name, least=1, most=MOST_HOURS)


def _number(value: object, name: str, *, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise WrongPolicy(f"{name} is a whole number from {least} to {most}.")
    return value


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise WrongPolicy(f"{text!r} is no number; a threshold is written as 3/10, 3 requests in 10 minutes.")
    return int(text)


def _mapping(data: object, known: tuple[str, ...], what: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise WrongPolicy(f"{what} is no object.")
    for name in data:
        if name not in known:
            raise WrongPolicy(f"{what} knows no {str(name)[:40]!r}; it knows {', '.join(known)}.")
    return data

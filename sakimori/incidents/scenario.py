"""What an exercise plays: what a visitor would see at which second, and how long the attack is signalled. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sakimori.incidents.models import Verdict
from sakimori.incidents.visit import Limits, Trouble, Visit

PLAYABLE = (Verdict.NORMAL, Verdict.SLOW, Verdict.NOT_DISPLAYED)
_LONGEST = 24 * 3600.0
_MOST_PHASES = 50


class BadScenario(ValueError):
    """A scenario that cannot be played. The text is one Japanese sentence."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """phases: from which second on a visitor sees what, the first at 0. signals_until: the attack's last second."""

    title: str
    phases: Sequence[tuple[float, Verdict]]
    signals_until: float

    def __post_init__(self) -> None:
        seconds = [at for at, _ in self.phases]
        if not seconds or seconds[0] != 0 or seconds != sorted(set(seconds)) or len(seconds) > _MOST_PHASES:
            raise BadScenario("シナリオの段階は、0 秒から始まる時刻の順に並べてください。")
        if any(verdict not in PLAYABLE for _, verdict in self.phases):
            raise BadScenario("シナリオの段階は、正常・極端に遅い・表示できないのいずれかです。")
        if self.phases[-1][1] != Verdict.NORMAL:
            raise BadScenario("シナリオの最後の段階は、正常に戻してください。")
        if not 0 <= self.signals_until <= _LONGEST or seconds[-1] > _LONGEST:
            raise BadScenario("シナリオは 24 時間以内にしてください。")

    def shows(self, second: float) -> Verdict:
        """What a visitor sees at a second of the scenario."""
        return [verdict for at, verdict in self.phases if at <= max(0.0, second)][-1]

    def attacks(self, second: float) -> bool:
        """Whether the WAF still reports the attack."""
        return second <= self.signals_until


def visit_of(verdict: Verdict, *, url: str, at: datetime, limits: Limits) -> Visit:
    """The visit that a visitor would make while the site is so."""
    if verdict == Verdict.NOT_DISPLAYED:
        seconds = round(limits.probe_seconds * 1000)
        return Visit(at=at, url=url, trouble=Trouble.TIMEOUT, dns_ms=9, total_ms=seconds)
    total = round(limits.slow_seconds * 1500) if verdict == Verdict.SLOW else 180
    return Visit(
        at=at,
        url=url,
        status=200,
        size_bytes=24_000,
        dns_ms=9,
        connect_ms=14,
        tls_ms=22,
        first_byte_ms=total - 60,
        total_ms=total,
    )


def to_json(scenario: Scenario) -> dict[str, Any]:
    """What is kept in the exercise's row."""
    phases = [[at, str(verdict)] for at, verdict in scenario.phases]
    return {"title": scenario.title, "phases": phases, "signals_until": scenario.signals_until}


def from_json(kept: Mapping[str, Any]) -> Scenario:
    """The scenario of a row."""
    phases = [(float(at), Verdict(verdict)) for at, verdict in kept["phases"]]
    return Scenario(str(kept["title"]), phases, float(kept["signals_until"]))


def from_past(
    title: str, opened_at: datetime, last_signal_at: datetime, turns: Sequence[tuple[datetime, str]]
) -> Scenario:
    """The course of a past incident, as its visits have shown it. Raises BadScenario when they have shown nothing."""
    phases: list[tuple[float, Verdict]] = []
    for at, verdict in turns:
        if verdict not in PLAYABLE:
            continue
        second = round(max(0.0, (at - opened_at).total_seconds()), 1) if phases else 0.0
        if phases and second <= phases[-1][0]:
            phases.pop()
        if not phases or phases[-1][1] != verdict:
            phases.append((second, Verdict(verdict)))
    if phases:
        phases[0] = (0.0, phases[0][1])
    if not any(verdict != Verdict.NORMAL for _, verdict in phases):
        raise BadScenario("サイトの異常が確認されたインシデントを選んでください。")
    if phases[-1][1] != Verdict.NORMAL:
        phases.append((phases[-1][0] + 60.0, Verdict.NORMAL))
    signals = max(0.0, (last_signal_at - opened_at).total_seconds())
    return Scenario(title, phases, min(signals, _LONGEST))


INVENTED = {
    "down": Scenario(
        "1 分後に表示できなくなり、10 分後に回復",
        ((0, Verdict.NORMAL), (60, Verdict.NOT_DISPLAYED), (660, Verdict.NORMAL)),
        600,
    ),
    "at-once": Scenario(
        "すぐに表示できなくなり、5 分後に回復", ((0, Verdict.NOT_DISPLAYED), (300, Verdict.NORMAL)), 240
    ),
    "worse": Scenario(
        "極端に遅くなり、15 分後に表示できなくなり、1 時間後に回復",
        ((0, Verdict.SLOW), (900, Verdict.NOT_DISPLAYED), (3600, Verdict.NORMAL)),
        3300,
    ),
    "night": Scenario(
        "続報が 2 回必要な長い攻撃（2 時間 30 分）",
        ((0, Verdict.NORMAL), (120, Verdict.NOT_DISPLAYED), (9000, Verdict.NORMAL)),
        8700,
    ),
}

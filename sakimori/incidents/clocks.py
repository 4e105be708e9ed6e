"""The clocks of an incident: signal -> visit -> verdict -> first mail -> first ring -> person reached. Pure.

Every moment is that of a row; what has not happened is None, and what nobody knows is never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Step(StrEnum):
    """What is timed, in its order."""

    SIGNAL = "signal"
    PROBE = "probe"
    VERDICT = "verdict"
    BAD = "bad"
    MAIL = "mail"
    RING = "ring"
    REACHED = "reached"


STEP_WORDS = {
    Step.SIGNAL: "検知",
    Step.PROBE: "最初のサイト確認",
    Step.VERDICT: "最初の判定",
    Step.BAD: "異常と判定",
    Step.MAIL: "第一報のメールを送信",
    Step.RING: "最初の電話を呼び出し",
    Step.REACHED: "ご担当者へ連絡",
}
# From which step a step is timed, and how soon it is to follow (issue of chapter 2-1-1); None: people decide that.
_FROM = {
    Step.PROBE: (Step.SIGNAL, timedelta(seconds=5)),
    Step.VERDICT: (Step.SIGNAL, timedelta(seconds=60)),
    Step.BAD: (Step.SIGNAL, None),
    Step.MAIL: (Step.BAD, timedelta(seconds=10)),
    Step.RING: (Step.BAD, timedelta(seconds=10)),
    Step.REACHED: (Step.BAD, None),
}


@dataclass(frozen=True, slots=True)
class Clocks:
    """The moments of one incident. bad_at: since when the customer was to be told, by a visit or by an analyst."""

    signal_at: datetime
    probe_at: datetime | None = None
    verdict_at: datetime | None = None
    bad_at: datetime | None = None
    mail_at: datetime | None = None
    ring_at: datetime | None = None
    reached_at: datetime | None = None

    def at(self, step: Step) -> datetime | None:
        """The moment of a step."""
        moment: datetime | None = getattr(self, f"{step}_at")
        return moment


@dataclass(frozen=True, slots=True)
class Reading:
    """One step as pages and mails show it. took: since the step from which it is timed; goal: how soon it was to be."""

    step: Step
    words: str
    at: datetime | None
    since: str
    took: timedelta | None
    goal: timedelta | None

    @property
    def is_late(self) -> bool:
        """Whether it came later than it was to."""
        return self.took is not None and self.goal is not None and self.took > self.goal

    @property
    def shown(self) -> str:
        """How long it took, in words; empty where it has not happened."""
        return span(self.took) if self.took is not None else ""


def read(clocks: Clocks) -> Sequence[Reading]:
    """Every step in its order. A clock that was set back shows no negative spans."""
    return [_read(clocks, step) for step in Step]


def _read(clocks: Clocks, step: Step) -> Reading:
    at = clocks.at(step)
    begin, goal = _FROM.get(step, (Step.SIGNAL, None))
    if clocks.at(begin) is None:
        begin, goal = Step.SIGNAL, None
    start = clocks.at(begin)
    took = None if step is Step.SIGNAL or at is None or start is None else max(at - start, timedelta(0))
    return Reading(step, STEP_WORDS[step], at, STEP_WORDS[begin], took, goal)


def span(took: timedelta) -> str:
    """A span as a person reads it: 4.2 秒, 3 分 5 秒, 2 時間 4 分."""
    seconds = took.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} 秒"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} 分 {whole % 60} 秒"
    return f"{whole // 3600} 時間 {whole % 3600 // 60} 分"


def passed(readings: Sequence[Reading]) -> bool:
    """Whether every step that has a goal was taken in time: what an exercise is judged by."""
    wanted = [reading for reading in readings if reading.goal is not None]
    return bool(wanted) and all(reading.took is not None and not reading.is_late for reading in wanted)

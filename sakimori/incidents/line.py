"""Looks at our own line all the time: while no page outside the WAF opens, no verdict counts, and the SOC must know."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Examination, Runner, World, controls_open
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.models import Severity

ALARM_KEY = "own-line"
_LONGEST_SECONDS = 5.0
_DEAD = "SOC の回線からインターネットのページを開けません。復旧するまで、サイトの確認結果からお客様へは連絡しません。"
_ALIVE = "SOC の回線は復旧しました。"


@dataclass
class LineWatch:
    """The look at the control pages that goes on beside everything else. again: the alarm comes again after this."""

    runner: Runner
    again: timedelta
    dead_since: datetime | None = None
    _alarmed_at: datetime | None = None

    def look(self, world: World) -> int:
        """Write down what the last look has shown, and begin the next one. Always 0: nothing waits for more."""
        now = world.clock()
        while (result := self.runner.fetch()) is not None:
            self._note(is_open=result.controls_open, now=now)
        if world.controls and self.runner.free() > 0:
            hurried = replace(world, limits=_hurried(world))
            self.runner.send(lambda: look_once(hurried))
        return 0

    def _note(self, *, is_open: bool, now: datetime) -> None:
        if is_open:
            self.dead_since = self._alarmed_at = None
            end_alarm(ALARM_KEY, sentence=_ALIVE, now=now)
            return
        self.dead_since = self.dead_since or now
        if self._alarmed_at is None or not self._alarmed_at <= now < self._alarmed_at + self.again:
            self._alarmed_at = now
            raise_alarm(key=ALARM_KEY, severity=Severity.HIGH, sentence=_DEAD, link="/console/sites/", now=now)


def look_once(world: World) -> Examination:
    """Whether any control page outside the WAF opens; a second try before that is denied."""
    is_open = controls_open(world)
    if not is_open:
        world.pause()
        is_open = controls_open(world)
    return Examination(0, (), controls_open=is_open)


def _hurried(world: World) -> Limits:
    return replace(world.limits, probe_seconds=min(world.limits.probe_seconds, _LONGEST_SECONDS))

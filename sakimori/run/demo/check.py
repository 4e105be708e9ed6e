"""`./run demo --check`: plays the demo unattended in a process of its own and verifies it through the real doors."""

import json
import os
import platform
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from sakimori.run.demo.cast import ANALYST
from sakimori.run.demo.chapters import without_step
from sakimori.run.demo.child import Child, ChildFailed
from sakimori.run.demo.doors import NotAsExpected, Outside
from sakimori.run.demo.kills import play_with_kills
from sakimori.run.demo.play import Play, Step
from sakimori.run.demo.samples import play_samples
from sakimori.run.demo.steps import LAST_STEPS, STEPS

# Waves of six seconds instead of fifteen minutes, so that the check sees second mails too; alarms as quick to the
# phone; sites are visited every three seconds, and an incident ends after twelve quiet ones;
# meanwhile its customer has a follow-up every nine.
_ENVIRONMENT = {
    "SAKIMORI_WAVE_MINUTES": "0.1",
    "SAKIMORI_ALARM_MINUTES": "0.1",
    "SAKIMORI_PROBE_MINUTES": "0.05",
    "SAKIMORI_QUIET_MINUTES": "0.2",
    "SAKIMORI_FOLLOWUP_MINUTES": "0.15",
    # A machine with more to do than it has cores makes no outage of its own; the step about slow sites sets its site's.
    "SAKIMORI_PROBE_SECONDS": "40",
    "SAKIMORI_SLOW_SECONDS": "25",
    # The same people are called in step after step.
    "SAKIMORI_ROUND_PAUSE_MINUTES": "0.05",
    "SAKIMORI_MERGE_MINUTES": "0.01",
    "SAKIMORI_CALLS_PER_HOUR": "500",
    "SAKIMORI_CALLS_PER_DAY": "500",
}
# Pages of the desk and the heading after which they tell something.
_DESK = (
    ("/console/alarms/", ""),
    ("/console/incidents/", "すべてのインシデント"),
    ("/console/calls/", "手動で架電するもの"),
)
_MOST_SEEN = 1500


@dataclass(frozen=True, slots=True)
class Result:
    """What a step came to. `trouble` is empty when its promise holds; `seen`: what the desk showed when it did not."""

    chapter: str
    promise: str
    seconds: float
    trouble: str
    seen: tuple[str, ...] = ()


def check(folder: Path, *, report: Path | None, kills: int, chapters: Collection[str] = ()) -> int:
    """Play every step (or only those of some chapters); print a line for each and the verdict at the end.

    Returns 0 when all promises hold.
    """
    results: list[Result] = []
    measured: dict[str, float] = {}
    for result in _play(folder, kills, measured, chapters):
        results.append(result)
        mark = "NG" if result.trouble else "ok"
        print(f"{mark}  {result.chapter:<6} {result.seconds:6.1f} s  {result.promise}", flush=True)
        for words in (result.trouble, *result.seen):
            if words:
                print(f"    {words}", flush=True)
    for name, seconds in measured.items():
        print(f"    {name}: {seconds:.2f}", flush=True)
    troubles = [f"{result.chapter} {result.promise}" for result in results if result.trouble]
    if not chapters:
        troubles += [f"{chapter} has no step" for chapter in without_step(result.chapter for result in results)]
    if report is not None:
        _write(report, results, measured)
    print(f"demo: FAILED {troubles[0]}" if troubles else "demo: ok", flush=True)
    return 1 if troubles else 0


def _play(folder: Path, kills: int, measured: dict[str, float], chapters: Collection[str]) -> Iterator[Result]:
    child = Child(folder, environment=_ENVIRONMENT)
    began = time.monotonic()
    try:
        child.start()
    except ChildFailed as error:
        yield Result("2-1", "起動", time.monotonic() - began, str(error))
        return
    measured["start_s"] = time.monotonic() - began
    measured["load_per_core"] = os.getloadavg()[0] / (os.cpu_count() or 1)
    yield Result("2-1", "起動", measured["start_s"], "")
    doors = child.doors()
    play = Play(doors["base"], child.password(), Outside(doors, api_keys=child.api_keys()), measured)
    try:
        for step in (*STEPS, Step("2-5-1", "公開サンプルの行を取り込む", play_samples)):
            if not chapters or step.chapter in chapters:
                yield _result(step, play)
        if kills:
            step = Step(
                "2-1", f"kill -9 を {kills} 回受けても同じ最終状態", lambda play: play_with_kills(play, child, kills)
            )
            yield _result(step, play)
        for step in LAST_STEPS:
            if not chapters or step.chapter in chapters:
                yield _result(step, play)
        if not chapters or "2-1" in chapters:
            yield _result(Step("2-1", "停止と再開", lambda play: _stop_and_go_on(play, child)), play)
    finally:
        child.kill()


def _result(step: Step, play: Play) -> Result:
    began = time.monotonic()
    trouble = ""
    try:
        step.play(play)
    except (NotAsExpected, ChildFailed) as error:
        trouble = str(error)
    except httpx.HTTPError as error:
        trouble = f"a door does not answer: {type(error).__name__} {error}"
    seconds = time.monotonic() - began
    return Result(step.chapter, step.promise, seconds, trouble, seen=_seen(play) if trouble else ())


def _seen(play: Play) -> tuple[str, ...]:
    """What the SOC's desk shows now: whoever looks for the reason of a trouble has nothing else of a demo elsewhere."""
    try:
        desk = play.browser(ANALYST.login)
        return tuple(f"{page}: {_after(heading, desk.text(page))}" for page, heading in _DESK)
    except (NotAsExpected, httpx.HTTPError) as error:
        return (f"the desk shows nothing: {error}",)


def _after(heading: str, text: str) -> str:
    """What a page tells behind a heading, up to a length that can be read."""
    return (text.partition(heading)[2] if heading else text)[:_MOST_SEEN]


def _stop_and_go_on(play: Play, child: Child) -> None:
    """Ctrl-C ends cleanly; the next start has everything that was there."""
    accounts = (4001, 4002)
    before = [play.outside.blacklist(account) for account in accounts]
    mails = len(play.outside.mails())
    code = child.stop()
    if code != 0:
        raise NotAsExpected(f"Ctrl-C ends with exit code {code}")
    child.start()
    if [play.outside.blacklist(account) for account in accounts] != before or len(play.outside.mails()) < mails:
        raise NotAsExpected("the second start does not continue where the first stopped")
    code = child.stop()
    if code != 0:
        raise NotAsExpected(f"the second Ctrl-C ends with exit code {code}")


def _write(report: Path, results: list[Result], measured: dict[str, float]) -> None:
    content = {
        "ok": not any(result.trouble for result in results),
        "steps": [asdict(result) for result in results],
        "measured": measured,
        "machine": {"python": sys.version.split()[0], "system": platform.platform(), "cpus": os.cpu_count()},
    }
    report.write_text(json.dumps(content, ensure_ascii=False, indent=1))

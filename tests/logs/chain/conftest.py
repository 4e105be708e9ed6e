"""An intake that stores files, and what looks at their chain."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sakimori.lib.jst import day_of
from sakimori.logs.chain.checking import Depth, check_day, check_end
from sakimori.logs.chain.rules import Break
from sakimori.logs.models import ChainDay, ChainHead, LogFile
from tests.lines import cef, log_file
from tests.logs.test_ingest import Intake, intake

__all__ = ["intake"]

Fill = Callable[..., list[LogFile]]


@pytest.fixture
def fill(intake: Intake) -> Fill:
    """Store so many files on each of so many days, with an event of the day in each. The clock stays on the last."""

    def stored(*, days: int = 1, files: int = 1) -> list[LogFile]:
        made = []
        for day in range(days):
            if day:
                intake.clock.pass_time(days=1)
            for _ in range(files):
                file = intake.take(log_file([cef("SQL Injection", "198.51.100.7", at=intake.clock())]))
                intake.clock.pass_time(seconds=1)
                assert intake.run() == 1
                made.append(LogFile.objects.get(pk=file.pk))
        return made

    return stored


def troubles(intake: Intake, *, store: bool = True, spool: bool = True) -> set[Break]:
    """What is wrong with the contract's chain."""
    depth = Depth(store=intake.store if store else None, spool=intake.spool if spool else None)
    found = [trouble for day in ChainDay.objects.order_by("day") for trouble in check_day(day.pk, depth)]
    for head in ChainHead.objects.select_related("contract"):
        found += check_end(head)
    return {trouble.what for trouble in found}


def next_day(intake: Intake) -> None:
    """Move the clock to the first moment of the next Japanese day."""
    today = day_of(intake.clock())
    while day_of(intake.clock()) == today:
        intake.clock.pass_time(hours=1)
    intake.clock.now -= timedelta(minutes=intake.clock.now.minute, seconds=intake.clock.now.second)

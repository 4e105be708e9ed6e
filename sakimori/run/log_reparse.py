"""`sakimori logs reparse`: stored files are read again, as the parser of today reads lines, and how far that is.

What was asked for is a row. The process that has the log store works it off, and so does this command where the store
is free; whoever breaks the command off stops nothing (`--stop` does). Only one runs at a time: asked again while one
runs, it shows that one.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError

from sakimori.customers.models import Contract
from sakimori.lib.jst import utc_now
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import Reparse
from sakimori.logs.reparse.asking import IsRunning, Wanted, ask, extent_of, running, stop
from sakimori.logs.reparse.reading import LeftAlone
from sakimori.logs.reparse.working import reread_next
from sakimori.logs.store.interface import StoreError
from sakimori.run.duties import reparse_house
from sakimori.run.log_import import free_store
from sakimori.run.prepare import free_claims_of_the_dead
from sakimori.run.progress import Progress

_OPERATOR = "operator"
_LOOK_EVERY_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0
_WHY = {
    LeftAlone.OTHER_LINES: "other lines of them would be rows; import them to have those (sakimori logs import)",
    LeftAlone.NO_FILE: "W3C files that the spool has no more",
    LeftAlone.UNREADABLE: "they cannot be read any more",
}


def run(arguments: argparse.Namespace) -> int:
    """Returns 1 when files were left alone, something still waits, or another one runs; 2 for a wrong call."""
    try:
        return _run(arguments)
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if arguments.stop:
        return _stop()
    wanted, progress = _wanted(arguments), Progress()
    extent = extent_of(wanted, now=utc_now())
    about = (
        f"{extent.files:,} files with {extent.rows:,} rows are to be read again by parser version {PARSER_VERSION}; "
        f"{extent.spooled:,} of them from the spool, the others from the lines in the log store."
    )
    if arguments.dry_run or not extent.files:
        progress.say(about)
        return 0
    try:
        order, is_ours = ask(wanted, by=_OPERATOR, now=utc_now()), True
        progress.say(about)
    except IsRunning:
        other = running()
        if other is None:
            return _run(arguments)
        order, is_ours = other, False
        progress.say(f"Another one has been running since {order.asked_at:%Y-%m-%d %H:%M} UTC.", is_trouble=True)
    if arguments.no_wait:
        return int(not is_ours)
    return max(_Watching(order, progress).run(), int(not is_ours))


def _stop() -> int:
    order = running()
    if order is None:
        print("Nothing is being read again.")
        return 0
    stop(order, by=_OPERATOR, now=utc_now())
    print("No further files are begun. What has been read again stays so.")
    return 0


def _wanted(arguments: argparse.Namespace) -> Wanted:
    """Raises ValueError with a sentence."""
    contract = None
    if arguments.contract:
        contract = Contract.objects.select_related("customer").filter(number=arguments.contract).first()
        if contract is None:
            raise ValueError(f"There is no contract with the number {arguments.contract!r}.")
    first, last = arguments.from_day, arguments.to_day
    if first and last and last < first:
        raise ValueError(f"--to {last} is before --from {first}.")
    return Wanted(contract, first, last, arguments.again)


@dataclass
class _Watching:
    """Works it off where nobody else can, and shows how far it is."""

    order: Reparse
    progress: Progress
    sleep: Callable[[float], None] = field(default_factory=lambda: time.sleep)

    def run(self) -> int:
        try:
            is_done = self._wait()
        except KeyboardInterrupt:
            self.progress.say("It goes on without us; `sakimori logs reparse --stop` ends it.", is_trouble=True)
            return 130
        return self._report(is_done=is_done)

    def _wait(self) -> bool:
        """False when nothing went on for long."""
        store = free_store()
        if store is not None:
            free_claims_of_the_dead(me=os.getpid())
        else:
            self.progress.say("Another process holds the log store; it reads the files again, behind new ones.")
        quiet_seconds, before = 0.0, -1
        while quiet_seconds < _PATIENCE_SECONDS:
            if store is not None:
                self._work()
            self.order.refresh_from_db()
            done = self.order.done_files + sum(self.order.left_alone.values())
            self.progress.show(done, self.order.files, f"reading {self.order.files:,} files again")
            if not self.order.is_open:
                return True
            quiet_seconds = 0.0 if done != before else quiet_seconds + _LOOK_EVERY_SECONDS
            before = done
            self.sleep(_LOOK_EVERY_SECONDS)
        return False

    def _work(self) -> None:
        try:
            while reread_next(reparse_house()):
                self.order.refresh_from_db()
                done = self.order.done_files + sum(self.order.left_alone.values())
                self.progress.show(done, self.order.files, f"reading {self.order.files:,} files again")
        except (StoreError, OSError) as error:
            self.progress.say(f"{type(error).__name__}: {error}"[:300], is_trouble=True)

    def _report(self, *, is_done: bool) -> int:
        order = self.order
        left = sum(order.left_alone.values())
        self.progress.say(
            f"{order.done_files:,} files with {order.done_rows:,} rows were read again, {left:,} were left alone."
        )
        for reason, files in sorted(order.left_alone.items()):
            self.progress.say(f"  {files:,}: {_WHY[LeftAlone(reason)]}")
        if not is_done:
            self.progress.say("It does not go on; is `sakimori up` or `sakimori work` running?", is_trouble=True)
        return int(not is_done or bool(left))

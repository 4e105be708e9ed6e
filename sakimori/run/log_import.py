"""`sakimori logs import`: files of a contract through spool and ledger into the log store, and what became of them.

While another process holds the embedded log store, it stores the files and we wait; else we store them ourselves. It
may be broken off at any moment and repeated: what was taken is not taken again. What is in the files is late by
definition: it blocks, mails and calls nobody (`logs/lateness.py`).
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.models import Q

from sakimori import backends
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.lib.claims import worker_name
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.duties import ingest_due
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive.back_fill import NotTaken, Source, Taken, find, take
from sakimori.logs.store.clients import engine_held_quiet
from sakimori.logs.store.interface import LogStore, StoreError, StoreUnavailable
from sakimori.run.prepare import free_claims_of_the_dead, nobody_else_prepares
from sakimori.run.progress import Progress

_LOOK_EVERY_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0
_TRIES = 3
_AT_ONCE = 500  # A database takes only so many values in one question.
_WAITING = (LogFileState.RECEIVED, LogFileState.STORING)


def run(arguments: argparse.Namespace) -> int:
    """Import and report. Returns 1 when a file or line was not readable or a file still waits, 2 for a wrong call."""
    try:
        contract = _contract(arguments.contract)
        sources, missing = find(arguments.files, standard_input_name=arguments.name)
        return _Import(contract, missing=len(missing)).run(sources, missing, waits=not arguments.no_wait)
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1


def _contract(number: str) -> Contract:
    contract = Contract.objects.select_related("customer").filter(number=number).first()
    if contract is None:
        raise ValueError(f"There is no contract with the number {number!r}.")
    if not contract.runs_on(day_of(utc_now())):
        raise ValueError(f"The contract {number} was cancelled as of {contract.ends_on}: nothing is taken in any more.")
    return contract


@dataclass
class _Import:
    """One call of the command: what was taken, and what could not be."""

    contract: Contract
    missing: int = 0
    progress: Progress = field(default_factory=Progress)
    sleep: Callable[[float], None] = field(default_factory=lambda: time.sleep)
    taken: dict[int, Taken] = field(default_factory=dict)
    refused: int = 0
    read_bytes: dict[int, int] = field(default_factory=dict)
    storing: int = 0
    total_bytes: int = 0

    def run(self, sources: Sequence[Source], missing: Sequence[str], *, waits: bool) -> int:
        for word in missing:
            self.progress.say(f"{word}: there is no such file", is_trouble=True)
        try:
            is_whole = self._take_all(sources)
            if waits:
                self._store_all()
        except KeyboardInterrupt:
            self.progress.say(
                f"Broken off; {len(self.taken)} files are taken. The same command goes on from here.", is_trouble=True
            )
            return 130
        return self._report(is_whole=is_whole)

    def _take_all(self, sources: Sequence[Source]) -> bool:
        """Take what can be taken. False when the spool takes no more: then the rest was not tried."""
        if not sources:
            return True
        details = {"files": len(sources), "first": sources[0].name}
        customer, target = self.contract.customer, f"contract:{self.contract.pk}"
        audit.record("logs.import", by="operator", target=target, now=utc_now(), customer=customer, details=details)
        total, read = sum(source.size_bytes for source in sources), 0
        for source in sources:

            def on_bytes(more: int, source: Source = source) -> None:
                nonlocal read
                read += more
                self.progress.show(read, total, f"taking {source.name}")

            try:
                self._take(source, on_bytes)
            except NotTaken as reason:
                self.refused += 1
                self.progress.say(f"{source.path or source.name}: {reason}", is_trouble=True)
            except OSError as error:
                self.progress.say(f"The spool takes no more: {error}", is_trouble=True)
                return False
        return True

    def _take(self, source: Source, on_bytes: Callable[[int], None]) -> None:
        taken = take(
            source,
            contract=self.contract,
            spool=backends.spool(),
            standard_input=sys.stdin.buffer,
            now=utc_now(),
            on_bytes=on_bytes,
        )
        self.taken.setdefault(taken.file.pk, taken)
        if not self.progress.is_drawn:
            self.progress.say(f"{source.name}: {'taken' if taken.is_new else 'was imported before'}")

    def _store_all(self) -> None:
        """Store, or wait for who does, until nothing of ours waits, or nothing goes on."""
        store = free_store() if self._waiting() else None
        if store is not None:
            free_claims_of_the_dead(me=os.getpid())
        elif self._waiting():
            self.progress.say("Another process holds the log store; waiting until it has stored the files.")
        ours, quiet_seconds, before = Q(contract=self.contract, door=IMPORT_DOOR), 0.0, (-1, -1)
        self.total_bytes = sum(taken.file.size_bytes for taken in self.taken.values())
        while (waiting := self._waiting()) and quiet_seconds < _PATIENCE_SECONDS:
            self._settle(waiting)
            stands = (len(waiting), self._show())
            quiet_seconds = 0.0 if stands != before else quiet_seconds + _LOOK_EVERY_SECONDS
            before = stands
            if all(file.attempts >= _TRIES for file in waiting):
                break
            if store is None or not ingest_due(
                store=store,
                spool=backends.spool(),
                worker=worker_name(),
                clock=utc_now,
                only=ours,
                on_bytes=self._on_read,
            ):
                self.sleep(_LOOK_EVERY_SECONDS)

    def _settle(self, waiting: Sequence[LogFile]) -> None:
        """What is stored or quarantined has been read to its end; another process tells how far it is with the rest."""
        positions = _positions_of_another(waiting)
        left = {file.pk for file in waiting}
        for key, taken in self.taken.items():
            size = taken.file.size_bytes
            self.read_bytes[key] = min(positions.get(key, 0), size) if key in left else size

    def _on_read(self, file: LogFile, read_bytes: int) -> None:
        """A file that lies further back than the one before is stored: that one has been read to its end."""
        if self.storing != file.pk and self.storing in self.taken:
            self.read_bytes[self.storing] = self.taken[self.storing].file.size_bytes
        self.storing = file.pk
        if file.pk in self.taken:
            self.read_bytes[file.pk] = min(read_bytes, file.size_bytes)
            self._show(file.name)

    def _show(self, name: str = "") -> int:
        """Draw how much of all files, by their bytes, has been read for the store; returns it."""
        read = sum(self.read_bytes.values())
        self.progress.show(read, self.total_bytes, f"storing {name or f'{len(self.taken)} files'}")
        return read

    def _waiting(self) -> list[LogFile]:
        return list(self._rows(Q(state__in=_WAITING)))

    def _rows(self, condition: Q | None = None) -> Iterator[LogFile]:
        keys = list(self.taken)
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            yield from LogFile.objects.filter(condition or Q(), pk__in=part).order_by("pk")

    def _report(self, *, is_whole: bool) -> int:
        rows = list(self._rows())
        for file in rows:
            if not self.progress.is_drawn or file.state != LogFileState.STORED or file.quarantined_lines:
                self.progress.say(_line_of(file))
        states = [file.state for file in rows]
        stored, unreadable = states.count(LogFileState.STORED), states.count(LogFileState.QUARANTINED)
        waiting, known = len(rows) - stored - unreadable, sum(not taken.is_new for taken in self.taken.values())
        not_taken = self.refused + self.missing
        self.progress.say(
            f"{len(rows)} files: {stored} stored, {unreadable} quarantined, {waiting} waiting; "
            f"{known} of them were imported before, {not_taken} were not taken."
        )
        self.progress.say(_sum_of(rows))
        if waiting:
            self.progress.say("What waits is stored by `sakimori up` or `sakimori work`, or by this command again.")
        bad = sum(file.quarantined_lines for file in rows)
        return int(not is_whole or bool(unreadable or waiting or not_taken or bad))


def _positions_of_another(waiting: Sequence[LogFile]) -> dict[int, int]:
    """How far the process is that stores the files for us, if it answers. It stores one at a time."""
    storing = [file for file in waiting if file.state == LogFileState.STORING]
    if not storing:
        return {}
    try:
        other = backends.store_of_another()
        return {file.pk: other.read_bytes(file.pk) for file in storing} if other else {}
    except StoreError:
        return {}


def free_store() -> LogStore | None:
    """The log store, unless another process holds it (the embedded one) or it cannot be reached."""
    try:
        if backends.store_of_another() is not None:
            return None
        store = backends.log_store()
        with nobody_else_prepares(), engine_held_quiet():
            store.migrate()
    except StoreUnavailable:
        return None
    return store


def _line_of(file: LogFile) -> str:
    if file.state == LogFileState.STORED:
        return f"{file.name}: {_sum_of([file])}"
    if file.state == LogFileState.QUARANTINED:
        return f"{file.name}: quarantined: {file.reason}"
    return f"{file.name}: waits"


def _sum_of(rows: Sequence[LogFile]) -> str:
    lines, kept = sum(file.lines for file in rows), sum(file.rows for file in rows)
    bad, unkept = sum(file.quarantined_lines for file in rows), sum(file.unkept_lines for file in rows)
    doubles = sum(file.doubles or 0 for file in rows)
    return f"{lines:,} lines = {kept:,} rows ({doubles:,} doubles) + {bad:,} quarantined + {unkept:,} not kept"

"""Whatever comes between: files that come, and come again, are stored and read again by processes that are killed.

After every step that ends by itself each line of a stored file is one row, and each event is seen once. A kill may
leave less, or a day in two forms, until a process goes on.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sakimori.lib.claims import Claimable
from sakimori.logs import duties, ingest
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import LogFile, LogFileState, Reparse
from sakimori.logs.reparse import choosing, holding, working
from sakimori.logs.reparse.asking import IsRunning
from sakimori.logs.reparse.working import reread_next
from sakimori.logs.spool import Spool
from sakimori.logs.store.clickhouse import ClickHouseStore
from sakimori.logs.store.interface import LogStore, Rereading, StoreUnavailable
from tests.fixtures_logstore import _empty
from tests.lines import cef, log_file
from tests.logs.reparse.conftest import OLDER, Shelf
from tests.logs.test_ingest import NOTHING, Intake
from tests.luck import HUNTING
from tests.moments import START
from tests.people import make_contract

pytestmark = pytest.mark.django_db

# Few events, so that files share them; on two days of Japan.
EVENTS = [
    cef("SQL Injection", f"198.51.100.{number}", at=START - timedelta(hours=24 * (number % 2), seconds=number))
    for number in range(6)
]
PLACES = st.integers(1, 60)
Row = tuple[int, int]


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def torn(store: LogStore) -> Generator[list[bool]]:
    """Whoever replaces a day meanwhile is killed, and leaves its old rows and the new ones."""
    assert isinstance(store, ClickHouseStore)
    command, killed = store._command, list[bool]()

    def kill(sql: str, **values: Any) -> None:
        if "REPLACE PARTITION" in sql:
            command(f"INSERT INTO events SELECT * FROM {sql.rsplit(maxsplit=1)[-1]}")
            killed.append(True)
            raise Killed
        command(sql, **values)

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(store, "_command", kill)
        yield killed


class Machine(RuleBasedStateMachine):
    """One contract, a process that stores and reads again, and somebody who kills it."""

    store: LogStore  # Set by whoever runs it.

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.folder = TemporaryDirectory()
        folder = Path(self.folder.name) / "spool"
        intake = Intake(make_contract("株式会社さくら商店", "A"), Spool(folder), self.store, folder)
        self.shelf = Shelf(intake)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(choosing, "_MOST_ROWS", 6)
        self.patch.setattr(duties, "SMALL", NOTHING)
        self.is_dead = False
        self.bodies: list[bytes] = []
        for events in (EVENTS[:3], EVENTS[1:5]):
            self.deliver_these(events)
        self.ingest()

    @rule(events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=4))
    def deliver(self, events: list[bytes]) -> None:
        self.deliver_these(events)

    def deliver_these(self, events: list[bytes]) -> None:
        self.bodies.append(log_file([*events, b"nonsense"]))
        self.shelf.intake.take(self.bodies[-1])

    @rule()
    def deliver_twice(self) -> None:
        if self.bodies:
            self.shelf.intake.take(self.bodies[-1])

    @rule()
    def ingest(self) -> None:
        self.live()
        self.shelf.intake.run(worker="one:1")
        self.search()

    @rule()
    def upgrade(self) -> None:
        """Another parser, and somebody who asks for its rows."""
        LogFile.objects.filter(state=LogFileState.STORED).update(parser_version=OLDER)
        with suppress(IsRunning), transaction.atomic():
            self.shelf.ask()

    @rule()
    def clear_spool(self) -> None:
        self.shelf.clear_spool(*LogFile.objects.filter(state=LogFileState.STORED, spool_cleared_at=None)[:2])

    @rule()
    def reread(self) -> None:
        self.live()
        reread_next(self.shelf.house)

    @rule(place=PLACES)
    def killed_while_storing(self, place: int) -> None:
        self.live()
        self.killed_at(place, lambda: self.shelf.intake.run(worker="one:1"))
        self.search()

    @rule(place=PLACES)
    def killed_while_reading_again(self, place: int) -> None:
        self.live()
        self.upgrade()
        self.killed_at(place, lambda: reread_next(self.shelf.house))

    @rule()
    def killed_while_the_engine_replaces_a_day(self) -> None:
        """The old rows and the new ones are on the disk."""
        self.live()
        store = self.shelf.intake.store
        assert isinstance(store, ClickHouseStore)
        command = store._command

        def torn(sql: str, **values: Any) -> None:
            if "REPLACE PARTITION" in sql:
                command(f"INSERT INTO events SELECT * FROM {sql.rsplit(maxsplit=1)[-1]}")
                raise Killed
            command(sql, **values)

        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            patch.setattr(store, "_command", torn)
            reread_next(self.shelf.house)
            return
        self.is_dead = True

    @rule(minutes=st.sampled_from([1, 20]))
    def pass_time(self, minutes: int) -> None:
        self.shelf.intake.clock.pass_time(minutes=minutes)

    def live(self) -> None:
        """A process goes on where another one was killed."""
        if self.is_dead:
            self.shelf.restart()
            self.is_dead = False

    def search(self) -> None:
        """What was stored is searched for attacks at once."""
        LogFile.objects.filter(state=LogFileState.STORED, searched_at=None).update(searched_at=START)

    def killed_at(self, place: int, work: Callable[[], object]) -> None:
        """Killed before its so-manieth statement of the store or note in the ledger, whichever it is."""
        given, store = count(1), self.shelf.intake.store

        def killing(step: Callable[..., Any]) -> Callable[..., Any]:
            def killed(*args: Any, **values: Any) -> Any:
                if next(given) == place:
                    self.is_dead = True
                    raise Killed
                return step(*args, **values)

            return killed

        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            for name in ("_command", "query", "_put"):
                patch.setattr(store, name, killing(getattr(store, name)))
            for module in (holding, working):
                patch.setattr(module, "note", killing(module.note))
            patch.setattr(ingest, "_finish", killing(ingest._finish))
            work()

    @invariant()
    def every_line_is_one_row_and_every_event_is_seen_once(self) -> None:
        if self.is_dead:
            return
        rows = self.shelf.rows()
        held = Counter((row["file_id"], row["line_no"]) for row in rows)
        assert max(held.values(), default=1) == 1
        by_file = Counter(row["file_id"] for row in rows)
        for file in LogFile.objects.filter(state=LogFileState.STORED):
            assert (file.lines, by_file[file.pk]) == (file.rows + 1, file.rows)
        events = {row["request_id"] for row in rows}
        assert Counter(row["request_id"] for row in rows if not row["is_double"]) == Counter(events)

    def settle(self) -> None:
        """When nobody is killed any more everything is stored, and what was asked for is done."""
        self.live()
        for _ in range(3):
            self.shelf.intake.clock.pass_time(minutes=20)
            self.ingest()
        self.upgrade()
        seen, stored = self.shelf.seen(), self.shelf.rows()
        self.shelf.work()
        self.upgrade()
        self.shelf.work()
        self.every_line_is_one_row_and_every_event_is_seen_once()
        assert self.shelf.seen() == seen, "the row that was seen is the one that is seen"
        assert [row["line"] for row in self.shelf.rows()] == [row["line"] for row in stored]
        assert set(LogFile.objects.values_list("state", "parser_version")) <= {(LogFileState.STORED, PARSER_VERSION)}
        for model in (LogFile, Reparse):
            assert issubclass(model, Claimable)
            assert not model._default_manager.exclude(claimed_by="").exists()
        assert list(holding.held_contracts()) == []

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.patch.undo()
            self.folder.cleanup()
            _empty(self.store)
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)


def test_no_row_is_lost_and_none_is_there_twice_whatever_is_killed(log_store: LogStore) -> None:
    Machine.store = log_store
    run_state_machine_as_test(
        Machine,
        settings=how(
            max_examples=60 if HUNTING else 3,
            stateful_step_count=8,
            phases=[Phase.generate],
        ),
    )


STEPS = range(1, 50)


def killed_in(shelf: Shelf, place: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Read again, and be killed before the so-manieth step of any kind. False: there were fewer."""
    store, given, dead = shelf.intake.store, count(1), list[bool]()
    assert isinstance(store, ClickHouseStore)

    def killing(step: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*args: Any, **values: Any) -> Any:
            if next(given) == place:
                dead.append(True)
                raise Killed
            return step(*args, **values)

        return killed

    with monkeypatch.context() as patch, suppress(Killed):
        for name in ("_command", "query", "_put"):
            patch.setattr(store, name, killing(getattr(store, name)))
        for module in (holding, working):
            patch.setattr(module, "note", killing(module.note))
        reread_next(shelf.house)
    return bool(dead)


def test_wherever_reading_again_is_killed_the_next_process_completes_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place in turn; new files wait, and are stored when a process goes on."""
    files = [shelf.store(log_file([EVENTS[0], EVENTS[number]])) for number in (0, 2)]
    right, seen = shelf.rows(), shelf.seen()
    places = 0
    for place in STEPS:
        LogFile.objects.filter(pk__in=[file.pk for file in files]).update(parser_version=OLDER)
        shelf.ask()
        if not killed_in(shelf, place, monkeypatch):
            break
        places += 1
        shelf.restart()
        assert (shelf.rows(), list(holding.held_contracts())) == (right, [])
        shelf.work()
        assert (shelf.rows(), shelf.seen()) == (right, seen)
        assert set(LogFile.objects.values_list("parser_version", flat=True)) == {PARSER_VERSION}
    assert places > 20


def test_a_day_that_was_left_in_both_forms_is_made_right_before_anything_else(shelf: Shelf) -> None:
    file = shelf.store(log_file([EVENTS[0], EVENTS[1], EVENTS[0]]))
    right = shelf.rows()
    shelf.ask()
    with torn(shelf.intake.store) as killed:
        reread_next(shelf.house)
    assert killed
    assert len(shelf.rows()) > len(right)
    shelf.intake.take(log_file(EVENTS[2:4]))
    assert shelf.intake.run() == 0, "until then no file of the contract is stored"
    shelf.restart()
    assert shelf.rows() == right
    assert shelf.intake.run() == 1
    assert shelf.rows(file) == right


def test_an_error_of_the_store_after_a_copy_is_ready_does_not_forget_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether the statement was carried out: the contract's files wait until it was."""
    shelf.store(log_file(EVENTS[:2]))
    right = shelf.rows()
    shelf.spoil()
    shelf.ask()
    rereading: type[Rereading] = type(shelf.intake.store.rereading(1))

    def unknown(*_: object) -> None:
        raise StoreUnavailable("time-out")

    with monkeypatch.context() as patch:
        patch.setattr(rereading, "replace", unknown)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                reread_next(shelf.house)
            assert list(holding.held_contracts()) == [shelf.intake.contract.pk]
    assert shelf.work() == 1
    assert shelf.rows() == right


@pytest.fixture
def shelf(log_store: LogStore, tmp_path: Path) -> Iterator[Shelf]:
    folder = tmp_path / "spool"
    yield Shelf(Intake(make_contract("株式会社さくら商店", "A"), Spool(folder), log_store, folder))
    _empty(log_store)

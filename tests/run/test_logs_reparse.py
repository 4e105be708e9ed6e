"""`sakimori logs reparse`: what the operator is told, and what became of the rows."""

import argparse
from collections.abc import Callable

import pytest

from sakimori import backends
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.models import LogFile, Reparse
from sakimori.logs.reparse import asking
from sakimori.logs.reparse.asking import Wanted
from sakimori.logs.reparse.working import reread_next
from sakimori.logs.store.interface import StoreUnavailable
from sakimori.run import duties, log_import, log_reparse, logs, prepare
from sakimori.run.progress import Progress
from tests.lines import cef, log_file
from tests.logs.conftest import log_store
from tests.logs.reparse.conftest import OLDER, Shelf, intake, shelf
from tests.logs.test_log_store import SAMPLES
from tests.moments import START
from tests.run.test_cli import NEEDED, call

__all__ = ["intake", "log_store", "shelf"]

pytestmark = pytest.mark.django_db

TO_BE_READ = f"2 files with 4 rows are to be read again by parser version {PARSER_VERSION};"
Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(shelf: Shelf, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Calls the command. Gives exit code, what was printed, and what was complained about. Time does not pass."""
    monkeypatch.setattr(log_reparse.time, "sleep", lambda _: None)
    monkeypatch.setattr(backends, "log_store", lambda: shelf.intake.store)
    monkeypatch.setattr(backends, "spool", lambda: shelf.intake.spool)
    monkeypatch.setattr(backends, "store_of_another", lambda: None)

    def told(*words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        logs.add_arguments(parser)
        code = log_reparse.run(parser.parse_args(["reparse", *words]))
        out = capsys.readouterr()
        return code, out.out, out.err

    return told


def fill(shelf: Shelf, number: int = 2) -> None:
    """Files with two rows each."""
    for each in range(number):
        lines = [cef("SQL Injection", f"198.51.100.{each}", at=START), cef("XSS", f"198.51.100.{each}", at=START)]
        shelf.store(log_file(lines))


def test_all_that_an_older_parser_has_read_is_read_again(shelf: Shelf, tell: Tell) -> None:
    fill(shelf)
    right = shelf.rows()
    shelf.spoil()
    code, out, err = tell()
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{TO_BE_READ} 2 of them from the spool, the others from the lines in the log store.",
        "2 files with 4 rows were read again, 0 were left alone.",
    ]
    assert shelf.rows() == right
    assert tell()[1].startswith("0 files with 0 rows are to be read again")
    assert Reparse.objects.count() == 1, "who finds nothing to do asks for nothing"


def test_a_dry_run_changes_nothing(shelf: Shelf, tell: Tell) -> None:
    fill(shelf)
    shelf.clear_spool(LogFile.objects.earliest("pk"))
    code, out, _ = tell("--dry-run")
    assert (code, Reparse.objects.count()) == (0, 0)
    assert out.startswith(f"{TO_BE_READ} 1 of them from the spool")


def test_what_is_left_alone_is_told_with_its_reason(shelf: Shelf, tell: Tell) -> None:
    fill(shelf, 1)
    shelf.clear_spool(shelf.store((SAMPLES / "two_events.w3c.log").read_bytes()))
    code, out, _ = tell("--contract", "K-A-001")
    assert code == 1
    assert out.splitlines()[1:] == [
        "1 files with 2 rows were read again, 1 were left alone.",
        "  1: W3C files that the spool has no more",
    ]
    assert tell("--contract", "K-A-001", "--again")[1].startswith("2 files with 3 rows are to be read again")


def test_only_one_runs_and_whoever_asks_again_sees_that_one(shelf: Shelf, tell: Tell) -> None:
    fill(shelf)
    assert tell("--no-wait")[0] == 0
    assert tell("--no-wait")[0] == 1
    code, out, err = tell()
    assert (code, out) == (1, "2 files with 4 rows were read again, 0 were left alone.\n")
    assert err.startswith("Another one has been running since 20")


def test_another_process_that_holds_the_store_does_it(
    shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf)

    def held() -> None:
        raise StoreUnavailable("another process may have it open")

    def the_other(_seconds: float) -> None:
        reread_next(shelf.house)

    monkeypatch.setattr(log_import, "free_store", lambda: None)
    monkeypatch.setattr(log_reparse, "free_store", lambda: None)
    monkeypatch.setattr(backends, "log_store", held)
    monkeypatch.setattr(log_reparse.time, "sleep", the_other)
    code, out, _ = tell()
    assert code == 0
    assert out.splitlines()[1:] == [
        "Another process holds the log store; it reads the files again, behind new ones.",
        "2 files with 4 rows were read again, 0 were left alone.",
    ]


def test_where_nobody_does_it_the_command_says_so(shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shelf)
    monkeypatch.setattr(log_reparse, "free_store", lambda: None)
    code, out, err = tell()
    assert code == 1
    assert "0 files with 0 rows were read again" in out
    assert err == "It does not go on; is `sakimori up` or `sakimori work` running?\n"


def test_a_store_that_fails_is_told_and_asked_again(shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shelf)
    really, calls = log_reparse.reread_next, list[int]()

    def failing(*args: object) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise StoreUnavailable("gone")
        return really(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(log_reparse, "reread_next", failing)
    code, _, err = tell()
    assert (code, err) == (0, "StoreUnavailable: gone\n")


def test_it_can_be_stopped(shelf: Shelf, tell: Tell) -> None:
    fill(shelf)
    assert tell("--stop")[1] == "Nothing is being read again.\n"
    tell("--no-wait")
    assert tell("--stop")[1].startswith("No further files are begun.")
    assert tell()[1].splitlines()[-1] == "0 files with 0 rows were read again, 0 were left alone."
    assert set(LogFile.objects.values_list("parser_version", flat=True)) == {OLDER}


def test_breaking_the_command_off_stops_nothing(shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shelf)

    def broken(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(log_reparse, "reread_next", broken)
        code, _, err = tell()
    assert (code, err) == (130, "It goes on without us; `sakimori logs reparse --stop` ends it.\n")
    assert shelf.work() == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--contract", "K-X"], "There is no contract with the number 'K-X'."),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--to 2026-11-01 is before --from 2026-11-02."),
    ],
)
def test_a_wrong_call_is_one_sentence(shelf: Shelf, tell: Tell, words: list[str], said: str) -> None:
    assert shelf.seen() == []
    assert tell(*words) == (2, "", f"{said}\n")


def test_who_ends_between_two_looks_is_no_trouble(shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shelf)
    shelf.ask()

    def ended() -> None:
        shelf.work()

    monkeypatch.setattr(log_reparse, "running", ended)
    assert tell()[1].startswith("0 files with 0 rows are to be read again")


def test_the_running_process_does_it_by_itself_and_completes_what_a_kill_has_left(
    shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tell("--stop")[0] == 0
    fill(shelf)
    asking.ask(Wanted(), by="operator", now=START)
    assert "reparse" in {duty.name for duty in duties.all_duties()}

    class Full:
        def is_reached(self) -> bool:
            return True

    assert duties.reparse_with_room(Full()) == 0  # type: ignore[arg-type]
    done = list[object]()

    def fails(house: object) -> None:
        done.append(house)
        raise StoreUnavailable("gone")

    monkeypatch.setattr(prepare, "complete_what_is_ready", fails)
    for name in ("call_command", "check_durability", "free_claims_of_the_dead"):
        monkeypatch.setattr(prepare, name, lambda *_, **__: None)
    prepare.prepare()
    assert len(done) == 1


def test_a_bar_shows_how_far_it_is(shelf: Shelf, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shelf)
    shown = list[tuple[int, int, str]]()
    monkeypatch.setattr(Progress, "show", lambda _, done, total, words: shown.append((done, total, words)))
    tell()
    assert shown[-1] == (2, 2, "reading 2 files again")


def test_without_a_database_it_is_one_sentence(tmp_path: object) -> None:
    ended = call(tmp_path, "logs", "reparse", **NEEDED)  # type: ignore[arg-type]
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("The database cannot be used; start `sakimori up` once")

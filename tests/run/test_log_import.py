"""`sakimori logs import`: what the operator is told, what the ledger holds, and what happens when it is broken off."""

import argparse
import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from sakimori import backends
from sakimori.blacklist import duties as blacklist
from sakimori.blacklist.models import FindingState
from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.jst import utc_now
from sakimori.logs import duties
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.run import log_import, logs
from sakimori.run.progress import Progress
from tests.lines import cef, log_file
from tests.moments import START
from tests.people import make_contract
from tests.run.test_cli import NEEDED, call

NUMBER = "K-A-001"
ATTACK = cef("SQL Injection", "198.51.100.7", at=START)
ACCESS = cef("Normal", "203.0.113.7", at=START, act="REQ_PASSED")
Tell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def contract(db: None) -> Contract:
    return make_contract("株式会社さくら商店", "A")


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    made = Spool(tmp_path / "spool")
    monkeypatch.setattr(backends, "spool", lambda: made)
    return made


@pytest.fixture
def store(log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    return log_store


@pytest.fixture
def tell(
    contract: Contract,
    spool: Spool,
    store: LogStore,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Tell:
    """Calls the command. Gives exit code, what was printed, and what was complained about. Time does not pass."""
    monkeypatch.setattr(log_import.time, "sleep", lambda _: None)

    def told(*words: str, number: str = NUMBER) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        logs.add_arguments(parser)
        code = log_import.run(parser.parse_args(["import", "--contract", number, *words]))
        out = capsys.readouterr()
        return code, out.out, out.err

    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A vendor's file, bare lines, and bare lines as gzip."""
    made = tmp_path / "logs"
    made.mkdir()
    (made / "1.log").write_bytes(log_file([ATTACK, ACCESS, ACCESS]))
    (made / "2.txt").write_bytes(ATTACK + b"\n" + cef("SQL Injection", "198.51.100.8", at=START) + b"\n")
    (made / "3.log.gz").write_bytes(gzip.compress(cef("SQL Injection", "198.51.100.9", at=START) + b"\n"))
    return made


def held_by_another(*_: object, **__: object) -> None:
    raise StoreUnavailable("another process may have it open")


def test_files_of_every_kind_are_stored_and_summed_up(tell: Tell, folder: Path, store: LogStore) -> None:
    code, out, err = tell(str(folder))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "1.log: taken",
        "2.txt: taken",
        "3.log.gz: taken",
        "1.log: 3 lines = 1 rows (0 doubles) + 0 quarantined + 2 not kept",
        "2.txt: 2 lines = 2 rows (1 doubles) + 0 quarantined + 0 not kept",
        "3.log.gz: 1 lines = 1 rows (0 doubles) + 0 quarantined + 0 not kept",
        "3 files: 3 stored, 0 quarantined, 0 waiting; 0 of them were imported before, 0 were not taken.",
        "6 lines = 4 rows (1 doubles) + 0 quarantined + 2 not kept",
    ]
    assert store.query("SELECT count() AS rows FROM events") == [{"rows": 4}]
    assert set(LogFile.objects.values_list("door", "state")) == {("import", LogFileState.STORED)}


def test_it_can_be_repeated(tell: Tell, folder: Path, store: LogStore) -> None:
    first = tell(str(folder))
    (folder / "4.log").write_bytes(log_file([cef("SQL Injection", "198.51.100.10", at=START)]))
    code, out, _ = tell(str(folder))
    assert (first[0], code) == (0, 0)
    assert "1.log: was imported before" in out
    assert "4 files: 4 stored, 0 quarantined, 0 waiting; 3 of them were imported before, 0 were not taken." in out
    assert out.splitlines()[-1].startswith("7 lines = 5 rows (1 doubles)")
    assert store.query("SELECT count() AS rows FROM events") == [{"rows": 5}]


def test_what_is_imported_is_late_whatever_its_time(tell: Tell, folder: Path, store: LogStore) -> None:
    (folder / "now.log").write_bytes(log_file([cef("SQL Injection", "198.51.100.7", at=utc_now())]))
    tell(str(folder / "now.log"))
    blacklist.find_attacks(store=store, clock=utc_now)
    blacklist.decide_findings(store=store, now=utc_now())
    assert list(LogFile.objects.values_list("findings__state", flat=True)) == [FindingState.LATE]


def test_what_is_unreadable_is_named_and_the_rest_goes_on(tell: Tell, folder: Path) -> None:
    (folder / "0.log").write_bytes(log_file([ATTACK] * 50)[:-30])
    (folder / "2.txt").write_bytes(ATTACK + b"\nnonsense\n")
    (folder / "5.log").symlink_to(folder / "nowhere\x1b[2J")
    code, out, err = tell("missing.log", str(folder))
    assert code == 1
    assert err.splitlines() == [
        "missing.log: there is no such file",
        f"{folder}/5.log: No such file or directory",
    ]
    assert "0.log: quarantined: ファイルが途中で切れています。" in out
    assert "2.txt: 2 lines = 1 rows (1 doubles) + 1 quarantined + 0 not kept" in out
    assert "4 files: 3 stored, 1 quarantined, 0 waiting; 0 of them were imported before, 2 were not taken." in out


def test_standard_input_is_a_file_with_a_name(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_import.sys, "stdin", io.TextIOWrapper(io.BytesIO(ATTACK + b"\n")))
    code, out, _ = tell("-", "--name", "from-tape.log")
    assert (code, LogFile.objects.get().name) == (0, "from-tape.log")
    assert "1 lines = 1 rows" in out


def test_nothing_to_import_is_code_1(tell: Tell) -> None:
    code, out, err = tell("missing.log")
    assert (code, err) == (1, "missing.log: there is no such file\n")
    assert "0 files: 0 stored" in out
    assert not AuditEntry.objects.exists()


def test_a_wrong_contract_is_one_sentence_and_code_2(tell: Tell, folder: Path, contract: Contract) -> None:
    assert tell(str(folder), number="K-X") == (2, "", "There is no contract with the number 'K-X'.\n")
    contract.ends_on = START.date()
    contract.save()
    code, out, err = tell(str(folder))
    assert (code, out) == (2, "")
    assert err == "The contract K-A-001 was cancelled as of 2026-11-23: nothing is taken in any more.\n"
    assert not LogFile.objects.exists()


def test_a_database_without_tables_is_one_sentence(tell: Tell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_table(_: str) -> Contract:
        raise DatabaseError("no such table")

    monkeypatch.setattr(log_import, "_contract", no_table)
    code, _, err = tell(str(folder))
    assert (code, err.count("\n")) == (1, 1)
    assert "start `sakimori up` once" in err


def test_who_imported_what_is_recorded_once_a_call(tell: Tell, folder: Path, contract: Contract) -> None:
    tell(str(folder))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target) == ("logs.import", "operator", f"contract:{contract.pk}")


def test_while_another_process_holds_the_store_that_one_stores_and_we_wait(
    tell: Tell, folder: Path, store: LogStore, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "migrate", held_by_another)
    looks = iter(range(99))

    def other_process(_: float) -> None:
        if next(looks) == 3:
            duties.ingest_due(store=store, spool=spool, worker="up", clock=utc_now)

    monkeypatch.setattr(log_import.time, "sleep", other_process)
    code, out, _ = tell(str(folder))
    assert code == 0
    assert "Another process holds the log store; waiting until it has stored the files." in out
    assert "3 files: 3 stored" in out
    assert out.splitlines()[-1] == "6 lines = 4 rows (1 doubles) + 0 quarantined + 2 not kept"
    assert next(looks) == 4


def test_where_nothing_goes_on_it_ends_and_says_who_stores_what_waits(
    tell: Tell, folder: Path, store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "migrate", held_by_another)
    code, out, _ = tell(str(folder))
    assert code == 1
    assert "3 files: 0 stored, 0 quarantined, 3 waiting" in out
    assert "1.log: waits" in out
    assert "What waits is stored by `sakimori up`" in out


def test_without_waiting_it_ends_when_the_ledger_has_the_files(tell: Tell, folder: Path) -> None:
    code, out, _ = tell(str(folder), "--no-wait")
    assert code == 1
    assert "3 waiting" in out
    assert set(LogFile.objects.values_list("state", flat=True)) == {LogFileState.RECEIVED}
    assert tell(str(folder))[0] == 0, "the next call stores what waits"


def test_a_store_that_breaks_again_and_again_keeps_nobody_waiting(
    tell: Tell, folder: Path, store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "append", held_by_another)
    monkeypatch.setattr(log_import.time, "sleep", lambda _: LogFile.objects.update(next_try_at=START))
    code, out, _ = tell(str(folder))
    assert (code, "3 waiting" in out) == (1, True)
    assert set(LogFile.objects.values_list("attempts", flat=True)) == {3}


@pytest.mark.parametrize("breaks_in", ["take", "ingest_due"])
def test_broken_off_it_says_so_and_the_same_command_goes_on(
    tell: Tell, folder: Path, store: LogStore, monkeypatch: pytest.MonkeyPatch, breaks_in: str
) -> None:
    real: Callable[..., Any] = getattr(log_import, breaks_in)
    calls = iter(range(99))

    def breaking(*arguments: Any, **named: Any) -> Any:
        if next(calls) == (1 if breaks_in == "take" else 0):
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as broken:
        broken.setattr(log_import, breaks_in, breaking)
        code, _, err = tell(str(folder))
    assert code == 130
    assert re.fullmatch(r"Broken off; [13] files are taken. The same command goes on from here.\n", err)
    assert tell(str(folder))[0] == 0
    assert store.query("SELECT count() AS rows FROM events") == [{"rows": 4}]


def test_a_spool_that_takes_no_more_ends_the_taking_and_stores_what_came(
    tell: Tell, folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = spool.put, iter(range(99))

    def full(*arguments: Any, **named: Any) -> Any:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(spool, "put", full)
    code, out, err = tell(str(folder))
    assert (code, err) == (1, "The spool takes no more: [Errno 28] No space left on device\n")
    assert "1 files: 1 stored, 0 quarantined, 0 waiting" in out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_only_troubled_files_have_a_line(
    tell: Tell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(log_import.sys, "stderr", terminal)
    (folder / "4.log").write_bytes(b"nonsense")
    _, out, _ = tell(str(folder))
    drawn = terminal.getvalue()
    assert "[########################] 100%  taking 4.log" in drawn
    assert "[------------------------]   0%  storing 4 files" in drawn
    assert out.splitlines()[0] == "4.log: 1 lines = 0 rows (0 doubles) + 1 quarantined + 0 not kept"
    assert len(out.splitlines()) == 3


def shares(terminal: io.StringIO, name: str) -> list[int]:
    """What the bar showed while a file was stored, in percent."""
    return [int(share) for share in re.findall(rf"(\d+)%  storing {re.escape(name)}", terminal.getvalue())]


def test_the_bar_moves_by_bytes_while_a_file_is_stored(
    tell: Tell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(log_import.sys, "stderr", terminal)
    (folder / "0.log").write_bytes(b"x" * 997_000)
    real = log_import.ingest_due

    def slow(*, on_bytes: Callable[[LogFile, int], None], **named: Any) -> int:
        first, second = LogFile.objects.order_by("pk")[:2]
        for read in (100_000, 500_000, 9_000_000):
            on_bytes(first, read)
        on_bytes(second, 1)
        return real(on_bytes=on_bytes, **named)

    monkeypatch.setattr(log_import, "ingest_due", slow)
    tell(str(folder))
    assert shares(terminal, "0.log")[:3] == [10, 50, 99] or shares(terminal, "0.log")[:3] == [10, 50, 100]
    assert shares(terminal, "1.log")[0] >= 99


def test_the_bar_moves_while_another_process_stores(tell: Tell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        """Stores the second file, and reads on each time it is looked at."""

        looks = 0

        def read_bytes(self, file_id: int) -> int:
            self.looks += 1
            return 50 * self.looks if LogFile.objects.get(pk=file_id).name == "2.txt" else 0

    other, terminal = Other(), Terminal()
    monkeypatch.setattr(log_import.sys, "stderr", terminal)
    monkeypatch.setattr(log_import, "_PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr(backends, "store_of_another", lambda: other)
    monkeypatch.setattr(log_import.time, "sleep", lambda _: LogFile.objects.update(state=LogFileState.STORING))
    tell(str(folder / "2.txt"))
    seen = shares(terminal, "1 files")
    assert seen[0] == 0
    assert 0 < seen[1] < seen[2] < seen[3]


def test_the_bar_shows_shares_and_no_sign_that_commands_a_terminal() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show(1, 2, "x\x1b[2J" + "y" * 99)
    progress.show(3, 2, "more than announced")
    progress.show(5, 0, "nobody knows")
    first, second, third = terminal.getvalue().split("\r\x1b[K")[1:]
    assert first == "[############------------]  50%  x?[2J" + "y" * 45
    assert second.startswith("[########################] 100%")
    assert third.startswith("[------------------------]   0%")
    quiet = io.StringIO()
    Progress(quiet).show(1, 2, "x")
    assert quiet.getvalue() == ""


def test_as_a_command_it_wants_its_settings_first(tmp_path: Path) -> None:
    ended = call(tmp_path, "logs", "import", "--contract", NUMBER, "x.log")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("The setting SAKIMORI_BASE_URL is missing: ")
    ended = call(tmp_path, "logs", "import", "--contract", NUMBER, "x.log", **NEEDED)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "start `sakimori up` once" in ended.stderr

"""Ingestion: whatever breaks in the middle, rows are stored once; what cannot be read is kept and counted."""

import base64
import os
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from django.db.models import Q

from sakimori.customers.models import Contract, LogKey
from sakimori.customers.secrets import add_log_key
from sakimori.logs import duties, ingest
from sakimori.logs.duties import clear_spool, ingest_due
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile, LogFileState, QuarantinedLine
from sakimori.logs.read_file import BadLine, tables_and_events
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, SmallFile, StoreUnavailable
from sakimori.logs.unpack import FileReason, Limits, read_log_file
from tests.lines import cef, log_file
from tests.moments import START, Clock
from tests.people import make_contract

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOTHING = Q(pk=None)


@dataclass
class Intake:
    """Spool, ledger and store of one contract."""

    contract: Contract
    spool: Spool
    store: LogStore
    folder: Path
    clock: Clock = field(default_factory=Clock)
    taken: int = 0

    def take(self, body: bytes) -> LogFile:
        self.taken += 1
        return accept(
            [body], contract=self.contract, door="pull", name=f"{self.taken}.log", spool=self.spool, now=self.clock()
        )

    def run(self, store: LogStore | None = None, *, worker: str = "one") -> int:
        return ingest_due(store=store or self.store, spool=self.spool, worker=worker, clock=self.clock)

    def rows(self, file: LogFile) -> int:
        return self.store.count_file(contract_id=self.contract.pk, file_id=file.pk)


@pytest.fixture(params=["together", "alone"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every promise holds for files that are stored together, and for those that are stored alone."""
    if request.param == "alone":
        monkeypatch.setattr(duties, "SMALL", NOTHING)
    return str(request.param)


@pytest.fixture
def intake(log_store: LogStore, tmp_path: Path) -> Intake:
    folder = tmp_path / "spool"
    return Intake(make_contract("株式会社さくら商店", "A"), Spool(folder), log_store, folder)


def attacks(number: int) -> list[bytes]:
    return [cef("SQL Injection", "198.51.100.7", at=START) for _ in range(number)]


class Breaking:
    """A log store that breaks at one of its calls, and else is the real one."""

    def __init__(self, store: LogStore, **errors: BaseException) -> None:
        self._store = store
        self.errors = errors

    def append(self, rows: Iterable[tuple[int, Event]], *, contract_id: int, file_id: int) -> int:
        stored = self._store.append(rows, contract_id=contract_id, file_id=file_id)
        self._meet("append")
        return stored

    def append_together(self, files: Sequence[SmallFile]) -> list[int]:
        held = self._store.append_together(files)
        for place in ("append", "count_file"):
            self._meet(place)
        return [rows - 1 for rows in held] if "lost_row" in self.errors else held

    def discard(self, *, contract_id: int, file_id: int) -> None:
        self._meet("discard")
        self._store.discard(contract_id=contract_id, file_id=file_id)

    def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
        self._meet("count_file")
        held = self._store.count_file(contract_id=contract_id, file_id=file_id, days=days)
        return held - 1 if "lost_row" in self.errors else held

    def _meet(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]


def breaking(store: LogStore, **errors: BaseException) -> LogStore:
    return Breaking(store, **errors)  # type: ignore[return-value]


@pytest.mark.usefixtures("way")
def test_lines_become_rows_and_the_sums_agree(intake: Intake) -> None:
    file = intake.take(log_file([*attacks(3), b"nonsense", b"", b"# comment", *attacks(2)]))
    assert intake.run() == 1
    file.refresh_from_db()
    assert (file.state, file.stored_at, file.reason) == (LogFileState.STORED, START, "")
    assert (file.lines, file.rows, file.quarantined_lines) == (6, 5, 1)
    assert (file.claimed_by, file.claimed_until) == ("", None)
    assert (file.first_at, file.last_at) == (START, START)
    assert intake.rows(file) == 5
    assert intake.run() == 0


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("place", ["append", "count_file"])
def test_after_a_crash_past_the_append_rows_are_stored_once(intake: Intake, place: str) -> None:
    file = intake.take(log_file([*attacks(5), b"nonsense"]))
    with pytest.raises(KeyboardInterrupt):
        intake.run(breaking(intake.store, **{place: KeyboardInterrupt()}))
    file.refresh_from_db()
    assert (file.state, intake.rows(file)) == (LogFileState.STORING, 5)
    assert intake.run(worker="two") == 0, "the lease of the dead worker still runs"
    intake.clock.pass_time(minutes=31)
    assert intake.run(worker="two") == 1
    file.refresh_from_db()
    assert (file.state, file.rows, file.quarantined_lines) == (LogFileState.STORED, 5, 1)
    assert intake.rows(file) == 5
    assert file.bad_lines.count() == 1


@pytest.mark.usefixtures("way")
def test_a_store_that_is_down_is_tried_again_with_growing_pauses(intake: Intake) -> None:
    file = intake.take(log_file(attacks(4)))
    down = breaking(intake.store, append=StoreUnavailable("disk full"))
    pauses = []
    for attempt in range(1, 9):
        assert intake.run(down) == 1
        file.refresh_from_db()
        assert (file.state, file.attempts, file.claimed_until) == (LogFileState.STORING, attempt, None)
        assert intake.run(down) == 0
        pauses.append((file.next_try_at - intake.clock()).total_seconds())
        intake.clock.now = file.next_try_at
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    assert intake.run() == 1
    file.refresh_from_db()
    assert (file.state, file.rows, intake.rows(file)) == (LogFileState.STORED, 4, 4)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("place", ["append", "count_file", "lost_row"])
def test_trouble_at_any_call_of_the_store_is_postponed(intake: Intake, place: str) -> None:
    file = intake.take(log_file(attacks(2)))
    intake.run(breaking(intake.store, append=StoreUnavailable("down")))
    intake.clock.pass_time(minutes=10)
    assert intake.run(breaking(intake.store, **{place: StoreUnavailable("down")})) == 1
    file.refresh_from_db()
    assert (file.state, file.claimed_until) == (LogFileState.STORING, None)
    intake.clock.pass_time(minutes=10)
    intake.run()
    file.refresh_from_db()
    assert (file.state, intake.rows(file)) == (LogFileState.STORED, 2)


@pytest.mark.usefixtures("way")
def test_an_unreadable_file_waits_for_the_store_before_it_is_quarantined(intake: Intake) -> None:
    """What waits in the store goes first; a store that is down must neither stop others nor hold the file for long."""
    broken = intake.take(log_file(attacks(50))[:-20])
    fine = intake.take(log_file(attacks(2)))
    assert intake.run(breaking(intake.store, discard=StoreUnavailable("down"))) == 2
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, broken.claimed_until) == (LogFileState.STORING, None)
    assert fine.state == LogFileState.STORED
    intake.clock.pass_time(minutes=1)
    assert intake.run() == 1
    broken.refresh_from_db()
    assert (broken.state, intake.rows(broken), broken.lines) == (LogFileState.QUARANTINED, 0, 0)


@pytest.mark.usefixtures("way")
def test_one_bad_file_does_not_stop_the_others(intake: Intake) -> None:
    bad = intake.take(log_file(attacks(50))[:-20])
    gone = intake.take(log_file(attacks(1)))
    intake.spool.remove(gone.spool_name)
    fine = intake.take(log_file(attacks(1)))
    assert intake.run() == 3
    states = dict(LogFile.objects.values_list("pk", "state"))
    assert states == {
        bad.pk: LogFileState.QUARANTINED,
        gone.pk: LogFileState.QUARANTINED,
        fine.pk: LogFileState.STORED,
    }
    assert LogFile.objects.get(pk=gone.pk).reason == "スプールにファイルがありません。"


def test_a_file_that_is_gone_after_a_kill_leaves_no_rows_waiting(intake: Intake) -> None:
    def killed() -> Iterator[tuple[int, Event]]:
        yield from ((number, Event(time=START)) for number in range(20_000))
        raise KeyboardInterrupt

    file = intake.take(log_file(attacks(1)))
    with pytest.raises(KeyboardInterrupt):
        intake.store.append(killed(), contract_id=intake.contract.pk, file_id=file.pk)
    intake.spool.remove(file.spool_name)
    intake.run()
    assert LogFile.objects.get().state == LogFileState.QUARANTINED
    assert intake.store.count_contract(intake.contract.pk) == 0


def test_the_ledger_says_over_which_time_a_file_extends_whatever_a_line_claims(intake: Intake) -> None:
    """Odd lines take the careful way, the others come in tables; one of each claims a time that cannot be."""
    times = [START - HOUR, START - timedelta(minutes=2), START + 24 * HOUR]
    lines = [cef("SQL Injection", "198.51.100.7", at=at) for at in times]
    odd = [line.replace(b"start=", b"unknown=a\\=b start=") for line in lines]
    for body in (lines, odd, [*lines, *odd]):
        file = intake.take(log_file(body))
        intake.run()
        file.refresh_from_db()
        assert (file.rows, file.first_at, file.last_at) == (len(body), times[0], times[1])


@pytest.mark.usefixtures("way")
def test_an_empty_file_is_stored_with_nothing(intake: Intake) -> None:
    for body in (b"", log_file([])):
        file = intake.take(body)
        intake.run()
        file.refresh_from_db()
        assert (file.state, file.lines, file.rows) == (LogFileState.STORED, 0, 0)


@pytest.mark.usefixtures("way")
def test_events_of_json_documents_are_rows_and_lines_in_are_accounted_for(intake: Intake) -> None:
    event = b'{"@timestamp":1761955200000,"event":{"id":"%d"},"client":{"ip":"192.0.2.1"}}'
    whole = intake.take(b"[\n" + b",\n".join(event % number for number in range(5)) + b"\n]\n")
    wrapped = intake.take(b'{"logs":[' + b",".join(event % number for number in range(5)) + b'],"next":null}')
    cut_off = intake.take(b"[" + b",".join(event % number for number in range(5, 9))[:-9])
    intake.run()
    for file, lines, bad in ((whole, 5, 0), (wrapped, 5, 0), (cut_off, 4, 1)):
        file.refresh_from_db()
        counted = (file.state, file.lines, file.rows, file.quarantined_lines, intake.rows(file))
        assert counted == (LogFileState.STORED, lines, lines - bad, bad, lines - bad)
    assert bytes(cut_off.bad_lines.get().raw) == (event % 8)[:-9]


def test_twenty_five_thousand_bad_lines_cost_little_memory_and_are_all_counted(intake: Intake) -> None:
    file = intake.take(b"".join(b"nonsense %06d " % number + b"x" * 3500 + b"\n" for number in range(25_000)))
    list(tables_and_events(read_log_file(b"nonsense\n")))  # Modules are loaded before memory is counted.
    tracemalloc.start()
    try:
        intake.run()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    file.refresh_from_db()
    assert (file.state, file.lines, file.quarantined_lines) == (LogFileState.STORED, 25_000, 25_000)
    kept = file.bad_lines.order_by("line_number").values_list("line_number", flat=True)
    assert list(kept) == list(range(1, ingest.MOST_BAD_LINES_KEPT + 1)), (
        "a million bad lines must not fill the database"
    )
    assert peak < 45 << 20, "all lines together are 88 MB; some blocks of 4 MiB are under way"


def test_a_bomb_of_lines_that_are_none_is_quarantined_as_a_whole_and_read_no_further(intake: Intake) -> None:
    """Some kilobytes that unpack to 33 million lines of one letter, behind lines that are events."""
    bomb = zlib.compress(b"\n".join([*attacks(3), b""]) + b"x\n" * (32 << 20), 9)
    assert len(bomb) < 70_000
    file, fine = intake.take(bomb), intake.take(log_file(attacks(1)))
    list(tables_and_events(read_log_file(b"nonsense\n")))  # Modules are loaded before memory is counted.
    tracemalloc.start()
    try:
        assert intake.run() == 2
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    file.refresh_from_db()
    fine.refresh_from_db()
    assert (file.state, file.reason) == (LogFileState.QUARANTINED, FileReason.TOO_MANY_BAD_LINES.sentence)
    assert (file.lines, file.rows, file.quarantined_lines, intake.rows(file)) == (0, 0, 0, 0)
    assert list(file.bad_lines.order_by("line_number").values_list("line_number", flat=True)) == list(range(4, 104))
    assert fine.state == LogFileState.STORED
    assert peak < 200 << 20, "64 MiB of lines; what is read of them are some blocks of 4 MiB"


def test_a_file_of_which_not_all_bad_lines_are_kept_stays_in_the_spool(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_BAD_LINES_KEPT", 3)
    monkeypatch.setattr(duties, "MOST_BAD_LINES_KEPT", 3)
    most, more = (intake.take(log_file([*attacks(2), *[b"nonsense"] * number])) for number in (3, 4))
    intake.run()
    LogFile.objects.update(searched_at=intake.clock())
    later = intake.clock() + 2 * HOUR
    assert clear_spool(spool=intake.spool, keep=HOUR, now=later) == 1
    assert [intake.spool.path(file.spool_name).exists() for file in (most, more)] == [False, True]
    assert [file.bad_lines.count() for file in (most, more)] == [3, 3]


def test_as_many_bad_lines_as_a_file_may_have_are_all_counted(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "Limits", lambda: Limits(max_bad_lines=700))
    most, more = (intake.take(log_file([*attacks(6000), *[b"nonsense"] * number])) for number in (700, 701))
    intake.run()
    assert dict(LogFile.objects.values_list("pk", "state")) == {most.pk: "stored", more.pk: "quarantined"}
    most.refresh_from_db()
    assert (most.rows, most.quarantined_lines, most.bad_lines.count()) == (6000, 700, 700)
    assert (intake.rows(more), more.bad_lines.count()) == (0, 100)


def test_the_lease_of_a_file_that_takes_long_begins_anew(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its lines takes ten minutes; meanwhile another worker looks for work."""
    monkeypatch.setattr(duties, "SMALL", NOTHING)
    file = intake.take(log_file([b"nonsense"] * 7))
    tried = []
    really = ingest._bad_line

    def slow(file: LogFile, bad: BadLine) -> QuarantinedLine:
        intake.clock.pass_time(minutes=10)
        tried.append(intake.run(worker="two"))
        return really(file, bad)

    monkeypatch.setattr(ingest, "_bad_line", slow)
    assert intake.run() == 1
    assert tried == [0] * 7
    file.refresh_from_db()
    assert (file.state, file.attempts, file.quarantined_lines) == (LogFileState.STORED, 1, 7)


def test_who_lost_a_large_file_reads_it_no_further(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "SMALL", NOTHING)
    file = intake.take(log_file([b"nonsense"] * 7))
    read: list[int] = []
    really = ingest._bad_line

    def lose(file: LogFile, bad: BadLine) -> QuarantinedLine:
        read.append(bad.line_no)
        LogFile.objects.update(claimed_by="two", claimed_until=intake.clock() + 2 * HOUR)
        intake.clock.pass_time(hours=1)
        return really(file, bad)

    monkeypatch.setattr(ingest, "_bad_line", lose)
    intake.run()
    file.refresh_from_db()
    assert (file.state, file.claimed_by, len(read)) == (LogFileState.STORING, "two", 1)


def test_a_bad_line_is_kept_as_it_came_up_to_a_limit(intake: Intake) -> None:
    intake.take(b"\xff\x00 bad\n" + b"x" * 5000 + b"\n")
    intake.run()
    kept = [
        (line.line_number, line.reason, bytes(line.raw)) for line in QuarantinedLine.objects.order_by("line_number")
    ]
    assert kept == [(1, "nul", b"\xff\x00 bad"), (2, "unknown_format", b"x" * 4096)]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_an_encrypted_file_is_opened_with_the_contracts_key(intake: Intake, key: rsa.RSAPrivateKey) -> None:
    add_log_key(intake.contract, 7, pem(key))
    file = intake.take(encrypted(log_file(attacks(9)), key, key_id=7))
    intake.run()
    file.refresh_from_db()
    assert (file.state, file.rows) == (LogFileState.STORED, 9)


def test_a_file_for_an_unknown_key_is_quarantined_with_a_japanese_sentence(
    intake: Intake, key: rsa.RSAPrivateKey
) -> None:
    other = make_contract("有限会社もみじ堂", "B")
    add_log_key(other, 7, pem(key))
    add_log_key(intake.contract, 8, pem(key))
    file = intake.take(encrypted(log_file(attacks(9)), key, key_id=7))
    intake.run()
    file.refresh_from_db()
    assert file.state == LogFileState.QUARANTINED
    assert file.reason == "ファイルの暗号化に使われた公開鍵に対応する秘密鍵が登録されていません。"
    assert intake.spool.path(file.spool_name).exists()


def test_a_stored_key_that_cannot_be_opened_postpones_only_its_own_contract(
    intake: Intake, key: rsa.RSAPrivateKey
) -> None:
    """Say, the keyring of another installation: when it is back, nothing was lost."""
    good = add_log_key(intake.contract, 7, pem(key)).sealed_private_pem
    LogKey.objects.update(sealed_private_pem="v1.gone.AAAA")
    file = intake.take(encrypted(log_file(attacks(1)), key, key_id=7))
    other = accept(
        [log_file(attacks(1))],
        contract=make_contract("有限会社もみじ堂", "B"),
        door="pull",
        name="1.log",
        spool=intake.spool,
        now=START,
    )
    assert intake.run() == 2
    file.refresh_from_db()
    other.refresh_from_db()
    assert (file.state, file.claimed_until) == (LogFileState.STORING, None)
    assert other.state == LogFileState.STORED
    LogKey.objects.update(sealed_private_pem=good)
    intake.clock.pass_time(minutes=5)
    intake.run()
    file.refresh_from_db()
    assert file.state == LogFileState.STORED


@pytest.mark.usefixtures("way")
def test_two_workers_store_every_file_once(intake: Intake) -> None:
    files = [intake.take(log_file(attacks(2))) for _ in range(4)]

    class Meanwhile(Breaking):
        def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
            intake.run(worker="two")
            return super().count_file(contract_id=contract_id, file_id=file_id, days=days)

        def append_together(self, files: Sequence[SmallFile]) -> list[int]:
            intake.run(worker="two")
            return super().append_together(files)

    intake.run(Meanwhile(intake.store))  # type: ignore[arg-type]
    assert [intake.rows(file) for file in files] == [2, 2, 2, 2]
    assert set(LogFile.objects.values_list("state", "attempts")) == {(LogFileState.STORED, 1)}


def test_a_file_that_is_read_ahead_is_untouched_when_the_worker_is_killed(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "SMALL", NOTHING)
    files = [intake.take(log_file(attacks(2))) for _ in range(3)]
    with pytest.raises(KeyboardInterrupt):
        intake.run(breaking(intake.store, append=KeyboardInterrupt()))
    ledger = LogFile.objects.order_by("pk").values_list("state", "attempts")
    assert list(ledger) == [(LogFileState.STORING, 1), (LogFileState.RECEIVED, 0), (LogFileState.RECEIVED, 0)]
    intake.clock.pass_time(hours=1)
    assert intake.run() == 3
    assert [intake.rows(file) for file in files] == [2, 2, 2]


def test_a_file_that_is_read_ahead_is_left_to_who_has_taken_it_over_meanwhile(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "SMALL", NOTHING)
    files = [intake.take(log_file(attacks(2))) for _ in range(3)]

    class Slow(Breaking):
        def count_file(self, *, contract_id: int, file_id: int, days: tuple[date, date] | None = None) -> int:
            if file_id == files[0].pk:
                intake.clock.pass_time(hours=1)
                LogFile.objects.filter(pk=files[1].pk).update(
                    claimed_by="two", claimed_until=intake.clock() + HOUR, attempts=7
                )
            return super().count_file(contract_id=contract_id, file_id=file_id, days=days)

    intake.run(Slow(intake.store))  # type: ignore[arg-type]
    assert list(LogFile.objects.order_by("pk").values_list("state", "attempts")) == [
        (LogFileState.STORED, 1),
        (LogFileState.RECEIVED, 7),
        (LogFileState.STORED, 1),
    ]
    assert intake.rows(files[1]) == 0


def test_the_same_content_under_the_same_name_is_taken_once(intake: Intake) -> None:
    first = intake.take(b"x")
    intake.taken = 0
    assert intake.take(b"x") == first
    assert len(list(intake.folder.iterdir())) == 1
    intake.taken = 0
    assert intake.take(b"y") != first
    assert intake.take(b"x") != first


class TestClearing:
    """`clear_spool` removes what is long stored and searched, and left-overs; nothing else."""

    def clear(self, intake: Intake, *, hours: float = 48) -> int:
        return clear_spool(spool=intake.spool, keep=timedelta(hours=hours), now=intake.clock())

    def stored(self, intake: Intake, **columns: object) -> LogFile:
        file = intake.take(b"stored %d" % intake.taken)
        values = {"state": LogFileState.STORED, "stored_at": START, "searched_at": START, **columns}
        LogFile.objects.filter(pk=file.pk).update(**values)
        return file

    def test_only_what_is_stored_and_searched_long_ago_goes(self, intake: Intake) -> None:
        gone = self.stored(intake)
        kept = [
            self.stored(intake, searched_at=None),
            self.stored(intake, stored_at=START + 2 * HOUR),
            self.stored(intake, state=LogFileState.QUARANTINED),
            self.stored(intake, state=LogFileState.STORING, stored_at=None),
            self.stored(intake, state=LogFileState.RECEIVED, stored_at=None),
        ]
        age(intake, *kept, gone)
        intake.clock.pass_time(hours=49)
        assert self.clear(intake) == 1
        assert {path.name for path in intake.folder.iterdir()} == {file.spool_name for file in kept}
        gone.refresh_from_db()
        assert gone.spool_cleared_at == intake.clock()
        assert self.clear(intake) == 0

    def test_left_overs_go_after_an_hour(self, intake: Intake) -> None:
        old, new = intake.folder / ".half.log", intake.folder / "0123.log"
        known = intake.take(b"x")
        for path in (old, new):
            path.write_bytes(b"left over")
        moment = intake.clock().timestamp()
        for path, hours in ((old, 1.01), (new, 0.99)):
            touch(path, moment - hours * 3600)
        age(intake, known)
        assert self.clear(intake) == 1
        assert {path.name for path in intake.folder.iterdir()} == {new.name, known.spool_name}

    def test_any_number_of_old_files_can_be_looked_through(
        self, intake: Intake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two days of many customers are more names than a database takes in one question."""
        known = intake.take(b"x")
        removed: list[str] = []

        def names(_spool: Spool, _moment: float) -> Iterator[str]:
            yield from (f"{number:032x}.log" for number in range(260_000))
            yield known.spool_name

        monkeypatch.setattr(Spool, "names_older_than", names)
        monkeypatch.setattr(Spool, "remove", lambda _spool, name: removed.append(name))
        assert self.clear(intake) == 260_000
        assert known.spool_name not in removed


def touch(path: Path, moment: float) -> None:
    os.utime(path, (moment, moment))


def age(intake: Intake, *files: LogFile) -> None:
    """These files were written long before START."""
    for file in files:
        touch(intake.spool.path(file.spool_name), START.timestamp() - 10**6)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def encrypted(file: bytes, key: rsa.RSAPrivateKey, *, key_id: int) -> bytes:
    """The file with its body encrypted as the vendor does it."""
    header, separator, body = file.partition(b"|==|\n")
    aes = bytes(range(32))
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(AES(aes), CBC(bytes(16))).encryptor()
    sealed = encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
    wrapped = base64.b64encode(key.public_key().encrypt(base64.b64encode(aes), PKCS1v15()))
    return header + b"publicKeyId:%d\nkey:%s\n" % (key_id, wrapped) + separator + sealed

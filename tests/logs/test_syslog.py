"""The syslog door over real TLS: who gets in, what becomes of his lines, and that what a cut took is counted."""

import contextlib
import fcntl
import shutil
import socket
import ssl
import subprocess
import sys
import termios
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError

from sakimori.customers.models import Contract, LogSender
from sakimori.lib.disk import Floor
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.models import LogFile, Residue
from sakimori.logs.receive import gathered
from sakimori.logs.receive.arriving import Arriving
from sakimori.logs.receive.gathered import Gathered
from sakimori.logs.receive.syslog import SyslogLimits
from sakimori.logs.receive.syslog_door import SyslogDoor
from sakimori.run.syslog import SyslogServer
from tests.logs.syslog_door import Door, counted, doors, end, register, register_address, reset, spooled, until

pytestmark = pytest.mark.django_db(transaction=True)

LINE = "CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| fileId=%d 名前=さきもり"


_RSYSLOG_HAS_TLS = bool(shutil.which("rsyslogd")) and any(Path("/usr/lib").glob("**/rsyslog/lmnsd_ossl.so"))


@pytest.fixture
def make_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Door]]:
    with doors(tmp_path, monkeypatch) as make:
        yield make


@pytest.fixture
def door(make_door: Callable[..., Door]) -> Door:
    return make_door()


def test_counted_and_ended_messages_become_lines_of_the_senders_contract(door: Door) -> None:
    vendor = b"<30>Nov 23 12:00:00 shop.example.jp cwaf " + (LINE % 1).encode()
    new = b"<134>1 2026-11-23T12:00:00Z host cwaf - - - " + (LINE % 2).encode()
    door.send(vendor + b"\n" + counted(new) + b"<30>a\n")
    spooled(door, 1)
    door.stop()
    assert door.lines() == [(LINE % 1).encode(), (LINE % 2).encode(), b"a"]
    assert door.lines("b") == []
    assert door.residue() is None


def test_the_contract_comes_from_the_certificate(door: Door) -> None:
    for number, who in enumerate(("a", "b"), start=1):
        door.send(b"<30>line of %s\n" % who.encode(), who)
        spooled(door, number)
    door.stop()
    assert (door.lines("a"), door.lines("b")) == ([b"line of a"], [b"line of b"])


def test_lines_are_handed_over_while_the_connection_stays_open(door: Door) -> None:
    connection = door.connect()
    for number in (1, 2):
        connection.sendall(b"<30>line %d\n" % number)
        spooled(door, number)
    assert len(list(door.folder.glob("*.open"))) == 1
    end(connection)
    door.stop()
    assert door.lines() == [b"line 1", b"line 2"]


def test_a_file_that_is_large_enough_does_not_wait(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(file_seconds=3600, file_bytes=100_000))
    lines = b"".join(b"<30>%0100d\n" % number for number in range(10_000))
    door.send(lines)
    spooled(door, 5)
    door.stop()
    assert door.lines() == [b"%0100d" % number for number in range(10_000)]


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_who_has_no_registered_certificate_gets_nothing_in(door: Door, who: str) -> None:
    with pytest.raises(OSError, match=r"(?i)alert|reset|eof|pipe"):
        use_refused(door, who)
    door.stop()
    assert not LogFile.objects.exists()
    assert not list(door.folder.iterdir())


def use_refused(door: Door, who: str) -> None:
    """In TLS 1.3 a client hears of the refusal only when he reads."""
    with door.connect(who) as connection:
        connection.sendall(b"<30>let me in\n")
        if connection.recv(1) == b"":
            raise ConnectionResetError("eof")


@pytest.mark.parametrize("why", ["cancelled", "removed"])
def test_who_is_not_known_any_more_is_cut_off_and_his_lines_are_dropped(door: Door, why: str) -> None:
    connection = door.connect()
    until(lambda: list(door.folder.glob("*.open")), "he is let in")
    if why == "cancelled":
        Contract.objects.filter(pk=door.contracts["a"].pk).update(ends_on=day_of(utc_now()))
    else:
        LogSender.objects.filter(contract=door.contracts["a"]).delete()
    connection.sendall(b"<30>after\n")
    with contextlib.suppress(OSError):
        assert connection.recv(1) == b""
    door.over(1)
    door.stop()
    # What came before anybody could know is kept as long as the contract runs.
    assert door.lines() == ([b"after"] if why == "removed" else [])
    assert not list(door.folder.iterdir())


def test_a_certificate_that_is_registered_later_gets_in_without_a_restart(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(door.contracts["b"], door.senders["stranger"])
    door.server._round(older_than=timedelta(hours=1))
    door.send(b"<30>new\n", "stranger")
    spooled(door, 1)
    door.stop()
    assert door.lines("b") == [b"new"]


@pytest.mark.parametrize("pending", [b"<30>begun and never", b"400 <30>counted and never"])
def test_what_a_broken_line_took_is_counted(door: Door, pending: bytes) -> None:
    connection = door.connect()
    connection.sendall(b"<30>whole\n" + pending)
    spooled(door, 1)
    reset(connection)
    door.over(1)
    door.stop()
    assert door.lines() == [b"whole"]
    assert door.residue() == (1, 1, len(pending))


@pytest.mark.parametrize("leave", [reset, end], ids=["reset", "end"])
@pytest.mark.parametrize("number", [100, 20_000])
def test_lines_that_arrive_while_a_file_is_handed_over_outlive_the_connection(
    door: Door, monkeypatch: pytest.MonkeyPatch, leave: Callable[[ssl.SSLSocket], None], number: int
) -> None:
    """Whole lines that have reached us are ours: syslog's senders do not send them again."""
    taking, gone = threading.Event(), threading.Event()
    hand_over = SyslogDoor.hand_over

    def slow(self: SyslogDoor, ready: Path) -> None:
        taking.set()
        assert gone.wait(60)
        hand_over(self, ready)

    monkeypatch.setattr(SyslogDoor, "hand_over", slow)
    connection = door.connect()
    connection.sendall(b"<30>first\n")
    assert taking.wait(60)
    wanted = [b"line %d" % each for each in range(number)]
    connection.sendall(b"".join(b"<30>%s\n" % line for line in wanted) + b"<30>half")
    until(lambda: all_read(connection), "all of it has left for us")
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        leave(connection)
    gone.set()
    door.over(1)
    door.stop()
    assert (door.lines(), door.residue()) == ([b"first", *wanted], (1, 1, 8))


def all_read(connection: ssl.SSLSocket) -> bool:
    """Whether the other side's kernel has everything that was sent."""
    waiting = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int.from_bytes(waiting, sys.byteorder) == 0


def test_what_had_come_of_a_sender_who_is_cut_off_is_counted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    came, hand_over, data_received = threading.Event(), SyslogDoor.hand_over, Arriving.data_received

    def slow(self: SyslogDoor, ready: Path) -> None:
        connection.sendall(b"<30>second\n<30>third\n")
        assert came.wait(60)
        LogSender.objects.filter(contract=door.contracts["a"]).delete()
        hand_over(self, ready)

    def noticed(self: Arriving, data: bytes) -> None:
        data_received(self, data)
        if b"third" in data:
            came.set()

    monkeypatch.setattr(SyslogDoor, "hand_over", slow)
    monkeypatch.setattr(Arriving, "data_received", noticed)
    connection = door.connect()
    connection.sendall(b"<30>first\n")
    door.over(1)
    door.stop()
    assert (door.lines(), door.residue()) == ([b"first"], (1, 2, len(b"second\nthird\n")))


def test_a_message_without_its_end_is_counted_when_the_sender_leaves(door: Door) -> None:
    door.send(b"<30>whole\n<30>cut off in the mid")
    spooled(door, 1)
    door.stop()
    assert (door.lines(), door.residue()) == ([b"whole"], (1, 1, 22))


def test_two_cuts_of_a_day_are_one_row(door: Door) -> None:
    for _ in range(2):
        door.send(b"<30>cut")
    door.stop()
    assert door.residue() == (2, 2, 14)


def test_what_a_cut_took_waits_in_memory_while_the_database_is_busy(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as busy:
        busy.setattr(Residue.objects, "get_or_create", locked)
        for _ in range(2):
            door.send(b"<30>cut")
        door.server._round(older_than=timedelta(hours=1))
    assert door.residue() is None
    door.server._round(older_than=timedelta(hours=1))
    assert door.residue() == (2, 2, 14)
    door.stop()
    assert door.residue() == (2, 2, 14)


def test_what_is_still_unwritten_is_written_when_the_server_stops(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as busy:
        busy.setattr(Residue.objects, "get_or_create", locked)
        door.send(b"<30>cut")
    door.stop()
    assert door.residue() == (1, 1, 7)


def test_a_message_that_is_too_long_is_counted_and_the_others_come(door: Door) -> None:
    door.send(b"<30>" + b"x" * 6000 + b"\n<30>short\n" + counted(b"y" * 7000) + b"<30>last\n")
    spooled(door, 1)
    door.stop()
    assert door.lines() == [b"short", b"last"]
    assert door.residue() == (1, 2, 6005 + 7000)


def test_a_client_that_stops_in_the_middle_of_a_message_is_cut_off(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(pause_seconds=0.3))
    connection = door.connect()
    connection.sendall(b"<30>begun")
    with contextlib.suppress(OSError):
        assert connection.recv(1) == b""
    door.stop()
    assert door.residue() == (1, 1, 9)


def test_a_quiet_connection_ends_without_a_loss(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(idle_seconds=0.2))
    connection = door.connect()
    with contextlib.suppress(OSError):
        assert connection.recv(1) == b""
    door.stop()
    assert door.residue() is None


def test_a_file_that_is_to_wait_longer_than_it_was_ends_no_connection(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, asked = [0.05, 0.05, 0.3], []

    def seconds(_: SyslogDoor, open_files: int, *, shortest: float) -> float:
        asked.append(open_files)
        return wanted.pop(0) if wanted else 0.3

    monkeypatch.setattr(SyslogDoor, "gathering_seconds", seconds)
    connection = door.connect()
    connection.sendall(b"<30>one\n")
    spooled(door, 1)
    connection.sendall(b"<30>two\n")
    end(connection)
    door.over(1)
    door.stop()
    assert (door.lines(), door.residue(), set(asked)) == ([b"one", b"two"], None, {1})


def test_a_contract_has_only_so_many_connections(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(connections_per_contract=1, file_seconds=0.05))
    first = door.connect()
    until(lambda: list(door.folder.glob("*.open")), "the first is let in")
    second = door.connect()
    with contextlib.suppress(OSError):
        assert second.recv(1) == b""
    door.over(1)
    door.send(b"<30>of b\n", "b")
    spooled(door, 1)
    end(first)
    door.over(3)
    door.send(b"<30>third\n")
    spooled(door, 2)
    door.stop()
    assert (door.lines("a"), door.lines("b")) == ([b"third"], [b"of b"])


def test_when_the_server_stops_whole_lines_are_kept_and_the_cut_is_counted(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(file_seconds=3600))
    connection = door.connect()
    connection.sendall(b"<30>whole\n<30>half")
    until(lambda: any(path.stat().st_size for path in door.folder.glob("*.open")), "the line is written")
    connection.sendall(b"-whole\n" * 100_000 + b"<30>half")
    door.server.stop()
    assert (door.lines(), door.residue()) == ([b"whole", b"half-whole", *[b"-whole"] * 99_999], (1, 1, 8))
    connection.close()


def test_a_killed_process_loses_no_whole_line_and_its_cut_is_counted(make_door: Callable[..., Door]) -> None:
    """What the next start finds: a file that nobody has locked."""
    door = make_door()
    door.stop()
    left = door.folder / f"{door.contracts['a'].pk}-{'0' * 24}.open"
    left.write_bytes(b"one\ntwo\n")
    make_door().stop()
    assert (door.lines(), door.residue()) == ([b"one", b"two"], (1, 0, 0))
    assert not list(door.folder.iterdir())


def test_killed_between_ledger_and_removal_a_file_is_one_row(make_door: Callable[..., Door]) -> None:
    door = make_door()
    door.stop()
    ready = door.folder / f"{door.contracts['a'].pk}-{'1' * 24}.ready"
    for _ in range(3):
        ready.write_bytes(b"one\n")
        make_door().stop()
    assert LogFile.objects.count() == 1


def test_a_file_in_use_is_left_alone_by_others(make_door: Callable[..., Door]) -> None:
    door = make_door()
    door.stop()
    file = Gathered(door.folder, door.contracts["a"].pk)
    file.write(b"mine\n")
    assert SyslogDoor(door.folder, door.spool, utc_now).sweep(older_than=timedelta(0)) == 0
    assert file.finish() is not None
    assert SyslogDoor(door.folder, door.spool, utc_now).sweep(older_than=timedelta(0)) == 1
    assert (door.lines(), door.residue()) == ([b"mine"], None)


def test_what_could_not_be_handed_over_waits_on_our_disk(
    make_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise DatabaseError("database is locked")

    door = make_door()
    with monkeypatch.context() as broken:
        broken.setattr(gathered, "accept", locked)
        door.send(b"<30>patient\n")
        until(lambda: list(door.folder.glob("*.ready")) and not list(door.folder.glob("*.open")), "it waits")
        door.stop()
    assert door.lines() == []
    make_door().stop()
    assert (door.lines(), door.residue()) == ([b"patient"], None)


def test_below_the_floor_nobody_is_read_from_and_nothing_is_lost(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sender sends meanwhile waits with him: it is neither cut nor counted as lost."""
    full = threading.Event()
    asked = threading.Event()

    def measure(_: Path) -> int:
        asked.set()
        return 0 if full.is_set() else 100

    door.spool.floor = Floor(door.folder, 1, measure)
    monkeypatch.setattr("sakimori.logs.receive.syslog._ROOM_PAUSE_SECONDS", 0.05)
    connection = door.connect()
    connection.sendall(b"one\n")
    spooled(door, 1)
    full.set()
    asked.clear()
    connection.sendall(b"".join(b"line %d\n" % number for number in range(2000)))
    assert asked.wait(60)
    asked.clear()
    assert asked.wait(60), "it is asked again and again"
    assert len(list(door.spool.names_older_than(2**40))) == 1
    full.clear()
    end(connection)
    door.over(1)
    assert door.lines() == [b"one", *(b"line %d" % number for number in range(2000))]
    assert door.residue() is None


def test_a_full_disk_ends_the_connection_and_the_loss_is_counted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Gathered, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Gathered, "write", full)
    connection = door.connect()
    connection.sendall(b"<30>one\n<30>two\n")
    with contextlib.suppress(OSError):
        assert connection.recv(1) == b""
    door.stop()
    assert door.residue() == (1, 2, 8)


def test_after_a_failed_write_a_file_holds_what_it_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Gathered(tmp_path, 1)
    file.write(b"one\n")
    write, calls = gathered.os.write, []

    def half(descriptor: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:2])

    with monkeypatch.context() as broken:
        broken.setattr(gathered.os, "write", half)
        with pytest.raises(OSError, match="No space"):
            file.write(b"two\n")
    file.write(b"three\n")
    ready = file.finish()
    assert ready is not None
    assert ready.read_bytes() == b"one\nthree\n"
    assert file.finish() is None


def test_a_file_of_a_contract_that_is_no_more_is_removed(make_door: Callable[..., Door]) -> None:
    door = make_door()
    door.stop()
    for name in ("999999-1.open", "no number.open"):
        (door.folder / name).write_bytes(b"x\n")
    make_door().stop()
    assert not list(door.folder.iterdir())
    assert not LogFile.objects.exists()


@pytest.mark.parametrize(("version", "taken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_old_tls_is_refused(door: Door, version: str, taken: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Asking for the old version is the point here.
        asked = ssl.TLSVersion[version]
    if taken:
        assert door.connect(minimum_version=asked, maximum_version=asked).version() == version.replace("_", ".")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with pytest.raises(ssl.SSLError, match=r"(?i)version|protocol|handshake|eof|alert"):
                door.connect(minimum_version=asked, maximum_version=asked)


def test_a_port_that_is_taken_is_an_error_at_the_start(door: Door) -> None:
    second = SyslogServer("127.0.0.1", door.server.port)
    with pytest.raises(OSError, match="in use"):
        second.start()


def test_a_client_that_never_begins_the_handshake_keeps_nobody_out(door: Door) -> None:
    with contextlib.closing(socket.create_connection(("127.0.0.1", door.server.port), timeout=60)):
        door.send(b"<30>through\n")
        spooled(door, 1)
    door.stop()
    assert door.lines() == [b"through"]


@pytest.mark.skipif(not shutil.which("logger") or not shutil.which("openssl"), reason="logger or openssl is missing")
def test_logger_delivers_through_a_tls_relay(door: Door, tmp_path: Path) -> None:
    """`logger` speaks no TLS itself: a relay with the certificate stands before it, as at a customer's."""
    with socket.create_server(("127.0.0.1", 0)) as relay:
        thread = threading.Thread(target=forward, args=(relay, door))
        thread.start()
        port = str(relay.getsockname()[1])
        command = ["logger", "--server", "127.0.0.1", "--port", port, "--tcp", "--octet-count", "-t", "cwaf", "--"]
        subprocess.run([*command, LINE % 7], check=True, timeout=60)
        thread.join(60)
    spooled(door, 1)
    door.stop()
    assert door.lines() == [(LINE % 7).encode()]


def forward(relay: socket.socket, door: Door) -> None:
    plain, _ = relay.accept()
    with plain:
        received = b"".join(iter(lambda: plain.recv(65536), b""))
    door.send(received)


_RSYSLOG = """
global(
  workDirectory="{folder}"
  defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="{authority}"
  {credential}
)
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="{folder}/cwaf.log" tag="cwaf" freshStartTail="off")
action(
  type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="{framing}"
  template="{template}" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"
)
"""


@pytest.mark.skipif(not _RSYSLOG_HAS_TLS, reason="rsyslog or its TLS driver (rsyslog-openssl) is not installed")
@pytest.mark.parametrize("known_by", ["certificate", "address"])
@pytest.mark.parametrize(
    ("framing", "template"),
    [("octet-counted", "RSYSLOG_SyslogProtocol23Format"), ("traditional", "RSYSLOG_ForwardFormat")],
)
def test_rsyslog_delivers_over_tls(door: Door, tmp_path: Path, framing: str, template: str, known_by: str) -> None:
    """A relay as a customer would run it, with a certificate of its own or none, in both framings and both headers."""
    sender = door.senders["a"]
    credential = f'defaultNetstreamDriverCertFile="{sender.certificate}" defaultNetstreamDriverKeyFile="{sender.key}"'
    if known_by == "address":
        register_address(door.contracts["a"], "127.0.0.1")
        credential = ""
    lines = [(LINE % number).encode() for number in range(300)]
    (tmp_path / "cwaf.log").write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "rsyslog.conf").write_text(
        _RSYSLOG.format(
            folder=tmp_path,
            authority=settings.CONFIG.data / "keys" / "collector.pem",
            credential=credential,
            port=door.server.port,
            framing=framing,
            template=template,
        )
    )
    command = ["rsyslogd", "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: spooled_lines(door) >= len(lines), "all lines are in the spool")
    finally:
        process.terminate()
        process.wait(60)
    door.stop()
    assert door.lines() == lines
    # Told to end, it may drop the connection without TLS's goodbye: a cut, which took nothing.
    assert door.residue() in (None, (1, 0, 0))


def spooled_lines(door: Door) -> int:
    """How many lines of the vendor's lie in finished files of the spool."""
    names = [name for name in door.spool.names_older_than(2**40) if not name.startswith(".")]
    return sum(door.spool.path(name).read_bytes().count(b"CEF:0") for name in names)

"""Who gets in at the syslog door, over real TLS: by certificate, by address, or not at all; what the SOC sees of it."""

import contextlib
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import DatabaseError
from structlog.testing import capture_logs

from sakimori.customers.models import Contract, LogSender, LogSenderAddress
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.models import LogFile, Refusal, RefusedSender
from sakimori.logs.receive import refusals
from sakimori.logs.receive.refusals import Refusals, forget_refused
from sakimori.logs.receive.syslog import SyslogLimits
from sakimori.logs.receive.syslog_door import Peer, SyslogDoor
from tests.logs.syslog_door import Door, Sender, doors, end, register, register_address, spooled, until
from tests.people import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Door]]:
    with doors(tmp_path, monkeypatch) as make:
        yield make


@pytest.fixture
def door(make_door: Callable[..., Door]) -> Door:
    return make_door()


def use(door: Door, who: str) -> None:
    """Be let in or not, send a line, and wait until the server has done with the connection."""
    before = door.server._receiver.served
    with contextlib.suppress(OSError):
        connection = door.connect(who)
        connection.sendall(b"<30>line of %s\n" % who.encode())
        end(connection)
    door.over(before + 1)


def refused() -> list[tuple[str, str, int]]:
    return list(RefusedSender.objects.order_by("why").values_list("address", "why", "times"))


def issued_by(issuer: Sender, folder: Path) -> Sender:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = serialization.load_pem_private_key(issuer.key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "child")]))
        .issuer_name(x509.load_pem_x509_certificate(issuer.certificate.read_bytes()).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(minutes=5))
        .not_valid_after(utc_now() + timedelta(days=1))
        .sign(signer, hashes.SHA256())
    )
    child = Sender(folder / "child.pem", folder / "child-key.pem")
    child.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    child.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return child


@pytest.mark.parametrize("network", ["127.0.0.1", "127.0.0.0/28"])
def test_without_a_certificate_the_contract_comes_from_the_registered_address(door: Door, network: str) -> None:
    register_address(door.contracts["b"], network)
    use(door, "nobody")
    spooled(door, 1)
    door.stop()
    assert (door.lines("a"), door.lines("b")) == ([], [b"line of nobody"])
    assert refused() == []


def test_without_a_certificate_an_address_of_nobody_is_closed_and_nothing_is_stored(door: Door) -> None:
    register_address(door.contracts["b"], "127.0.0.16/28")
    for _ in range(3):
        use(door, "nobody")
    door.stop()
    assert not LogFile.objects.exists()
    assert not list(door.folder.iterdir())
    assert refused() == [("127.0.0.1", "address", 3)]


def test_a_certificate_that_is_shown_decides_whatever_the_address_says(door: Door) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    use(door, "a")
    spooled(door, 1)
    door.stop()
    assert (door.lines("a"), door.lines("b")) == ([b"line of a"], [])


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_session_that_is_taken_up_again_is_known_by_its_certificate(door: Door, version: str) -> None:
    """Then no certificate is sent again; whoever had one must not become somebody without one."""
    register_address(door.contracts["b"], "127.0.0.1")
    asked = ssl.TLSVersion[version]
    context = door.context("a", minimum_version=asked, maximum_version=asked)
    first = door.connect("a", context=context)
    first.sendall(b"<30>first\n")
    inner = first._sslobj
    first.unwrap()  # Tickets are read on the way.
    second = door.connect("a", context=context, session=inner.session)
    assert second.session_reused
    second.sendall(b"<30>second\n")
    end(second)
    door.over(2)
    door.stop()
    assert (sorted(door.lines("a")), door.lines("b")) == ([b"first", b"second"], [])


def test_a_wrong_certificate_is_refused_even_from_a_registered_address(door: Door) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    use(door, "stranger")
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "certificate", 1)]


def test_a_certificate_that_was_removed_is_refused_even_from_a_registered_address(door: Door) -> None:
    """TLS still knows it until the next start: its fingerprint decides."""
    register_address(door.contracts["b"], "127.0.0.1")
    LogSender.objects.filter(contract=door.contracts["a"]).delete()
    use(door, "a")
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "certificate", 1)]


def test_a_certificate_that_a_registered_one_has_issued_opens_nothing(door: Door, tmp_path: Path) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    door.senders["child"] = issued_by(door.senders["a"], tmp_path)
    use(door, "child")
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "certificate", 1)]


def test_the_address_of_a_contract_that_has_ended_opens_no_more(door: Door) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    Contract.objects.filter(pk=door.contracts["b"].pk).update(ends_on=day_of(utc_now()))
    use(door, "nobody")
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "address", 1)]


def test_an_address_that_two_contracts_claim_opens_for_none(door: Door) -> None:
    """Registering refuses it; should such rows be there all the same, nobody's log gets another's lines."""
    register_address(door.contracts["a"], "127.0.0.1")
    register_address(door.contracts["b"], "127.0.0.0/28")
    assert SyslogDoor(door.folder, door.spool, utc_now).contract_of(Peer("127.0.0.1")) is None


@pytest.mark.parametrize("why", ["cancelled", "removed"])
@pytest.mark.parametrize("who", ["a", "nobody"])
def test_a_quiet_connection_is_cut_when_its_sender_is_not_known_any_more(
    make_door: Callable[..., Door], who: str, why: str
) -> None:
    """It need not send anything for that, and what it would send later is stored by nobody."""
    door = make_door(SyslogLimits(ask_seconds=0.1, file_seconds=0.05))
    register_address(door.contracts["b"], "127.0.0.1")
    contract = door.contracts["a" if who == "a" else "b"]
    connection = door.connect(who)
    connection.sendall(b"<30>before\n")
    spooled(door, 1)
    if why == "cancelled":
        Contract.objects.filter(pk=contract.pk).update(ends_on=day_of(utc_now()))
    else:
        LogSender.objects.all().delete()
        LogSenderAddress.objects.all().delete()
    with contextlib.suppress(OSError):
        assert connection.recv(1) == b""
    door.over(1)
    door.stop()
    assert door.lines("a") + door.lines("b") == [b"before"]
    assert not list(door.folder.iterdir())


def test_a_quiet_connection_stays_while_the_database_cannot_tell(
    make_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = make_door(SyslogLimits(ask_seconds=0.05, file_seconds=0.05))
    connection = door.connect()
    until(lambda: list(door.folder.glob("*.open")), "he is let in")
    asked = []

    def locked(*_: object) -> None:
        asked.append(1)
        raise DatabaseError("database is locked")

    with monkeypatch.context() as busy:
        busy.setattr(SyslogDoor, "contract_of", locked)
        until(lambda: len(asked) > 2, "it is asked again and again")
    connection.sendall(b"<30>still here\n")
    spooled(door, 1)
    end(connection)
    door.over(1)
    door.stop()
    assert door.lines() == [b"still here"]


@pytest.mark.parametrize("who", ["a", "nobody"])
def test_tls_that_is_too_old_is_refused_and_counted(door: Door, who: str) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Asking for the old version is the point here.
        old = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError, match=r"(?i)version|protocol|handshake|eof|alert|reset"):
            door.connect(who, minimum_version=old, maximum_version=old)
    door.over(1)
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "tls", 1)]


def test_plain_syslog_is_refused_and_counted(door: Door) -> None:
    register_address(door.contracts["b"], "127.0.0.1")
    with socket.create_connection(("127.0.0.1", door.server.port), timeout=60) as plain:
        plain.sendall(b"<30>Nov 23 12:00:00 shop.example.jp cwaf in the clear\n")
        with contextlib.suppress(OSError):
            while plain.recv(4096):
                pass
    door.over(1)
    door.stop()
    assert not LogFile.objects.exists()
    assert refused() == [("127.0.0.1", "tls", 1)]


def test_who_never_begins_the_handshake_is_let_go_and_counted(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(handshake_seconds=0.1))
    with socket.create_connection(("127.0.0.1", door.server.port), timeout=60):
        door.over(1)
    door.stop()
    assert refused() == [("127.0.0.1", "tls", 1)]


def test_who_only_looks_whether_the_port_is_open_is_no_refused_sender(door: Door) -> None:
    """Such as the health check of a load balancer."""
    socket.create_connection(("127.0.0.1", door.server.port), timeout=60).close()
    door.over(1)
    door.stop()
    assert refused() == []


def test_one_connection_too_many_is_counted_as_that(make_door: Callable[..., Door]) -> None:
    door = make_door(SyslogLimits(connections_per_contract=1))
    first = door.connect()
    until(lambda: list(door.folder.glob("*.open")), "the first is let in")
    use(door, "a")
    end(first)
    door.over(2)
    door.stop()
    assert refused() == [("127.0.0.1", "many", 1)]


def test_an_address_that_is_registered_gets_in_at_once(door: Door) -> None:
    use(door, "nobody")
    register_address(door.contracts["b"], "127.0.0.1")
    use(door, "nobody")
    spooled(door, 1)
    door.stop()
    assert door.lines("b") == [b"line of nobody"]


def test_a_certificate_is_asked_for_of_who_has_an_address_too(door: Door) -> None:
    """Both ways of one contract work side by side."""
    register_address(door.contracts["a"], "127.0.0.1")
    register(door.contracts["a"], door.senders["stranger"])
    door.server._round(older_than=timedelta(hours=1))
    for number, who in enumerate(("a", "nobody", "stranger"), start=1):
        use(door, who)
        spooled(door, number)
    door.stop()
    assert door.lines() == [b"line of a", b"line of nobody", b"line of stranger"]


def test_however_many_knock_one_line_is_logged_and_few_rows_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_MOST_KEPT", 15)
    counted = Refusals(lambda: NOW)
    for number in range(1000):
        counted.note(f"203.0.113.{number % 250}", Refusal.UNKNOWN_ADDRESS)
    counted.note("198.51.100.7", Refusal.NO_TLS)
    with capture_logs() as logged:
        counted.write()
        counted.write()
    assert [(entry["event"], entry["times"], len(entry["senders"])) for entry in logged] == [
        ("syslog.refused", 1001, 5)
    ]
    assert RefusedSender.objects.count() == 15
    assert RefusedSender.objects.get(address="203.0.113.9").times == 4


def test_what_the_database_does_not_take_is_counted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise DatabaseError("database is locked")

    counted = Refusals(lambda: NOW)
    counted.note("203.0.113.7", Refusal.UNKNOWN_ADDRESS)
    with monkeypatch.context() as busy:
        busy.setattr(RefusedSender.objects, "get_or_create", locked)
        counted.write()
    assert refused() == []
    counted.note("203.0.113.7", Refusal.UNKNOWN_ADDRESS)
    counted.write()
    assert refused() == [("203.0.113.7", "address", 2)]


def test_who_has_not_come_for_some_days_is_forgotten() -> None:
    counted = Refusals(lambda: NOW)
    counted.note("203.0.113.7", Refusal.UNKNOWN_ADDRESS)
    counted.write()
    assert forget_refused(now=NOW + timedelta(days=7)) == 0
    assert forget_refused(now=NOW + timedelta(days=7, seconds=1)) == 1
    assert not RefusedSender.objects.exists()

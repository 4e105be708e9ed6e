"""A running syslog door on loopback, two contracts with a sender each, and what their tests do with them."""

import contextlib
import hashlib
import shutil
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings

from sakimori import backends
from sakimori.customers.models import Contract, LogSender, LogSenderAddress
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.models import LogFile, Residue
from sakimori.logs.receive.syslog import SyslogLimits
from sakimori.logs.spool import Spool
from sakimori.run.collector import self_signed
from sakimori.run.syslog import SyslogServer
from tests.people import NOW, make_people

QUICK = SyslogLimits(file_seconds=0.05, line_bytes=5000)


@dataclass
class Sender:
    """Somebody with a key and a certificate."""

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        pem = load_pem_x509_certificate(self.certificate.read_bytes())
        return hashlib.sha256(pem.public_bytes(Encoding.DER)).hexdigest()


@dataclass
class Door:
    """A running server, two contracts and their senders."""

    server: SyslogServer
    folder: Path
    spool: Spool
    contracts: dict[str, Contract]
    senders: dict[str, Sender]
    opened: list[ssl.SSLSocket] = field(default_factory=list)

    def context(self, who: str = "a", **change: object) -> ssl.SSLContext:
        """What a client of somebody's asks for."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(settings.CONFIG.data / "keys" / "collector.pem")
        if who in self.senders:
            context.load_cert_chain(self.senders[who].certificate, self.senders[who].key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        for name, value in change.items():
            setattr(context, name, value)
        return context

    def connect(
        self,
        who: str = "a",
        *,
        context: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
        **change: object,
    ) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        made = (context or self.context(who, **change)).wrap_socket(plain, server_hostname="127.0.0.1", session=session)
        self.opened.append(made)
        return made

    def send(self, data: bytes, who: str = "a") -> None:
        """Send everything, end the connection properly, and wait until the server is done with it."""
        before = self.server._receiver.served
        connection = self.connect(who)
        connection.sendall(data)
        end(connection)
        self.over(before + 1)

    def over(self, number: int) -> None:
        """So many connections have ended."""
        until(lambda: self.server._receiver.served >= number, f"{number} connections are over")

    def lines(self, who: str = "a") -> list[bytes]:
        """What came for a contract, in the order of the ledger."""
        files = LogFile.objects.filter(contract=self.contracts[who], door="syslog").order_by("pk")
        return [line for file in files for line in self.spool.path(file.spool_name).read_bytes().splitlines()]

    def stop(self) -> None:
        for connection in self.opened:
            connection.close()
        self.server.stop()

    def residue(self, who: str = "a") -> tuple[int, int, int] | None:
        row = Residue.objects.filter(contract=self.contracts[who], day=day_of(utc_now())).first()
        return (row.cuts, row.lines, row.size_bytes) if row else None


def end(connection: ssl.SSLSocket) -> None:
    """Say that nothing more comes, and wait for the other side to let go."""
    with contextlib.suppress(OSError):
        connection.unwrap()
    connection.close()


def reset(connection: ssl.SSLSocket) -> None:
    """Tear the connection as a broken line would."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def make_sender(folder: Path, name: str) -> Sender:
    certificate, key = self_signed("sender.example.jp", now=utc_now())
    made = Sender(folder / f"{name}.pem", folder / f"{name}-key.pem")
    made.certificate.write_bytes(certificate)
    made.key.write_bytes(key)
    return made


def register(contract: Contract, sender: Sender) -> LogSender:
    return LogSender.objects.create(
        contract=contract,
        fingerprint=sender.fingerprint,
        certificate=sender.certificate.read_text(),
        added_at=NOW,
    )


def register_address(contract: Contract, network: str) -> LogSenderAddress:
    return LogSenderAddress.objects.create(contract=contract, network=network, added_at=NOW)


@contextlib.contextmanager
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Door]]:
    """Opens doors, as often as it is called, and shuts them all at the end."""
    made: list[Door] = []
    people = make_people()
    spool = Spool(tmp_path / "spool")
    monkeypatch.setattr(backends, "spool", lambda: spool)
    senders = {name: make_sender(tmp_path, name) for name in ("a", "b", "stranger")}
    contracts = {"a": people.a, "b": people.b}
    for name, contract in contracts.items():
        register(contract, senders[name])
    folder = settings.CONFIG.data / "syslog"
    shutil.rmtree(folder, ignore_errors=True)

    def make(limits: SyslogLimits = QUICK) -> Door:
        server = SyslogServer("127.0.0.1", 0, limits=limits)
        door = Door(server, folder, spool, contracts, senders)
        server.start()
        made.append(door)
        return door

    try:
        yield make
    finally:
        for door in made:
            door.stop()


def until(holds: Callable[[], object], what: str) -> None:
    """Wait without asking the database: the tests' one takes one thread at a time."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def spooled(door: Door, number: int) -> None:
    until(lambda: len(list(door.spool.names_older_than(2**40))) >= number, f"{number} files in the spool")
    until(lambda: not list(door.folder.glob("*.ready")), "all files are handed over")


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)

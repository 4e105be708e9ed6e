"""What a syslog server needs of the database: who a sender is, where his lines go, and what a cut took."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import structlog
from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import F, QuerySet

from sakimori.customers.log_sender_addresses import networks_around
from sakimori.customers.models import Contract, LogSender, LogSenderAddress
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import Residue
from sakimori.logs.receive.gathered import GatheringDoor
from sakimori.logs.receive.refusals import Refusals
from sakimori.logs.spool import Spool

_log = structlog.get_logger()


class Peer(NamedTuple):
    """The other end of a connection: its address, and the SHA-256 of the certificate it has shown (empty: none)."""

    address: str
    fingerprint: str = ""


class Cut(NamedTuple):
    """Whose cuts, and the day of Japan on which they were."""

    contract_id: int
    day: date


@dataclass
class Loss:
    """What cuts took, summed up. last_at: when the newest of them was."""

    cuts: int = 0
    lines: int = 0
    size_bytes: int = 0
    last_at: datetime = field(kw_only=True)

    def add(self, other: "Loss") -> None:
        """Another one, which came later."""
        self.cuts, self.lines = self.cuts + other.cuts, self.lines + other.lines
        self.size_bytes, self.last_at = self.size_bytes + other.size_bytes, other.last_at


class SyslogDoor(GatheringDoor):
    """The door's folder, its senders and their residue. Every method may block."""

    name = "syslog"

    def __init__(self, folder: Path, spool: Spool, clock: Callable[[], datetime]) -> None:
        super().__init__(folder, spool, clock)
        self.refusals = Refusals(clock)
        self._lock = Lock()
        self._unwritten: dict[Cut, Loss] = {}

    def certificates(self) -> str:
        """Every registered certificate, as PEM."""
        close_old_connections()
        return "\n".join(LogSender.objects.order_by("pk").values_list("certificate", flat=True))

    def contract_of(self, peer: Peer) -> int | None:
        """The key of the contract that a sender delivers for. From the day of cancellation on nobody is known.

        By his certificate; by his address only where he shows none, so a wrong certificate opens nothing.
        """
        close_old_connections()
        today = running(day_of(self._clock()), contract="contract")
        known: QuerySet[LogSender] | QuerySet[LogSenderAddress]
        if peer.fingerprint:
            known = LogSender.objects.filter(today, fingerprint=peer.fingerprint)
        else:
            known = LogSenderAddress.objects.filter(today, network__in=networks_around(peer.address))
        contracts = set(known.values_list("contract", flat=True))
        return contracts.pop() if len(contracts) == 1 else None

    def note_left_behind(self, contract_id: int) -> None:
        """How much a killed process lost besides is unknown, so the file that it left counts as a cut."""
        _write(Cut(contract_id, day_of(self._clock())), Loss(cuts=1, last_at=self._clock()))

    def note_cut(self, contract_id: int, *, lines: int, size_bytes: int) -> None:
        """Count what a cut took: a connection's, or of messages that were too long to be taken.

        Where the database does not take it the sums stay in memory until `write_cuts` gets through.
        """
        now = self._clock()
        with self._lock:
            loss = self._unwritten.setdefault(Cut(contract_id, day_of(now)), Loss(last_at=now))
            loss.add(Loss(1, lines, size_bytes, last_at=now))
        self.write_cuts()

    def write_cuts(self) -> None:
        """Write what is not written yet. What the database does not take is logged, and waits for the next time."""
        with self._lock:
            for cut, loss in list(self._unwritten.items()):
                try:
                    _write(cut, loss)
                except DatabaseError as error:
                    waiting = {"contract": cut.contract_id, "cuts": loss.cuts, "lines": loss.lines}
                    _log.warning("syslog.cut_postponed", **waiting, size_bytes=loss.size_bytes, error=str(error)[:300])
                else:
                    del self._unwritten[cut]


def _write(cut: Cut, loss: Loss) -> None:
    """Add to the day's row. A contract that is no more has none."""
    close_old_connections()
    if not Contract.objects.filter(pk=cut.contract_id).exists():
        return
    with transaction.atomic():
        row, _ = Residue.objects.get_or_create(
            contract_id=cut.contract_id, day=cut.day, defaults={"last_at": loss.last_at}
        )
        Residue.objects.filter(pk=row.pk).update(
            cuts=F("cuts") + loss.cuts,
            lines=F("lines") + loss.lines,
            size_bytes=F("size_bytes") + loss.size_bytes,
            last_at=loss.last_at,
        )

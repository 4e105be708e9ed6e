"""What a syslog server needs of the database: who a sender is, where his lines go, and what a cut took."""

from django.db import close_old_connections, transaction
from django.db.models import F

from sakimori.customers.models import Contract, LogSender
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import Residue
from sakimori.logs.receive.gathered import GatheringDoor


class SyslogDoor(GatheringDoor):
    """The door's folder, its senders and their residue. Every method may block."""

    name = "syslog"

    def certificates(self) -> str:
        """Every registered certificate, as PEM."""
        close_old_connections()
        return "\n".join(LogSender.objects.order_by("pk").values_list("certificate", flat=True))

    def contract_of(self, fingerprint: str) -> int | None:
        """The key of the contract whose certificate it is. From the day of cancellation on nobody is known."""
        close_old_connections()
        today = running(day_of(self._clock()), contract="contract")
        sender = LogSender.objects.filter(today, fingerprint=fingerprint).first()
        return sender.contract_id if sender else None

    def note_left_behind(self, contract_id: int) -> None:
        """How much a killed process lost besides is unknown, so the file that it left counts as a cut."""
        self.note_cut(contract_id, lines=0, size_bytes=0)

    def note_cut(self, contract_id: int, *, lines: int, size_bytes: int) -> None:
        """Count what a cut took: a connection's, or of messages that were too long to be taken."""
        close_old_connections()
        if not Contract.objects.filter(pk=contract_id).exists():
            return
        now = self._clock()
        with transaction.atomic():
            row, _ = Residue.objects.get_or_create(contract_id=contract_id, day=day_of(now), defaults={"last_at": now})
            Residue.objects.filter(pk=row.pk).update(
                cuts=F("cuts") + 1, lines=F("lines") + lines, size_bytes=F("size_bytes") + size_bytes, last_at=now
            )

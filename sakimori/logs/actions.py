"""What people do with logs and what is written down of it: reading a customer's log from the desk, importing a file."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import in_order
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.receive.accept import accept
from sakimori.logs.search import Place
from sakimori.logs.search_address import filter_parameter
from sakimori.logs.spool import Spool


def note_reading(contract: Contract, query: LogQuery, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has looked into a customer's log. What he sought is sealed with the customer's key."""
    _note(contract, _sought(query), by=by.username, now=now)


def note_shell_reading(contract: Contract, query: LogQuery, *, by: str, now: datetime) -> None:
    """As `note_reading`, of somebody with a shell on the machine. by: who he is there."""
    _note(contract, _sought(query), by=by, now=now)


def note_event(contract: Contract, place: Place, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has opened one event of a customer's log."""
    _note(contract, {"time": place.time, "file": place.file_id, "line": place.line_no}, by=by.username, now=now)


def _sought(query: LogQuery) -> dict[str, object]:
    filters = ["=".join(filter_parameter(each)) for each in in_order(query.filters)]
    return {"begins": query.begins, "ends": query.ends, "filters": filters}


def _note(contract: Contract, details: dict[str, object], *, by: str, now: datetime) -> None:
    audit.record(
        "logs.read",
        by=by,
        target=f"contract:{contract.pk}",
        now=now,
        customer=contract.customer,
        details=details,
    )


def import_file(
    contract: Contract, chunks: Iterable[bytes], *, name: str, spool: Spool, by: User, now: datetime
) -> bool:
    """Somebody of the SOC brings in a file for back-fill. False if the same content came under this name before.

    Raises TooLarge and OSError (disk full); then nothing was taken.
    """
    with transaction.atomic():
        file = accept(chunks, contract=contract, door=IMPORT_DOOR, name=name, spool=spool, now=now)
        is_new = file.received_at == now
        if is_new:
            audit.record(
                "logs.import",
                by=by.username,
                target=f"contract:{contract.pk}",
                now=now,
                customer=contract.customer,
                details={"files": 1, "first": file.name, "sha256": file.sha256},
            )
    return is_new

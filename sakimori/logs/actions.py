"""What people do with logs and what is written down of it: reading a customer's log from the desk, importing a file."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.receive.accept import accept
from sakimori.logs.search import LogQuery
from sakimori.logs.spool import Spool


def note_reading(contract: Contract, query: LogQuery, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has looked into a customer's log. What he sought is sealed with the customer's key."""
    audit.record(
        "logs.read",
        by=by.username,
        target=f"contract:{contract.pk}",
        now=now,
        customer=contract.customer,
        details={"begins": query.begins, "ends": query.ends, "address": str(query.network or "")},
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

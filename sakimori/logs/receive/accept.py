"""The one way in: a file goes into the spool, then into the ledger. Only then may a sender be told "received"."""

from collections.abc import Iterable
from datetime import datetime

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile
from sakimori.logs.spool import Spool

LIMIT_BYTES = 1 << 30


def accept(
    chunks: Iterable[bytes],
    *,
    contract: Contract,
    door: str,
    name: str,
    spool: Spool,
    now: datetime,
    available_at: datetime | None = None,
) -> LogFile:
    """Take in one file. The same content under the same name through the same door is taken once.

    available_at: since when it could have been taken, where the door knows; what lies before is the sender's delay.
    Raises TooLarge and OSError (disk full); then nothing was taken and the sender must try again.
    """
    spooled = spool.put(chunks, limit_bytes=LIMIT_BYTES)
    file, new = LogFile.objects.get_or_create(
        contract=contract,
        door=door,
        name=name[:200],
        sha256=spooled.sha256,
        defaults={
            "size_bytes": spooled.size_bytes,
            "spool_name": spooled.name,
            "available_at": None if available_at is None else min(available_at, now),
            "received_at": now,
            "next_try_at": now,
        },
    )
    if not new:
        spool.remove(spooled.name)
    return file

"""The one way in: a file goes into the spool, then into the ledger. Only then may a sender be told "received"."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile
from sakimori.logs.receive.rewritten import note_contents
from sakimori.logs.spool import Spool

LIMIT_BYTES = 1 << 30
_LONGEST_NAME, _KEPT_OF_NAME = 200, 130


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
    """Take in one file. The same content under the same name through the same door is taken once, another
    one is a file of its own and noted as a case.

    available_at: since when it could have been taken, where the door knows; what lies before is the sender's delay.
    Raises TooLarge and OSError (disk full); then nothing was taken and the sender must try again.
    """
    spooled = spool.put(chunks, limit_bytes=LIMIT_BYTES)
    file, new = LogFile.objects.get_or_create(
        contract=contract,
        door=door,
        name=ledger_name(name),
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
    note_contents(file)
    return file


def ledger_name(name: str) -> str:
    """A sender's name as that of a ledger row: itself, or its beginning with a digest where a row cannot hold it.

    name: bytes that are no UTF-8 are surrogates, as in file names.
    """
    given = name.encode(errors="surrogateescape")
    plain = given.decode(errors="replace").replace("\0", "\ufffd")
    if plain == name and len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[:_KEPT_OF_NAME]}…{hashlib.sha256(given).hexdigest()}"

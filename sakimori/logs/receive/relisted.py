"""Names that the vendor lists long after he must have let go of them: what they stand for now is compared with ours.

He names files by rising numbers and keeps each for 48 hours. A name that we took days ago and that is listed still, or
again, may be another file: numbers that began anew would otherwise be taken for files that we have, and be lost.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Q

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive.known import files_named

# Twice as long as the vendor keeps files, since they may have come to us when they were nearly gone.
_GONE_AFTER = timedelta(hours=96)
_AT_ONCE = 20
_ENDED = (LogFileState.STORED, LogFileState.QUARANTINED)


def to_compare(contract: Contract, known: Mapping[str, datetime], *, door: str, now: datetime) -> list[str]:
    """Those of the listed names to fetch and compare now. known: those that the ledger has, and when they came."""
    old = [name for name, at in known.items() if at <= now - _GONE_AFTER]
    due = Q(contract=contract, door=door, state__in=_ENDED, next_try_at__lte=now - _GONE_AFTER)
    names = (name for files in files_named(due, old) for name in files.values_list("name", flat=True).distinct())
    return list(islice(names, _AT_ONCE))


def note_compared(contract: Contract, name: str, *, door: str, now: datetime) -> None:
    """What came was as before, or is a file of its own by now. It is compared again when it is still listed then."""
    ours = LogFile.objects.filter(contract=contract, door=door, name=name, state__in=_ENDED)
    ours.filter(next_try_at__lt=now).update(next_try_at=now)

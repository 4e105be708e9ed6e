"""Files that came broken and may be whole at their sender's by now: they are fetched again as long as they are listed.

The vendor may list a file that it still writes, and a connection may end early. What comes then is another content, and
so another row of the ledger; the broken one stays in quarantine. What wants another key is whole: it is read again from
the spool when somebody registers one (`actions.read_again`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Min, Q

from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.unpack import FileReason

_MAY_BE_WHOLE = (FileReason.TRUNCATED, FileReason.BROKEN_COMPRESSION, FileReason.WRONG_CHECKSUM)
# As the ledger has them.
BROKEN = Q(state=LogFileState.QUARANTINED, reason__in=[reason.sentence for reason in _MAY_BE_WHOLE])
# As long as the vendor keeps files. A bucket keeps its own for good.
_FOR = timedelta(hours=48)
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(hours=3)


def due_again(contract: Contract, names: Iterable[str], *, door: str, now: datetime) -> set[str]:
    """Those of the names of which nothing but broken content has come, and that are to be fetched again now.

    The next time after this one is as far away as the first is past, within bounds, whatever comes of it.
    """
    rows = LogFile.objects.filter(contract=contract, door=door)
    broken = rows.filter(BROKEN)
    due = set(broken.filter(received_at__gt=now - _FOR, next_try_at__lte=now).values_list("name", flat=True))
    due = due.intersection(names)
    if due:
        some = rows.filter(name__in=due)
        due -= set(some.exclude(state=LogFileState.QUARANTINED).values_list("name", flat=True))
        for name, first in some.filter(name__in=due).values_list("name").annotate(first=Min("received_at")):
            pause = min(max(now - first, _SOONEST), _LATEST)
            broken.filter(name=name).update(next_try_at=now + pause)
    return due

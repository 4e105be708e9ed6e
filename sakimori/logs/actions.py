"""What people do with logs and what is written down of it: reading a customer's log from the desk, importing a file,
dismissing missing numbers, closing cases of rewritten files.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import in_order
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import Dismissal, Explanation, LogFile, LogFileState, MissingFiles, RewrittenFile
from sakimori.logs.receive.accept import accept
from sakimori.logs.search import Place
from sakimori.logs.search_address import filter_parameter
from sakimori.logs.spool import Spool
from sakimori.logs.unpack import FileReason

_WANT_A_KEY = frozenset(
    reason.sentence for reason in (FileReason.UNKNOWN_KEY_ID, FileReason.WRONG_KEY, FileReason.UNUSABLE_KEY)
)


def note_reading(contract: Contract, query: LogQuery, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has looked into a customer's log. What he sought is sealed with the customer's key."""
    _note(contract, _sought(query), by=by.username, now=now)


def note_shell_reading(contract: Contract, query: LogQuery, *, by: str, now: datetime) -> None:
    """As `note_reading`, of somebody with a shell on the machine. by: who he is there."""
    _note(contract, _sought(query), by=by, now=now)


def note_event(contract: Contract, place: Place, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has opened one event of a customer's log."""
    _note(contract, {"time": place.time, "file": place.file_id, "line": place.line_no}, by=by.username, now=now)


def note_bad_lines(file: LogFile, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has looked at the lines of a customer's file that could not be read."""
    _note(file.contract, {"file": file.pk, "name": file.name, "unreadable": True}, by=by.username, now=now)


def _sought(query: LogQuery) -> dict[str, object]:
    filters = ["=".join(filter_parameter(each)) for each in in_order(query.filters)]
    return {"begins": query.begins, "ends": query.ends, "filters": filters}


def _note(contract: Contract, details: dict[str, object], *, by: str, now: datetime) -> None:
    audit.record_of(contract, "logs.read", by=by, now=now, details=details)


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
            audit.record_of(
                contract,
                "logs.import",
                by=by.username,
                now=now,
                details={"files": 1, "first": file.name, "sha256": file.sha256},
            )
    return is_new


def wants_a_key(file: LogFile) -> bool:
    """Whether this file could not be opened for want of a key. `read_again` takes up such files."""
    return file.state == LogFileState.QUARANTINED and file.reason in _WANT_A_KEY


def read_again(contract: Contract, *, by: User, now: datetime) -> int:
    """A key was registered: files that could not be opened without it are read again. Returns how many; those that
    still cannot be opened go back into quarantine.
    """
    files = LogFile.objects.filter(contract=contract, state=LogFileState.QUARANTINED, reason__in=_WANT_A_KEY)
    again = {
        "state": LogFileState.RECEIVED,
        "reason": "",
        "stored_at": None,
        "attempts": 0,
        "next_try_at": now,
        "parser_version": None,  # Nothing of them is stored: the version that stores them now counts.
    }
    with transaction.atomic():
        number = files.filter(spool_cleared_at=None).update(**again)
        if number:
            audit.record_of(contract, "logs.read_again", by=by.username, now=now, details={"files": number})
    return number


def dismiss_missing(row: MissingFiles, *, why: Dismissal, reason: str, by: User, now: datetime) -> bool:
    """Nobody is told of these missing numbers any more. False if somebody has dismissed them before, or they came."""
    given = {
        "dismissal": why,
        "dismissal_reason": reason,
        "dismissed_at": now,
        "dismissed_by_name": by.shown_name[:150],
    }
    with transaction.atomic():
        if not MissingFiles.objects.filter(pk=row.pk, dismissed_at=None).update(**given):
            return False
        _note_missing("logs.missing.dismiss", row, {"why": why.value, "reason": reason}, by=by, now=now)
    return True


def reopen_missing(row: MissingFiles, *, by: User, now: datetime) -> bool:
    """They are missing after all. False if that is how they stand already."""
    with transaction.atomic():
        dismissed = MissingFiles.objects.filter(pk=row.pk, dismissed_at__isnull=False)
        if not dismissed.update(dismissal="", dismissal_reason="", dismissed_at=None, dismissed_by_name=""):
            return False
        _note_missing("logs.missing.reopen", row, {}, by=by, now=now)
    return True


def _note_missing(action: str, row: MissingFiles, details: dict[str, object], *, by: User, now: datetime) -> None:
    numbers = {"first": f"{row.prefix}_{row.first}", "last": f"{row.prefix}_{row.last}"}
    audit.record_of(row.contract, action, by=by.username, now=now, details={**numbers, **details})


def close_rewritten(case: RewrittenFile, *, why: Explanation, reason: str, by: User, now: datetime) -> bool:
    """Somebody has looked into it. False if it was closed before, or another content has come since he saw it."""
    given = {"explanation": why, "reason": reason, "closed_at": now, "closed_by_name": by.shown_name[:150]}
    with transaction.atomic():
        as_seen = RewrittenFile.objects.filter(pk=case.pk, closed_at=None, last_file=case.last_file)
        if not as_seen.update(**given):
            return False
        _note_rewritten("logs.rewritten.close", case, {"why": why.value, "reason": reason}, by=by, now=now)
    return True


def reopen_rewritten(case: RewrittenFile, *, by: User, now: datetime) -> bool:
    """It has to be looked into after all. False if it is open already."""
    with transaction.atomic():
        closed = RewrittenFile.objects.filter(pk=case.pk, closed_at__isnull=False)
        if not closed.update(explanation="", reason="", closed_at=None, closed_by_name=""):
            return False
        _note_rewritten("logs.rewritten.reopen", case, {}, by=by, now=now)
    return True


def _note_rewritten(action: str, case: RewrittenFile, details: dict[str, object], *, by: User, now: datetime) -> None:
    which = {"door": case.door, "name": case.name, "first": case.first_sha256, "last": case.last_sha256}
    audit.record_of(case.contract, action, by=by.username, now=now, details={**which, **details})

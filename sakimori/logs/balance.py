"""Compares the ledger with the store itself: lines = rows + quarantined + unkept lines, and the rows are there, doubles
too.

New files are compared soon after they are stored; besides, one contract a day is compared as a whole, file by file, and
so are rows that no ledger row names. What retention let go of is no difference. After a kill both go on from there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.models import LogFile, RetentionProof, StoreCheck
from sakimori.logs.store.interface import LogStore

_AT_ONCE = 500
_MOST_KEPT = 100
_WHOLE_EVERY = timedelta(days=1)
_COUNTS = "SELECT file_id, count() AS rows, countIf(is_double = 1) AS doubles FROM events"
_OF_FILES = (
    f"{_COUNTS} WHERE contract_id = {{contract_id:UInt32}} AND file_id IN {{files:Array(UInt64)}} GROUP BY file_id"
)
_OF_RANGE = (
    f"{_COUNTS} WHERE contract_id = {{contract_id:UInt32}} AND file_id > {{above:UInt64}}"
    " AND file_id <= {until:UInt64} GROUP BY file_id"
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds of a file: rows, and how many of them are doubles."""

    rows: int = 0
    doubles: int = 0


def is_difference(*, lines: int, rows: int, left_out: int, held: int, may_be_gone: bool) -> bool:
    """Whether a stored file's numbers cannot be right. left_out: quarantined and unkept lines.

    may_be_gone: some of its days were let go of.
    """
    if lines != rows + left_out or held > rows:
        return True
    return held < rows and not may_be_gone


def compare_new(*, store: LogStore, now: datetime) -> int:
    """Compare files that were stored since. Returns how many."""
    # Asked by the columns of the partial index: the state of most files is "stored".
    due = LogFile.objects.filter(doubles=None, stored_at__isnull=False).order_by("contract", "pk")[:_AT_ONCE]
    by_contract: dict[int, list[LogFile]] = defaultdict(list)
    for file in due:
        by_contract[file.contract_id].append(file)
    for contract, files in by_contract.items():
        held = _held(store.query(_OF_FILES, {"contract_id": contract, "files": [file.pk for file in files]}))
        _note(contract, files, held, now=now, looked_at={file.pk for file in files})
    return sum(map(len, by_contract.values()))


def compare_whole(*, store: LogStore, now: datetime) -> int:
    """Compare the next part of the contract that is compared as a whole. Returns how many files it had."""
    contract = _whole_contract(now)
    if contract is None:
        return 0
    check, _ = StoreCheck.objects.get_or_create(contract_id=contract, defaults={"checked_at": now})
    files = list(LogFile.objects.filter(contract=contract, pk__gt=check.position).order_by("pk")[:_AT_ONCE])
    if files:
        span = {"contract_id": contract, "above": check.position, "until": files[-1].pk}
        held = _held(store.query(_OF_RANGE, span))
        known = [file for file in files if file.stored_at is not None]
        strangers = held.keys() - {file.pk for file in files}
        looked_at = range(check.position + 1, files[-1].pk + 1)
        _note(contract, known, held, now=now, strangers=strangers, looked_at=looked_at)
    done = len(files) < _AT_ONCE
    StoreCheck.objects.filter(contract=contract).update(
        position=0 if done else files[-1].pk, whole_at=now if done else F("whole_at")
    )
    return len(files)


def _whole_contract(now: datetime) -> int | None:
    """The contract that is under way; once a day, otherwise, the one that was compared longest ago."""
    under_way = StoreCheck.objects.filter(position__gt=0).order_by("pk").values_list("contract", flat=True).first()
    if under_way is not None or StoreCheck.objects.filter(whole_at__gt=now - _WHOLE_EVERY).exists():
        return under_way
    whole_at = Subquery(StoreCheck.objects.filter(contract=OuterRef("pk")).values("whole_at"))
    contracts = Contract.objects.annotate(whole_at=whole_at).order_by(F("whole_at").asc(nulls_first=True), "pk")
    return contracts.values_list("pk", flat=True).first()


def _held(rows: Iterable[Mapping[str, int]]) -> Mapping[int, Held]:
    return {row["file_id"]: Held(row["rows"], row["doubles"]) for row in rows}


def _kept_from(contract: int) -> date | None:
    """The day before which rows of a contract may have been let go of. A proof is written before anything goes, so it
    is asked for after rows were counted: a day that went meanwhile is known here.
    """
    proofs = RetentionProof.objects.filter(contract=contract).order_by("-kept_from")
    return proofs.values_list("kept_from", flat=True).first()


def _note(
    contract: int,
    files: Collection[LogFile],
    held: Mapping[int, Held],
    *,
    now: datetime,
    looked_at: Collection[int],
    strangers: Collection[int] = (),
) -> None:
    """Write down what differs from the rows that were just counted. Earlier differences stay for the files that were
    not looked at.
    """
    kept_from = _kept_from(contract)
    wrong = {str(number): [0, held[number].rows] for number in strangers}
    for file in files:
        found = held.get(file.pk, Held())
        # Files of which no time is known were stored before times were noted.
        # What claims to be of times to come goes a day after what came with it, see `retention.py`.
        latest = file.received_at + timedelta(days=1)
        gone = kept_from is not None and (file.first_at is None or day_of(min(file.first_at, latest)) < kept_from)
        left_out = file.quarantined_lines + file.unkept_lines
        if is_difference(lines=file.lines, rows=file.rows, left_out=left_out, held=found.rows, may_be_gone=gone):
            wrong[str(file.pk)] = [file.rows, found.rows]
    with transaction.atomic():
        check, _ = StoreCheck.objects.get_or_create(contract_id=contract, defaults={"checked_at": now})
        kept = {number: rows for number, rows in check.differences.items() if int(number) not in looked_at}
        check.differences = dict(sorted((kept | wrong).items(), key=lambda item: int(item[0]))[-_MOST_KEPT:])
        check.checked_at = now
        check.save(update_fields=["differences", "checked_at"])
        new = [file for file in files if file.doubles is None]
        for file in new:
            file.doubles = held.get(file.pk, Held()).doubles
        LogFile.objects.bulk_update(new, ["doubles"])

"""Computes a contract's chain anew from rows and compares it with the ledger, the record, the spool and the store.

It changes nothing and locks nothing: links are only ever added, so a day is judged by as many as its row counted when
it was read.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Max

from sakimori.customers.models import AuditEntry, Contract
from sakimori.customers.secrets import open_details
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.jst import start_of_day
from sakimori.logs.chain.rows import day_record, link_record, links_of
from sakimori.logs.chain.rules import Break, Day, Link, Trouble, broken_days, broken_links
from sakimori.logs.chain.writing import SEALED
from sakimori.logs.models import ChainDay, ChainHead, LogFile, LogFileState, RetentionProof
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

_HASHED_AT_ONCE = 1 << 20
_ENTRIES_AT_ONCE = 10  # The first or the second is the one: it was written when the next day began.
# Doubles are rows too: the table itself is asked. A day is a partition, so only those of the files are opened.
_ROWS = """
SELECT file_id, count() AS rows FROM events
WHERE contract_id = {contract_id:UInt32} AND file_id >= {first:UInt64} AND file_id <= {last:UInt64}
  AND day >= {oldest:Date} AND day <= {newest:Date}
GROUP BY file_id
"""


@dataclass(frozen=True, slots=True)
class Depth:
    """What the chain is compared with besides the database. None: it is left out."""

    store: LogStore | None = None
    spool: Spool | None = None


@dataclass(slots=True)
class _Seen:
    """The links of a day as they pass, for what is compared afterwards."""

    links: list[Link] = field(default_factory=list)
    not_stored: list[Link] = field(default_factory=list)
    spooled: list[tuple[Link, str]] = field(default_factory=list)


def check_day(key: int, depth: Depth) -> Sequence[Trouble]:
    """What is wrong with one day of a contract, by the key of its row; it is looked at twice before it is called so.

    What a duty changed during the first look is no trouble; a day that was let go of has none. Raises StoreError.
    """
    first = _look(key, depth)
    again = frozenset(_look(key, depth)) if first else frozenset()
    return [trouble for trouble in first if trouble in again]


def check_end(head: ChainHead) -> Sequence[Trouble]:
    """Whether the newest day is there. A contract whose days were all let go of has none."""
    if head.newest_day is None or (head.anchor_day is not None and head.newest_day <= head.anchor_day):
        return []
    newest = ChainDay.objects.filter(contract=head.contract_id).aggregate(day=Max("day"))["day"]
    return [] if newest == head.newest_day else [Trouble(head.newest_day, 0, Break.NEWEST)]


def _look(key: int, depth: Depth) -> list[Trouble]:
    day = ChainDay.objects.filter(pk=key).first()
    if day is None:
        return []
    head = ChainHead.objects.select_related("contract__customer").filter(contract=day.contract_id).first()
    if head is None:
        return [Trouble(day.day, 0, Break.NEWEST)]
    return [
        *_look_at_neighbours(day, head),
        *_look_at_links(day, head, depth),
        *_look_at_unlinked(day, head),
        *_look_at_record(day, head),
    ]


def _look_at_neighbours(day: ChainDay, head: ChainHead) -> Iterator[Trouble]:
    before = ChainDay.objects.filter(contract=day.contract_id, day__lt=day.day).order_by("-day").first()
    digest = head.anchor if before is None else day_record(before, head).digest
    yield from broken_days([day_record(day, head)], before=digest)


def _look_at_links(day: ChainDay, head: ChainHead, depth: Depth) -> Iterator[Trouble]:
    seen = _Seen()
    yield from broken_links(day_record(day, head), _passing(day, head, seen))
    for link in seen.not_stored:
        yield Trouble(day.day, link.sequence, Break.STATE, link.name)
    if depth.store is not None and seen.links:
        yield from _look_at_rows(day.contract_id, seen.links, depth.store)
    if depth.spool is not None:
        for link, name in seen.spooled:
            if _hash(depth.spool, name) not in (link.sha256, None):
                yield Trouble(day.day, link.sequence, Break.SPOOL, link.name)


def _passing(day: ChainDay, head: ChainHead, seen: _Seen) -> Iterator[Link]:
    for row in links_of(day):
        link = link_record(row, head)
        seen.links.append(link)
        if row.file.state != LogFileState.STORED:
            seen.not_stored.append(link)
        if row.file.spool_cleared_at is None:
            seen.spooled.append((link, row.file.spool_name))
        yield link


def _look_at_rows(contract_id: int, links: Sequence[Link], store: LogStore) -> Iterator[Trouble]:
    """A file whose days are all kept has as many rows as were counted; one that retention has cut has not more."""
    held = _held(contract_id, links, store)
    kept_from = RetentionProof.objects.filter(contract=contract_id).aggregate(day=Max("kept_from"))["day"]
    for link in links:
        whole = link.oldest_day is not None and (kept_from is None or link.oldest_day >= kept_from)
        rows = held.get(link.file, 0)
        if rows > link.rows or (whole and rows < link.rows):
            yield Trouble(link.day, link.sequence, Break.ROWS, f"{link.name}: {rows} of {link.rows}")


def _held(contract_id: int, links: Sequence[Link], store: LogStore) -> dict[int, int]:
    days = [day for link in links for day in (link.oldest_day, link.newest_day) if day is not None]
    if not days:
        return {}
    files = [link.file for link in links]
    span = {"first": min(files), "last": max(files), "oldest": min(days), "newest": max(days)}
    return {row["file_id"]: row["rows"] for row in store.query(_ROWS, {"contract_id": contract_id, **span})}


def _look_at_unlinked(day: ChainDay, head: ChainHead) -> Iterator[Trouble]:
    """Files that were stored on this day, after the chain began, without a link."""
    begins, ends = start_of_day(day.day), start_of_day(day.day + timedelta(days=1))
    stored = LogFile.objects.filter(contract=day.contract_id, state=LogFileState.STORED, chain_link=None)
    for file in stored.filter(stored_at__gte=max(begins, head.began_at), stored_at__lt=ends).order_by("pk"):
        yield Trouble(day.day, 0, Break.NO_LINK, file.name)


def _look_at_record(day: ChainDay, head: ChainHead) -> Iterator[Trouble]:
    """A day that has ended was written into the record when the next one began."""
    if head.newest_day is None or day.day >= head.newest_day:
        return
    record = day_record(day, head)
    if _noted(head.contract, record) != (record.links, record.digest):
        yield Trouble(day.day, 0, Break.RECORD)


def _noted(contract: Contract, day: Day) -> tuple[object, object] | None:
    target = f"contract:{contract.pk}"
    entries = AuditEntry.objects.filter(customer_number=contract.customer.number, action=SEALED, target=target)
    for entry in entries.filter(at__gte=start_of_day(day.day)).order_by("pk").iterator(_ENTRIES_AT_ONCE):
        try:
            details = open_details(contract.customer, entry.sealed_details, place=f"audit:{target}")
        except CannotOpen:
            continue
        if details.get("day") == day.day.isoformat():
            return details.get("links"), details.get("digest")
    return None


def _hash(spool: Spool, name: str) -> str | None:
    """None for a file that is not there: it is cleared some time after it was stored, and its row a moment later."""
    digest = hashlib.sha256()
    try:
        with spool.open(name) as file:
            while chunk := file.read(_HASHED_AT_ONCE):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()

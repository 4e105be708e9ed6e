"""Deletes a contract for good, in an order in which it may be killed at any moment and begun again.

1. Hold: every row that workers claim is claimed, so that nobody stores, sends or writes for the contract meanwhile;
   while somebody does, we wait. 2. What lies outside the database is counted, and the counts are written down.
3. It is deleted: the names of the files lie in rows, so rows go last. 4. In one transaction: all rows, the
   users who belong to nobody else, the SOC's sentences about the customer, his key; a second look; the proof.

Killed before 4 everything is still due, and is done again; after 4 nothing is left that could be due. The store is
never asked while the transaction holds the database. A duty that tries to write a row of the contract later fails on
its foreign key.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from sakimori.blacklist.models import Block, BlockState
from sakimori.closing import mentions, outside, people
from sakimori.closing.belongings import Keys, count_by_label, delete, keys_of, rows_by_key
from sakimori.closing.models import Closing, DeletionProof
from sakimori.closing.outside import Outside, Places
from sakimori.customers import audit
from sakimori.customers.models import Contract, Customer
from sakimori.lib.claims import Claimable
from sakimori.lib.jst import day_of

LEASE = timedelta(minutes=30)
_log = structlog.get_logger()


class NotNow(Exception):
    """Somebody works on a row of the contract, or it is not to be deleted (any more). Look again later."""


class Residue(Exception):
    """A second look found something that should be gone. Nothing in the database was deleted."""


def is_due(closing: Closing, now: datetime) -> bool:
    """Data is kept until the end of the day of deletion: from the first moment after it everything goes."""
    deletes_on = closing.contract.deletes_on
    return deletes_on is not None and day_of(now) > deletes_on


def owner_of(contract: Contract) -> Contract | Customer:
    """What goes: the customer when this is his last contract, else the contract alone."""
    others = Contract.objects.filter(customer_id=contract.customer_id).exclude(pk=contract.pk)
    return contract if others.exists() else contract.customer


def execute(closing: Closing, *, places: Places, worker: str, clock: Callable[[], datetime]) -> None:
    """Delete what belongs to a claimed, approved and due closing. Raises NotNow, Residue, StoreError or OSError."""
    contract = closing.contract
    owner = owner_of(contract)
    customer_too = owner != contract
    if closing.approved_at is None or not is_due(closing, clock()):
        raise NotNow("not approved or not due")
    keys = keys_of(owner)
    _hold(keys, worker=worker, now=clock())
    found = _write_down(closing, outside.look(contract, keys, customer_too=customer_too, places=places), clock())
    outside.forget(contract, keys, customer_too=customer_too, places=places)
    left = outside.look(contract, keys, customer_too=customer_too, places=places)
    if left.total:
        raise Residue(f"contract {contract.pk} has {left}")
    _make_deletions_final()
    with transaction.atomic():
        proof = _delete_rows(closing.pk, owner, found, clock)
    _empty_journal()
    cache.clear()
    _log.info("closing.deleted", proof=proof.pk, rows=proof.total_rows)


def _hold(keys: Keys, *, worker: str, now: datetime) -> None:
    claimable: Keys = {model: wanted for model, wanted in keys.items() if issubclass(model, Claimable)}
    free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_by=worker)
    for rows in _parts(claimable):
        rows.filter(free).update(claimed_by=worker, claimed_until=now + LEASE)
    for rows in _parts(claimable):
        if rows.exclude(claimed_by=worker).exists():
            raise NotNow(f"somebody works on {rows.model.__name__}")


def _parts(keys: Keys) -> Iterable[QuerySet[Any]]:
    return (rows for model, wanted in keys.items() for rows in rows_by_key(model, wanted))


def _write_down(closing: Closing, seen: Outside, now: datetime) -> Outside:
    """Keep the highest counts ever seen: an earlier try that was killed may have deleted part of it already.

    From here on nobody can take the cancellation back. Whoever did so, or moved its day, just before stops us.
    """
    before = closing.found or {}
    found = Outside(**{name: max(number, int(before.get(name, 0))) for name, number in asdict(seen).items()})
    same = Closing.objects.filter(
        pk=closing.pk, approved_at=closing.approved_at, contract__ends_on=closing.contract.ends_on
    )
    if not same.update(found=asdict(found), began_at=closing.began_at or now):
        raise NotNow("withdrawn or changed")
    return found


def _make_deletions_final() -> None:
    """SQLite leaves deleted bytes in the file unless it is told to overwrite them."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _empty_journal() -> None:
    """SQLite's journal still holds the deleted pages until it is begun anew."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _delete_rows(pk: int, owner: Contract | Customer, found: Outside, clock: Callable[[], datetime]) -> DeletionProof:
    """Step 4. The rows are looked for afresh: what was written since the first look goes too."""
    closing = Closing.objects.select_for_update().filter(pk=pk, approved_at__isnull=False).first()
    if closing is None:
        raise NotNow("withdrawn")
    contract = Contract.objects.select_for_update().select_related("customer").get(pk=closing.contract_id)
    if owner_of(contract) != owner:
        raise NotNow("another contract of the customer came or went")
    customer_too = owner != contract
    keys = keys_of(owner)
    counts = Counter(dict(count_by_label(keys)))
    leaving = people.leaving_with(contract.customer) if customer_too else people.Leaving()
    proof = _proof(closing, contract, found, customer_too=customer_too, now=clock())
    names = mentions.names_of(contract, customer_too=customer_too)
    delete(keys)
    counts += people.forget(leaving)
    counts["アラームなど SOC 内の記録"] += mentions.forget(names)
    proof.rows = [{"label": label, "rows": rows} for label, rows in (+counts).most_common()]
    _look_again(owner, leaving)
    proof.finished_at = clock()
    entry = audit.record_of(contract, "contract.delete", by="sakimori", now=proof.finished_at)
    proof.record = entry.digest
    proof.save(force_insert=True)
    return proof


def _proof(closing: Closing, contract: Contract, found: Outside, *, customer_too: bool, now: datetime) -> DeletionProof:
    """The proof as far as it is known before the rows go. Not saved."""
    if contract.ends_on is None or contract.deletes_on is None or closing.approved_by is None:
        raise NotNow("not cancelled")
    return DeletionProof(
        contract_number=contract.number,
        customer_number=contract.customer.number,
        customer_too=customer_too,
        ends_on=contract.ends_on,
        deletes_on=contract.deletes_on,
        entered_by=closing.entered_by.username,
        entered_at=closing.entered_at,
        approved_by=closing.approved_by.username,
        approved_at=closing.approved_at or now,
        began_at=closing.began_at or now,
        left_on_list=Block.objects.filter(contract=contract, state=BlockState.ACTIVE).count(),
        **asdict(found),
    )


def _look_again(owner: Contract | Customer, leaving: people.Leaving) -> None:
    left = {model.__name__: len(wanted) for model, wanted in keys_of(owner).items()}
    if left or people.are_left(leaving):
        raise Residue(f"{type(owner).__name__} {owner.pk} still has {left or 'users'}")

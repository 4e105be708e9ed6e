"""The record of who did what, when, to which row: hash-chained, only ever added to.

Details that may be personal or the customer's are sealed with the customer's key, and the chain runs over the
sealed text: destroying the key (chapter 3-1) leaves a chain that still verifies.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from sakimori.customers.models import AuditEntry, AuditHead, Contract, Customer
from sakimori.customers.secrets import seal_details

BEGINNING = "0" * 64
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to one row. target: `model:pk`. customer: whose key seals the details."""

    action: str
    target: str
    customer: Customer | None = None
    details: Mapping[str, object] | None = None


def record(
    action: str,
    *,
    by: str,
    target: str,
    now: datetime,
    customer: Customer | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Add one entry. Call it inside the transaction of the change that it records.

    by: login ID of a person, or `sakimori` for the system itself. target: `model:pk`.
    """
    return record_all([Fact(action, target, customer, details)], by=by, now=now)[0]


def record_of(
    contract: Contract, action: str, *, by: str, now: datetime, details: Mapping[str, object] | None = None
) -> AuditEntry:
    """As `record`, of a contract: its customer's key seals the details."""
    return record(action, by=by, target=f"contract:{contract.pk}", now=now, customer=contract.customer, details=details)


def record_all(facts: Iterable[Fact], *, by: str, now: datetime) -> list[AuditEntry]:
    """Add one entry for each fact, in their order, at the cost of few statements. Otherwise as `record`."""
    facts = list(facts)
    if not facts:
        return []
    with transaction.atomic():
        head, _ = AuditHead.objects.get_or_create(pk=1, defaults={"digest": BEGINNING})
        head = AuditHead.objects.select_for_update().get(pk=head.pk)
        entries, digest = [], head.digest
        for fact in facts:
            entry = AuditEntry(
                at=now,
                actor=by,
                action=fact.action,
                target=fact.target,
                customer_number=fact.customer.number if fact.customer else "",
                sealed_details=_sealed(fact.customer, fact.details, fact.target),
                previous=digest,
            )
            entry.digest = digest = digest_of(entry)
            entries.append(entry)
        AuditEntry.objects.bulk_create(entries, batch_size=_AT_ONCE)
        AuditHead.objects.filter(pk=head.pk).update(digest=digest)
    return entries


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over every column of the entry and the digest of the one before it."""
    parts = (
        entry.previous,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.target,
        entry.customer_number,
        entry.sealed_details,
    )
    return hashlib.sha256("\x1f".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def first_broken(entries: Iterable[AuditEntry]) -> AuditEntry | None:
    """The first entry, in the order given, that does not continue the chain; None when it holds."""
    previous = BEGINNING
    for entry in entries:
        if entry.previous != previous or entry.digest != digest_of(entry):
            return entry
        previous = entry.digest
    return None


def _sealed(customer: Customer | None, details: Mapping[str, object] | None, target: str) -> str:
    if not details:
        return ""
    if customer is None:
        raise ValueError("details of an audit entry need the customer whose key seals them")
    return seal_details(customer, dict(details), place=f"audit:{target}")

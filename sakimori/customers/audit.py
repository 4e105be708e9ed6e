"""The record of who did what, when, to which row: hash-chained, only ever added to.

Details that may be personal or the customer's are sealed with the customer's key, and the chain runs over the
sealed text: destroying the key (chapter 3-1) leaves a chain that still verifies.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from django.db import transaction

from sakimori.customers.models import AuditEntry, AuditHead, Customer
from sakimori.customers.secrets import seal_details

BEGINNING = "0" * 64


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
    with transaction.atomic():
        head, _ = AuditHead.objects.get_or_create(pk=1, defaults={"digest": BEGINNING})
        head = AuditHead.objects.select_for_update().get(pk=head.pk)
        entry = AuditEntry(
            at=now,
            actor=by,
            action=action,
            target=target,
            customer_number=customer.number if customer else "",
            sealed_details=_sealed(customer, details, target),
            previous=head.digest,
        )
        entry.digest = digest_of(entry)
        entry.save(force_insert=True)
        AuditHead.objects.filter(pk=head.pk).update(digest=entry.digest)
    return entry


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

"""Looks at the chains of this installation: all of them, one contract's, or one day."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from django.db import DatabaseError

from sakimori import backends
from sakimori.customers.models import AuditEntry, Contract, Customer
from sakimori.customers.secrets import open_details
from sakimori.lib.crypto import CannotOpen
from sakimori.logs.chain.checking import Depth, check_day, check_end
from sakimori.logs.chain.rows import day_record, days_of
from sakimori.logs.contract_keys import ContractKeys
from sakimori.logs.exports.bundle import Found
from sakimori.logs.exports.duties import MADE
from sakimori.logs.exports.excerpt import Excerpt
from sakimori.logs.exports.packing import file_digest
from sakimori.logs.exports.proving import Keys
from sakimori.logs.models import ChainHead, ChainLink
from sakimori.logs.store.interface import StoreError
from sakimori.logs.unpack import UnreadableFile

_AT_ONCE = 500


def look(*, contract: str, day: date | None, rows: bool) -> Iterator[tuple[str, list[str]]]:
    """Each contract's chain in a line, and what is wrong with it. LookupError for a contract that does not exist, and
    for a database that cannot be read.

    rows: ask the log store too. A store that cannot be asked is a trouble, once, and everything else is looked at.
    """
    _check_database()
    if contract and not Contract.objects.filter(number=contract).exists():
        raise LookupError(f"There is no contract {contract}.")
    depth, trouble = _depth(rows=rows)
    if trouble:
        yield "log store", [trouble]
    heads = ChainHead.objects.select_related("contract__customer").order_by("contract__number")
    for head in heads.filter(contract__number=contract) if contract else heads:
        yield _look_at(head, day, depth)


def strange(found: Found, path: Path) -> Iterator[str]:
    """What of a bundle is not of this installation: its chain, or the whole as it was made. Raises LookupError as
    `look`.

    Of links that were let go of meanwhile nobody can tell, which is said too.
    """
    _check_database()
    if found.excerpt is None:
        return
    head = _head(found.excerpt.contract)
    if head is None:
        yield f"this installation has no chain of contract {found.excerpt.contract}"
        return
    yield from _strange_links(found.excerpt, head)
    if not _is_made_here(head.contract.customer, found.sums, path):
        yield "this installation has no record of having made a bundle with this content"


def keys_of(contract: str) -> Keys:
    """What opens the contract's encrypted files; nothing for an unknown one. Raises LookupError as `look`."""
    _check_database()
    head, found = _head(contract), {}
    keys = ContractKeys(head.contract) if head else {}
    for public_key_id in keys:
        with suppress(CannotOpen, UnreadableFile):
            found[public_key_id] = keys[public_key_id]
    return found


def _head(contract: str) -> ChainHead | None:
    return ChainHead.objects.select_related("contract__customer").filter(contract_number=contract).first()


def _strange_links(excerpt: Excerpt, head: ChainHead) -> Iterator[str]:
    links = [link for link in excerpt.links if head.anchor_day is None or link.day > head.anchor_day]
    if len(links) < len(excerpt.links):
        yield f"{len(excerpt.links) - len(links)} links were let go of meanwhile and cannot be compared"
    for start in range(0, len(links), _AT_ONCE):
        part = {link.digest: link for link in links[start : start + _AT_ONCE]}
        rows = ChainLink.objects.filter(day__contract=head.contract_id, digest__in=part)
        for digest in part.keys() - set(rows.values_list("digest", flat=True)):
            yield f"{part[digest].day} #{part[digest].sequence} is no link of this installation"


def _is_made_here(customer: Customer, sums: str, path: Path) -> bool:
    """Whether the record has the bundle: by its sums, which name everything in it, or the ZIP as it was fetched.

    An entry of an older version has the ZIP's digest only.
    """
    entries = AuditEntry.objects.filter(customer_number=customer.number, action=MADE)
    zipped = "" if path.is_dir() else file_digest(path)
    for entry in entries.order_by("-pk").iterator(_AT_ONCE):
        try:
            details = open_details(customer, entry.sealed_details, place=f"audit:{entry.target}")
        except CannotOpen:
            continue
        if sums == details.get("sums") or (zipped and zipped == details.get("sha256")):
            return True
    return False


def _check_database() -> None:
    try:
        ChainHead.objects.exists()
    except DatabaseError as error:
        raise LookupError(f"The database cannot be read: {error}".strip()) from error


def _depth(*, rows: bool) -> tuple[Depth, str]:
    spool = backends.spool()
    if not rows:
        return Depth(spool=spool), ""
    try:
        store = backends.store_to_read()
    except StoreError as error:
        return Depth(spool=spool), f"rows were not counted: {error} (leave them out with --without-rows)"
    return Depth(store=store, spool=spool), ""


def _look_at(head: ChainHead, only: date | None, depth: Depth) -> tuple[str, list[str]]:
    days = days_of(head.contract)
    if only is not None:
        days = days.filter(day=only)
    troubles = [] if only else [str(trouble) for trouble in check_end(head)]
    count = links = 0
    newest = None
    for day in days:
        count, links, newest = count + 1, links + day.links, day
        try:
            troubles += [str(trouble) for trouble in check_day(day.pk, depth)]
        except StoreError as error:
            troubles.append(f"{day.day}: the log store cannot be asked ({error})")
    last = f", {newest.day} is {day_record(newest, head).digest}" if newest else ""
    return f"contract {head.contract.number}: {count} days, {links} files{last}", troubles

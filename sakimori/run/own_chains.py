"""Looks at the chains of this installation: all of them, one contract's, or one day."""

from collections.abc import Iterator
from datetime import date

from django.db import DatabaseError

from sakimori import backends
from sakimori.customers.models import Contract
from sakimori.logs.chain.checking import Depth, check_day, check_end
from sakimori.logs.chain.rows import day_record, days_of
from sakimori.logs.exports.excerpt import Excerpt
from sakimori.logs.models import ChainHead, ChainLink
from sakimori.logs.store.interface import StoreError

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


def strange(excerpt: Excerpt) -> Iterator[str]:
    """What of a bundle's chain is not of this installation. Raises LookupError as `look`.

    Of links that were let go of meanwhile nobody can tell, which is said too.
    """
    _check_database()
    head = ChainHead.objects.filter(contract_number=excerpt.contract).first()
    if head is None:
        yield f"this installation has no chain of contract {excerpt.contract}"
        return
    links = [link for link in excerpt.links if head.anchor_day is None or link.day > head.anchor_day]
    if len(links) < len(excerpt.links):
        yield f"{len(excerpt.links) - len(links)} links were let go of meanwhile and cannot be compared"
    for start in range(0, len(links), _AT_ONCE):
        part = {link.digest: link for link in links[start : start + _AT_ONCE]}
        rows = ChainLink.objects.filter(day__contract=head.contract_id, digest__in=part)
        for digest in part.keys() - set(rows.values_list("digest", flat=True)):
            yield f"{part[digest].day} #{part[digest].sequence} is no link of this installation"


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
        store = backends.log_store()
        store.ping()
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

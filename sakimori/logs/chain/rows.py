"""From rows to the records that `rules.py` judges, and the rows in the order in which they are judged."""

from collections.abc import Iterator

from django.db.models import QuerySet

from sakimori.customers.models import Contract
from sakimori.logs.chain.rules import Day, Link
from sakimori.logs.models import ChainDay, ChainHead, ChainLink


def link_record(link: ChainLink, head: ChainHead) -> Link:
    """A link as it is digested. What is known of the file comes from its row in the ledger."""
    file = link.file
    return Link(
        contract=head.contract_number,
        day=link.day.day,
        sequence=link.sequence,
        linked_at=link.linked_at,
        file=file.pk,
        door=file.door,
        name=file.name,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        received_at=file.received_at,
        lines=file.lines,
        rows=file.rows,
        quarantined_lines=file.quarantined_lines,
        oldest_day=link.oldest_day,
        newest_day=link.newest_day,
        previous=link.previous,
        digest=link.digest,
    )


def day_record(day: ChainDay, head: ChainHead) -> Day:
    """A day as it is digested."""
    return Day(head.contract_number, day.day, day.links, day.last, day.previous)


def days_of(contract: Contract) -> QuerySet[ChainDay]:
    """The days of a contract's chain that are kept, the oldest first."""
    return ChainDay.objects.filter(contract=contract).order_by("day")


def links_of(day: ChainDay) -> Iterator[ChainLink]:
    """The links that a day has, in order. Those that were added after its row was read are left out."""
    rows = ChainLink.objects.filter(day=day, sequence__lte=day.links).select_related("day", "file")
    return rows.order_by("sequence").iterator(chunk_size=500)

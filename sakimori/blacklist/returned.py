"""Which entries that others have put on a list hold what we took off: the same address, or a network around it.

Asked about the entries that stand there, never about all that ever came off.
"""

from collections.abc import Collection, Iterator, Sequence

from django.db.models import QuerySet

from sakimori.blacklist.coverage import network_around
from sakimori.blacklist.entries import about
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.wide import network_of
from sakimori.customers.models import Contract

_AT_ONCE = 500
_MOST_NETWORKS = 200  # One question each; nobody writes more by hand.


def came_back(contract: Contract, strangers: Collection[str]) -> set[str]:
    """Of entries that are not ours, those that hold an address or a network that was ours and came off."""
    gone = Block.objects.filter(contract=contract, state=BlockState.RESTORED, was_there_before=False)
    same = {address for part in _parts(sorted(strangers)) for address in _addresses(gone.filter(address__in=part))}
    networks = _addresses(gone.filter(address__contains="/"))
    within = {entry for entry in strangers if network_around(entry, networks)}
    wide = sorted(entry for entry in set(strangers) - same if "/" in entry)
    return same | within | {entry for entry in wide[:_MOST_NETWORKS] if _holds_some(gone, entry)}


def _holds_some(gone: QuerySet[Block], entry: str) -> bool:
    network = network_of(entry)
    return network is not None and about(gone, network).exists()


def _addresses(rows: QuerySet[Block]) -> list[str]:
    return list(rows.order_by().values_list("address", flat=True).distinct())


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(texts), _AT_ONCE):
        yield texts[begin : begin + _AT_ONCE]

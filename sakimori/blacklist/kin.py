"""Other blocks that whoever wants an address back must know of: a newer one of it, and ours inside a network."""

from sakimori.blacklist.entries import about
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.queries import RESTORABLE
from sakimori.blacklist.wide import network_of


def newer(block: Block) -> Block | None:
    """The open block of the same address after this one came off, if it can be taken off; else None."""
    if block.state != BlockState.RESTORED:
        return None
    rows = Block.objects.filter(contract=block.contract_id, address=block.address, pk__gt=block.pk)
    return rows.filter(state__in=RESTORABLE, wanted_on_list=True).select_related("contract__customer").first()


def ours_inside(block: Block) -> list[str]:
    """What of ours stands on the list inside the block's network and goes on blocking when that comes off."""
    network = network_of(block.address)
    if network is None or network.num_addresses == 1:
        return []
    rows = Block.objects.filter(contract=block.contract_id, state__in=RESTORABLE, wanted_on_list=True)
    inner = about(rows.exclude(pk=block.pk), network).exclude(active_at=None)
    found = list(inner.order_by("pk").values_list("address", flat=True))
    return [text for text in found if (own := network_of(text)) is not None and own.prefixlen > network.prefixlen]

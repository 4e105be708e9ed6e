"""What the page about the vendor's lists reads. Callers narrow the rows through `customers.access`."""

from django.db.models import Count, Q, QuerySet

from sakimori.blacklist.models import Block, BlockState
from sakimori.customers.models import Contract


def contracts_with_lists() -> QuerySet[Contract]:
    """Contracts with their account at the vendor and the last comparison; `missing`, `active`: how many blocks."""
    active = Q(blocks__state=BlockState.ACTIVE)
    return (
        Contract.objects.select_related("customer", "vendor_account", "list_check")
        .annotate(
            active=Count("blocks", filter=active),
            missing=Count("blocks", filter=active & Q(blocks__missing_since__isnull=False)),
        )
        .order_by("customer__number", "number")
    )


def missing_blocks() -> QuerySet[Block]:
    """Blocks that somebody took off the list by hand and that nobody has decided on."""
    rows = Block.objects.filter(state=BlockState.ACTIVE, missing_since__isnull=False)
    return rows.select_related("contract__customer").order_by("missing_since", "pk")

"""What pages read of exports. Callers narrow the rows through `customers.access`."""

from django.db.models import QuerySet

from sakimori.accounts.models import SocRole, User
from sakimori.logs.models import Export

CUSTOMER_PATH = "contract__customer"


def all_exports() -> QuerySet[Export]:
    """Every export, the newest first: what the SOC's desk sees."""
    return Export.objects.select_related("contract__customer", "by").order_by("-asked_at", "-pk")


def customers_exports() -> QuerySet[Export]:
    """What customers with the option have asked for themselves; what the SOC fetches is not shown to them."""
    return all_exports().filter(contract__keeps_logs=True, by__soc_role=SocRole.NONE)


def exports_of_side(by: User) -> QuerySet[Export]:
    """What the side that somebody belongs to has asked for: the SOC, or the customers. Each has room of its own."""
    return all_exports().exclude(by__soc_role=SocRole.NONE) if by.is_soc else customers_exports()

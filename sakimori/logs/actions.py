"""What people do with logs and what is written down of it: reading a customer's log from the SOC's desk."""

from datetime import datetime

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import in_order
from sakimori.logs.search import Place
from sakimori.logs.search_address import filter_parameter


def note_reading(contract: Contract, query: LogQuery, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has looked into a customer's log. What he sought is sealed with the customer's key."""
    filters = ["=".join(filter_parameter(each)) for each in in_order(query.filters)]
    _note(contract, {"begins": query.begins, "ends": query.ends, "filters": filters}, by=by, now=now)


def note_event(contract: Contract, place: Place, *, by: User, now: datetime) -> None:
    """Somebody of the SOC has opened one event of a customer's log."""
    _note(contract, {"time": place.time, "file": place.file_id, "line": place.line_no}, by=by, now=now)


def _note(contract: Contract, details: dict[str, object], *, by: User, now: datetime) -> None:
    audit.record(
        "logs.read",
        by=by.username,
        target=f"contract:{contract.pk}",
        now=now,
        customer=contract.customer,
        details=details,
    )

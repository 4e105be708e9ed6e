"""What came of the calls about tickets' incidents, for many tickets with two queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sakimori.notify.matter_rows import CallMatter
from sakimori.notify.models import Call, CallState, RoundState
from sakimori.tickets.models import Ticket
from sakimori.tickets.texts import incident as texts


@dataclass(frozen=True, slots=True)
class Phoned:
    """told: what came of the calls, once it is known (empty before). goes_on: we are still calling."""

    told: str = ""
    goes_on: bool = False


def phoned(tickets: Collection[Ticket]) -> dict[int, Phoned]:
    """How it stands with the calls about each ticket, by its key. The SOC's own people are never among them."""
    keys = {f"incident:{ticket.incident_id}": ticket for ticket in tickets if ticket.incident_id is not None}
    matters = CallMatter.objects.filter(key__in=keys).select_related("round")
    rounds = {keys[row.key].pk: row.round for row in matters if row.round.customer_id == _customer(keys[row.key])}
    calls = _calls([round_.pk for round_ in rounds.values()])
    found = {
        ticket: Phoned(_told(round_.state, calls[round_.pk]), round_.state == RoundState.RUNNING)
        for ticket, round_ in rounds.items()
    }
    return {ticket.pk: found.get(ticket.pk, Phoned()) for ticket in tickets}


def _customer(ticket: Ticket) -> int:
    return ticket.contract.customer_id


def _calls(rounds: Collection[int]) -> Mapping[int, list[Call]]:
    """The calls of each round that were begun, in order."""
    found: defaultdict[int, list[Call]] = defaultdict(list)
    for call in Call.objects.filter(round__in=rounds).exclude(state=CallState.PLANNED).order_by("place"):
        found[call.round_id].append(call)
    return found


def _told(state: str, calls: Collection[Call]) -> str:
    confirmed = next((call for call in calls if call.state == CallState.CONFIRMED), None)
    if confirmed:
        return texts.reached(confirmed.name, confirmed.ended_at, confirmed.spoke_with)
    return texts.nobody_reached() if calls and state == RoundState.EXHAUSTED else ""

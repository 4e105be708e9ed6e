"""Tickets about sites that are not as the contract has them, and reminders of certificates (chapters 3-2, 3-3)."""

from datetime import date, datetime

from django.db import transaction

from sakimori.tickets.models import Ticket, TicketKind, TicketState
from sakimori.tickets.opening import add_note, describe, finish, letterhead, open_ticket, tell
from sakimori.tickets.texts import deviation as texts
from sakimori.usage.models import Deviation, DeviationKind

_KINDS = {
    DeviationKind.BALANCING: (TicketKind.BALANCING, TicketState.WAITING),
    DeviationKind.BYPASS: (TicketKind.BYPASS, TicketState.OPEN),
    DeviationKind.CERTIFICATE: (TicketKind.CERTIFICATE, TicketState.WAITING),
}


def tell_of_deviation(deviation: Deviation, *, now: datetime) -> int:
    """Open the ticket and write the mail. Returns 1 when it was news."""
    difference = _difference(deviation)
    kind, state = _KINDS[difference.kind]
    with transaction.atomic():
        ticket, new = open_ticket(
            deviation.contract,
            kind=kind,
            subject=texts.ticket_subject(difference),
            state=state,
            now=now,
            deviation=deviation,
        )
        if not new:
            return 0
        letter = letterhead(ticket)
        add_note(ticket, key=f"deviation:{deviation.pk}", text=texts.first_note(difference), now=now)
        tell(
            ticket,
            key=f"deviation:{deviation.pk}",
            subject=texts.first_subject(letter, difference),
            body=texts.first_mail(letter, difference),
            now=now,
        )
        describe(ticket, now=now, detected=texts.detected(difference), handled=texts.handled(difference))
    return 1


def tell_of_end(ticket: Ticket, *, now: datetime) -> int:
    """Write note and mail that say that all is well again. Returns 1 when it was news."""
    deviation = ticket.deviation
    if deviation is None or deviation.ended_at is None:
        return 0
    difference = _difference(deviation)
    with transaction.atomic():
        letter = letterhead(ticket)
        add_note(ticket, key=f"deviation-end:{deviation.pk}", text=texts.last_note(difference), now=now)
        tell(
            ticket,
            key=f"deviation-end:{deviation.pk}",
            subject=texts.last_subject(letter, difference),
            body=texts.last_mail(letter, difference),
            now=now,
        )
        describe(ticket, now=now, result=texts.result(difference))
        finish(ticket, now=now)
    return 1


def _difference(deviation: Deviation) -> texts.Difference:
    kind = DeviationKind(deviation.kind)
    return texts.Difference(
        kind=kind,
        site=deviation.site.domain,
        sentence=deviation.sentence,
        found_at=deviation.found_at,
        ended_at=deviation.ended_at,
        last_day=_day(deviation.mark) if kind is DeviationKind.CERTIFICATE else None,
    )


def _day(mark: str) -> date | None:
    """The certificate's last day, by which one reminder is told from the next."""
    try:
        return date.fromisoformat(mark[:10])
    except ValueError:
        return None

"""What every kind of ticket needs: opening it once, writing into it, telling all contacts, ending it."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.notify import exercise
from sakimori.notify.actions import write_mail
from sakimori.notify.interface import AttachedFile
from sakimori.notify.models import Message, Priority
from sakimori.tickets.grading import severity_of_ticket
from sakimori.tickets.models import Note, Ticket, TicketKind, TicketState
from sakimori.tickets.texts.letter import Letterhead

_LONGEST_SUBJECT = 200

_URGENT = (TicketKind.DDOS, TicketKind.OUTAGE)


def open_ticket(
    contract: Contract,
    *,
    kind: TicketKind,
    subject: str,
    now: datetime,
    by: str = "sakimori",
    state: TicketState = TicketState.OPEN,
    **about: object,
) -> tuple[Ticket, bool]:
    """The ticket about the row (or key) that `about` names, and whether it is new. Call it inside a transaction.

    Without `about` it is always a new one.
    """
    columns = {
        "contract": contract,
        "kind": kind,
        "number": f"new-{secrets.token_hex(6)}",
        "subject": subject[:_LONGEST_SUBJECT],
        "state": state,
        "opened_at": now,
        "updated_at": now,
    }
    if about:
        ticket, new = Ticket.objects.get_or_create(**about, defaults=columns)
    else:
        ticket, new = Ticket.objects.create(**columns), True
    if new:
        ticket.number = f"WSP-{ticket.pk:06d}"
        ticket.save(update_fields=["number"])
        audit.record("ticket.open", by=by, target=f"ticket:{ticket.pk}", now=now, customer=contract.customer)
    return ticket, new


def add_note(ticket: Ticket, *, key: str, text: str, now: datetime, by: User | None = None) -> Note:
    """Write into a ticket once per key."""
    note, new = Note.objects.get_or_create(key=key, defaults={"ticket": ticket, "at": now, "by": by, "text": text})
    if new:
        Ticket.objects.filter(pk=ticket.pk).update(updated_at=now)
    return note


def describe(ticket: Ticket, *, now: datetime, **texts: str) -> bool:
    """Write `detected`, `handled` or `result`; what is not given stays. Whether that changed anything."""
    changed = any(getattr(ticket, name) != text for name, text in texts.items())
    Ticket.objects.filter(pk=ticket.pk).update(described_at=now, **texts)
    return changed


def finish(ticket: Ticket, *, now: datetime) -> None:
    """Nothing more is to be done, unless somebody of the customer waits for an answer: that one ends it."""
    rows = Ticket.objects.filter(pk=ticket.pk)
    rows.update(updated_at=now)
    rows.filter(waits_since=None).update(state=TicketState.DONE)


def tell(
    ticket: Ticket, *, key: str, subject: str, body: str, now: datetime, attachments: Sequence[AttachedFile] = ()
) -> Message:
    """One mail to all contacts of the ticket's customer, once per key. An exercise says so before anything else.

    Mails about incidents leave before others.
    """
    if ticket.incident is not None and ticket.incident.is_exercise:
        subject, body = exercise.marked(subject), f"{exercise.WRITTEN}\n\n{body}"
    return write_mail(
        key=key,
        customer=ticket.contract.customer,
        subject=subject,
        body=body,
        now=now,
        attachments=attachments,
        priority=Priority.URGENT if ticket.kind in _URGENT else Priority.NORMAL,
    )


def letterhead(ticket: Ticket) -> Letterhead:
    """What stands in every mail about this ticket."""
    config = settings.CONFIG
    return Letterhead(
        service_name=config.service_name,
        customer_name=ticket.contract.customer.name,
        contract_number=ticket.contract.number,
        ticket_number=ticket.number,
        ticket_url=f"{config.base_url}{reverse('portal:ticket', args=[ticket.number])}",
        soc_phone=config.soc_phone,
        severity=str(severity_of_ticket(ticket).label),
    )

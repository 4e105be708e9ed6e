"""What people change in tickets: a customer asks, writes again or wants an address back; the SOC answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.blacklist import actions as blacklist
from sakimori.blacklist.models import Block, RestoreChannel
from sakimori.customers import audit, files
from sakimori.customers.models import Contract, Customer
from sakimori.notify.actions import raise_alarm, take_alarm
from sakimori.notify.models import Severity
from sakimori.tickets.models import Attachment, Note, Ticket, TicketBlock, TicketKind, TicketState
from sakimori.tickets.opening import add_note, describe, letterhead, open_ticket, tell
from sakimori.tickets.texts import enquiry as texts
from sakimori.tickets.texts import restored as restored_texts
from sakimori.tickets.uploads import Upload


class NotPossible(Exception):
    """The ticket does not allow this now. The text is a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person writes into a ticket. token: of the form, so that sending it twice writes it once."""

    text: str
    token: str
    uploads: Sequence[Upload] = ()

    @property
    def names(self) -> list[str]:
        """Names of the files."""
        return [upload.name for upload in self.uploads]


def request_restore(entry: TicketBlock, *, by: User, reason: str, now: datetime) -> bool:
    """A customer needs the address back, and says so in the portal. Raises `blacklist.NotPossible`.

    The caller has checked that `by` may do this (`access.check_may_restore`). An analyst who does it there does it
    at the desk. Returns whether a newer block of the address comes off in its place.
    """
    channel = RestoreChannel.DESK if by.is_soc else RestoreChannel.PORTAL
    return restore_for_somebody(entry.block, channel=channel, by=by, reason=reason, now=now)


def restore_for_somebody(
    block: Block,
    *,
    channel: RestoreChannel,
    by: User,
    reason: str,
    now: datetime,
    requester: str = "",
    identified: str = "",
) -> bool:
    """Take an address off as somebody asked, by whichever channel, and write that into its ticket, if it has one.

    Why an analyst does it of his own accord stays inside. Raises `blacklist.NotPossible`. Returns whether the address
    had been blocked anew, and comes off by that newer block; then it is its ticket.
    """
    with transaction.atomic():
        again = blacklist.request_restore(
            block, by=by, reason=reason, now=now, channel=channel, requester=requester, identified=identified
        )
        entry = TicketBlock.objects.select_related("ticket").filter(block=again or block).first()
        if entry is None:
            return again is not None
        text = restored_texts.asked_note(
            block.address,
            channel=channel,
            requester=requester or by.shown_name,
            identified=identified,
            reason=reason,
        )
        add_note(entry.ticket, key=f"restore-asked:{entry.block_id}", text=text, by=by, now=now)
    return again is not None


def ask(contract: Contract, *, about: str, words: Words, by: User, now: datetime) -> Ticket:
    """A customer's person opens an enquiry. Sent twice with one token, it is one ticket."""
    key = f"enquiry:{by.pk}:{words.token}"
    with _kept(contract.customer, words.uploads) as stored, transaction.atomic():
        ticket, new = open_ticket(contract, kind=TicketKind.ENQUIRY, subject=about, by=by.username, now=now, key=key)
        if not new:
            return ticket
        note = _write(ticket, key=key, words=words, stored=stored, by=by, now=now)
        letter = letterhead(ticket)
        body = texts.received_mail(letter, about=about, author=by.shown_name, text=words.text, files=words.names)
        tell(ticket, key=f"said:{note.pk}", subject=texts.received_subject(letter), body=body, now=now)
        describe(ticket, now=now, detected=texts.detected(about, words.text))
        _wait(ticket, now=now, new=True)
        stored.used = True
    return ticket


def reply(ticket: Ticket, *, words: Words, by: User, now: datetime) -> Note:
    """A customer's person writes into an open ticket; then it is the SOC's turn. Raises NotPossible."""
    key = f"reply:{ticket.pk}:{by.pk}:{words.token}"
    with _kept(ticket.contract.customer, words.uploads) as stored, transaction.atomic():
        ticket = _locked(ticket)
        if said := Note.objects.filter(key=key).first():
            return said
        if ticket.state == TicketState.DONE:
            raise NotPossible("このチケットは完了しています。お手数ですが、新しいお問い合わせをお送りください。")
        note = _write(ticket, key=key, words=words, stored=stored, by=by, now=now)
        letter = letterhead(ticket)
        body = texts.reply_mail(letter, about=ticket.subject, author=by.shown_name, text=words.text, files=words.names)
        tell(ticket, key=f"said:{note.pk}", subject=texts.reply_subject(letter), body=body, now=now)
        _wait(ticket, now=now, new=False)
        stored.used = True
    return note


def answer(ticket: Ticket, *, words: Words, state: TicketState, by: User, now: datetime) -> Note:
    """The SOC answers and says where the ticket stands now; all contacts are told. Who answers has taken the alarm."""
    key = f"answer:{ticket.pk}:{by.pk}:{words.token}"
    with _kept(ticket.contract.customer, words.uploads) as stored, transaction.atomic():
        ticket = _locked(ticket)
        if said := Note.objects.filter(key=key).first():
            return said
        note = _write(ticket, key=key, words=words, stored=stored, by=by, now=now)
        letter = letterhead(ticket)
        body = texts.answer_mail(
            letter, about=ticket.subject, state=str(state.label), text=words.text, files=words.names
        )
        tell(ticket, key=f"said:{note.pk}", subject=texts.answer_subject(letter), body=body, now=now)
        Ticket.objects.filter(pk=ticket.pk).update(state=state, waits_since=None, updated_at=now)
        take_alarm(_alarm_key(ticket), by=by, now=now)
        if ticket.kind == TicketKind.ENQUIRY:
            describe(ticket, now=now, handled=texts.handled(words.text), result=texts.result(str(state.label)))
        stored.used = True
    return note


def _locked(ticket: Ticket) -> Ticket:
    """The ticket as it is now, and nobody else's until the end of the transaction."""
    return Ticket.objects.select_for_update(of=("self",)).select_related("contract__customer").get(pk=ticket.pk)


def _write(ticket: Ticket, *, key: str, words: Words, stored: "_Stored", by: User, now: datetime) -> Note:
    note = add_note(ticket, key=key, text=words.text, by=by, now=now)
    Attachment.objects.bulk_create(
        Attachment(
            note=note,
            name=upload.name,
            stored_name=name,
            size_bytes=len(upload.content),
            sha256=upload.sha256,
            content_type=upload.content_type,
        )
        for upload, name in zip(words.uploads, stored.names, strict=True)
    )
    audit.record(
        "ticket.write",
        by=by.username,
        target=f"ticket:{ticket.pk}",
        now=now,
        customer=ticket.contract.customer,
        details={"note": note.pk, "files": len(words.uploads)},
    )
    return note


def _wait(ticket: Ticket, *, now: datetime, new: bool) -> None:
    """It is the SOC's turn: mark the ticket, and raise the alarm."""
    customer = ticket.contract.customer
    since = ticket.waits_since or now
    Ticket.objects.filter(pk=ticket.pk).update(state=TicketState.OPEN, waits_since=since, updated_at=now)
    raise_alarm(
        key=_alarm_key(ticket),
        severity=Severity.MIDDLE,
        sentence=texts.alarm(customer.name, ticket.number, new=new),
        link=reverse("console:ticket", args=[ticket.number]),
        now=now,
    )


def _alarm_key(ticket: Ticket) -> str:
    return f"ticket-waits:{ticket.pk}"


@dataclass(slots=True)
class _Stored:
    """Names of files on the disk, and whether rows tell of them now."""

    names: list[str]
    used: bool = False


@contextmanager
def _kept(customer: Customer, uploads: Sequence[Upload]) -> Iterator[_Stored]:
    """Write the files before the rows that name them; take them away again when no row came of it."""
    stored = _Stored([])
    try:
        for upload in uploads:
            stored.names.append(files.keep(customer, upload.content))
        yield stored
    except BaseException:
        stored.used = False
        raise
    finally:
        if not stored.used:
            for name in stored.names:
                files.remove(customer, name)

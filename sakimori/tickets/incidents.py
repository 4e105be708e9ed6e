"""Tickets about incidents that the customer is told of: the first report, traffic above the plan, the last report."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from sakimori.incidents.grading import severity_of_incident
from sakimori.incidents.models import Incident, IncidentKind, Verdict
from sakimori.incidents.telling import turns_of
from sakimori.lib.jst import day_of
from sakimori.notify import exercise
from sakimori.notify.severity import promised
from sakimori.tickets.evidence import proof_of
from sakimori.tickets.models import Note, Ticket, TicketKind
from sakimori.tickets.opening import add_note, describe, finish, letterhead, open_ticket, tell
from sakimori.tickets.phoning import phoned
from sakimori.tickets.texts import incident as texts
from sakimori.tickets.texts.proof import proof_part
from sakimori.tickets.timeline import as_text, timeline
from sakimori.usage.percentile import MEGA
from sakimori.usage.queries import highest_load

# Attacks swell before they are reported as such; figures come in steps of five minutes.
_BEFORE = timedelta(hours=1)
_SHOWN_VERDICTS = (Verdict.NOT_DISPLAYED, Verdict.SLOW, Verdict.INCONCLUSIVE)


def tell_of_incident(incident: Incident, *, now: datetime) -> int:
    """Open the ticket and write the first mail (第一報), or the only one. Returns 1 when it was news."""
    happening, excess = happening_of(incident), _excess(incident)
    with transaction.atomic():
        ticket, new = open_ticket(
            incident.contract,
            kind=TicketKind.DDOS if incident.kind == IncidentKind.DDOS else TicketKind.OUTAGE,
            subject=_subject(incident, happening),
            now=now,
            incident=incident,
        )
        if not new:
            return 0
        if excess:
            add_note(ticket, key=_excess_key(incident), text=texts.excess_text(excess), now=now)
        if incident.ended_at:
            _tell_all_at_once(ticket, happening, excess, now=now)
        else:
            _tell_first(ticket, incident, happening, excess, now=now)
        describe(ticket, now=now, detected=texts.detected(happening, excess), handled=texts.handled(happening, ""))
    return 1


def _subject(incident: Incident, happening: texts.Happening) -> str:
    subject = texts.ticket_subject(happening)
    return exercise.marked(subject) if incident.is_exercise else subject


def _tell_first(
    ticket: Ticket, incident: Incident, happening: texts.Happening, excess: texts.Excess | None, *, now: datetime
) -> None:
    letter, key = letterhead(ticket), f"incident:{ticket.incident_id}"
    add_note(ticket, key=key, text=texts.first_note(happening), now=now)
    proof, attached = proof_of(incident)
    subject = texts.first_subject(letter, happening)
    body = texts.first_mail(letter, happening, excess, proof_part(proof))
    tell(ticket, key=key, subject=subject, body=body, now=now, attachments=attached)


def _tell_all_at_once(
    ticket: Ticket, happening: texts.Happening, excess: texts.Excess | None, *, now: datetime
) -> None:
    """It was over before the customer was to be told: one mail instead of a first and a last."""
    letter, key = letterhead(ticket), f"incident-whole:{ticket.incident_id}"
    add_note(ticket, key=key, text=texts.whole_note(happening), now=now)
    subject, body = texts.whole_subject(letter, happening), texts.whole_mail(letter, happening, excess)
    tell(ticket, key=key, subject=subject, body=body, now=now)
    describe(ticket, now=now, result=texts.result(happening))
    finish(ticket, now=now)


def tell_of_excess(ticket: Ticket, *, now: datetime) -> int:
    """Tell once that traffic is above the plan, where the first mail could not know it yet. Returns 1 when told."""
    incident = ticket.incident
    if incident is None or Note.objects.filter(key=_excess_key(incident)).exists():
        return 0
    excess = _excess(incident)
    if excess is None:
        return 0
    with transaction.atomic():
        letter = letterhead(ticket)
        add_note(ticket, key=_excess_key(incident), text=texts.excess_text(excess), now=now)
        tell(
            ticket,
            key=_excess_key(incident),
            subject=texts.excess_subject(letter),
            body=texts.excess_mail(letter, excess),
            now=now,
        )
        describe(ticket, now=now, detected=f"{ticket.detected}\n{texts.excess_text(excess)}")
    return 1


def over_plan(tickets: Collection[Ticket]) -> set[int]:
    """Tickets about a DDoS whose traffic is above the plan and that do not say so yet, by their keys; two queries."""
    attacks = [row.incident for row in tickets if row.incident and row.incident.kind == IncidentKind.DDOS]
    told = set(Note.objects.filter(key__in=map(_excess_key, attacks)).values_list("key", flat=True))
    rows = Incident.objects.filter(
        pk__in=[attack.pk for attack in attacks if _excess_key(attack) not in told],
        contract__samples__site=None,
        contract__samples__at__gte=F("opened_at") - _BEFORE,
        contract__samples__bits_per_second__gt=F("contract__plan_mbps") * MEGA,
    )
    over = set(rows.values_list("pk", flat=True))
    return {ticket.pk for ticket in tickets if ticket.incident_id in over}


def refresh_incident(ticket: Ticket, *, calls: str, now: datetime) -> int:
    """Let the ticket say whom the calls have reached. Returns 1 when that changed something."""
    if ticket.incident is None:
        return 0
    handled = texts.handled(happening_of(ticket.incident), calls)
    return int(handled != ticket.handled and describe(ticket, now=now, handled=handled))


def settle_calls(ticket: Ticket, *, now: datetime) -> int:
    """As `refresh_incident`, for a ticket whose calls ended after it: looked at once. Returns 1 when that was news."""
    if ticket.incident is None:
        return 0
    return int(describe(ticket, now=now, handled=texts.handled(happening_of(ticket.incident), calls_told(ticket))))


def tell_of_end(ticket: Ticket, *, now: datetime) -> int:
    """Write note and mail that say that it is over (終報). Returns 1 when it was news."""
    incident = ticket.incident
    if incident is None or incident.ended_at is None:
        return 0
    happening = happening_of(incident)
    with transaction.atomic():
        letter = letterhead(ticket)
        add_note(ticket, key=f"incident-end:{incident.pk}", text=texts.last_note(happening), now=now)
        tell(
            ticket,
            key=f"incident-end:{incident.pk}",
            subject=texts.last_subject(letter, happening),
            body=texts.last_mail(letter, happening, as_text(timeline(incident))),
            now=now,
        )
        handled = texts.handled(happening, calls_told(ticket))
        describe(ticket, now=now, handled=handled, result=texts.result(happening))
        finish(ticket, now=now)
    return 1


def happening_of(incident: Incident) -> texts.Happening:
    """An incident as its texts tell of it."""
    verdict = Verdict(incident.verdict)
    return texts.Happening(
        kind=IncidentKind(incident.kind),
        site=incident.site.domain if incident.site else "",
        opened_at=incident.opened_at,
        ended_at=incident.ended_at,
        verdict=str(verdict.label) if verdict in _SHOWN_VERDICTS else "",
        sentence="" if verdict == Verdict.INCONCLUSIVE else incident.sentence,  # It tells of our side and of others.
        signals=incident.signals,
        ending=_ending(incident),
        proved=verdict != Verdict.INCONCLUSIVE,
        severity=promised(severity_of_incident(incident)),
    )


def _ending(incident: Incident) -> texts.Ending:
    """What is known when it is over: that all is well, only that nothing came any more, or nothing."""
    if incident.ended_at and not incident.contract.runs_on(day_of(incident.ended_at)):
        return texts.Ending.CANCELLED
    last = turns_of(incident).last() if incident.ended_at else None
    unseen = last.verdict != Verdict.NORMAL if last else incident.verdict == Verdict.NOT_PROBED
    unseen = unseen and incident.site_id is not None
    return texts.Ending.QUIET if unseen else texts.Ending.WELL


def _excess(incident: Incident) -> texts.Excess | None:
    """Only beside a DDoS does traffic above the plan mean that inspection may be bypassed (chapter 3-2)."""
    if incident.kind != IncidentKind.DDOS:
        return None
    load = highest_load(incident.contract, since=incident.opened_at - _BEFORE)
    if load is None or load.plan_mbps is None or not load.is_over_plan:
        return None
    return texts.Excess(at=load.at, bits_per_second=load.bits_per_second, plan_mbps=load.plan_mbps)


def _excess_key(incident: Incident) -> str:
    return f"over-plan:{incident.pk}"


def calls_told(ticket: Ticket) -> str:
    """What came of the calls, once it is known; empty before."""
    return phoned([ticket])[ticket.pk].told

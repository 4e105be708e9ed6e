"""Follow-ups (続報) of incidents that go on: one per slot, one at each change that matters, and an analyst's own.

What was told lies in the ticket's notes: `incident-follow:<incident>:` and the slot's number, `t` and the turn, or `h`
and the form. A key is written once, by whichever worker comes first.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.incidents.course import Turn
from sakimori.incidents.models import Incident, Verdict
from sakimori.incidents.planned import ends_by_site
from sakimori.lib.jst import day_of
from sakimori.tickets.actions import NotPossible
from sakimori.tickets.evidence import proof_of
from sakimori.tickets.follow_plan import Beat, Standing, change_due, slot_due, slot_of
from sakimori.tickets.incidents import happening_of
from sakimori.tickets.models import Note, Ticket
from sakimori.tickets.opening import add_note, letterhead, tell
from sakimori.tickets.phoning import Phoned, phoned
from sakimori.tickets.texts import follow as texts
from sakimori.tickets.texts.proof import proof_part
from sakimori.tickets.timeline import turn_words

_PAUSE = timedelta(minutes=5)
_SHORTEST_SLOT = timedelta(seconds=10)  # Of an exercise that is played fast: nobody reads more.
_LONGEST = 4000
_KEY = "incident-follow:"


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows say of an incident's telling: its turns, its notes by key, the last word's moment, the calls."""

    incident: Incident
    turns: list[Turn]
    notes: dict[str, datetime]
    last_word: datetime
    calls: Phoned
    is_stopped: bool

    @property
    def shows(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def told(self) -> Turn | None:
        """What visits showed when the customer last read of it."""
        return next((turn for turn in reversed(self.turns) if turn.at <= self.last_word), None)


def beat_of(incident: Incident) -> Beat:
    """How often, by the setting; an exercise that is played faster is followed up faster."""
    speed = incident.exercise.speed if incident.is_exercise and hasattr(incident, "exercise") else 1.0
    slot = timedelta(minutes=settings.CONFIG.followup_minutes)
    return Beat(max(slot / speed, min(slot, _SHORTEST_SLOT)), _PAUSE / speed)


def known_of(tickets: Collection[Ticket], *, now: datetime) -> dict[int, Known]:
    """What is known of each ticket that is about an incident, by the ticket's key; with five queries for all."""
    about = {ticket: ticket.incident for ticket in tickets if ticket.incident is not None}
    turns: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in Turn.objects.filter(incident__in=[incident.pk for incident in about.values()]).order_by("at", "pk"):
        turns[turn.incident_id].append(turn)
    notes: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    rows = Note.objects.filter(ticket__in=list(about), key__startswith=_KEY).order_by("pk")
    for number, key, at in rows.values_list("ticket_id", "key", "at"):
        notes[number][key] = at
    calls, stopped = phoned(tickets), ends_by_site([row.site_id or 0 for row in about.values()], now)
    return {
        ticket.pk: _known(ticket, incident, turns[incident.pk], notes[ticket.pk], calls[ticket.pk], stopped)
        for ticket, incident in about.items()
    }


def _known(
    ticket: Ticket,
    incident: Incident,
    turns: list[Turn],
    notes: Mapping[str, datetime],
    calls: Phoned,
    stopped: Collection[int],
) -> Known:
    own = {key.removeprefix(_prefix(incident)): at for key, at in notes.items()}
    last_word = max([ticket.opened_at, *own.values()])
    return Known(incident, turns, own, last_word, calls, is_stopped=(incident.site_id or 0) in stopped)


def follow_up(ticket: Ticket, known: Known, *, now: datetime) -> int:
    """Write the follow-up that is due, if one is. Returns how many were written (0 or 1)."""
    incident = known.incident
    if incident.told_at is None or incident.ended_at is not None:
        return 0
    standing, beat, shows = _standing(known), beat_of(incident), known.shows
    changed = shows is not None and change_due(standing, beat=beat, now=now)
    slot = slot_due(standing, beat=beat, now=now)
    if not (changed or slot is not None) or known.is_stopped:
        return 0
    if changed and shows is not None:
        return _write(ticket, known, f"t{shows.pk}", beat, changed=Verdict(shows.verdict), now=now)
    return _write(ticket, known, str(slot), beat, changed=None, now=now)


def _standing(known: Known) -> Standing:
    told, shows = known.told, known.shows
    changes = [at for key, at in known.notes.items() if key.startswith("t")]
    return Standing(
        told_at=known.incident.told_at or known.last_word,
        told=told.verdict if told else known.incident.verdict,
        shows=shows.verdict if shows else known.incident.verdict,
        slots=[int(key) for key in known.notes if key.isdecimal()],
        changed_at=max(changes, default=None),
    )


def _write(ticket: Ticket, known: Known, name: str, beat: Beat, *, changed: Verdict | None, now: datetime) -> int:
    key = f"{_prefix(known.incident)}{name}"
    happening = happening_of(known.incident)
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",))
        if not rows.filter(pk=known.incident.pk, ended_at=None).exists() or Note.objects.filter(key=key).exists():
            return 0  # Another worker was quicker, or it has just ended: then the end report says all.
        proof, attached = proof_of(known.incident)
        progress = _progress(known, beat, proof=proof_part(proof), now=now)
        letter = letterhead(ticket)
        add_note(ticket, key=key, text=texts.follow_note(happening, progress, changed), now=now)
        tell(
            ticket,
            key=key,
            subject=texts.follow_subject(letter, happening, changed),
            body=texts.follow_mail(letter, happening, progress),
            now=now,
            attachments=attached if changed else (),
        )
    return 1


def _progress(known: Known, beat: Beat, *, proof: str, now: datetime) -> texts.Progress:
    shows, incident = known.shows, known.incident
    begun = incident.told_at or now
    return texts.Progress(
        at=now,
        since=known.last_word,
        shows=Verdict(shows.verdict if shows else incident.verdict) if incident.site_id else None,
        sentence=shows.sentence if shows else incident.sentence,
        steps=[(turn.at, turn_words(turn.verdict, turn.sentence)) for turn in known.turns if turn.at > known.last_word],
        signals=incident.signals,
        calls=known.calls.told or (texts.CALLING if known.calls.goes_on else ""),
        proof=proof,
        next_at=begun + beat.slot * (slot_of(begun, now, beat.slot) + 1),
    )


def draft_of(ticket: Ticket, *, now: datetime) -> str:
    """The text with which an analyst begins a follow-up; empty where none can be written."""
    if ticket.incident is None:
        return ""
    known = known_of([ticket], now=now)[ticket.pk]
    progress = _progress(known, beat_of(ticket.incident), proof="", now=now)
    return texts.draft(happening_of(ticket.incident), progress)


def follow_by_hand(ticket: Ticket, *, text: str, token: str, by: User, now: datetime) -> Note:
    """An analyst's own follow-up to all contacts; the same form sent twice is one. Raises NotPossible."""
    words = text.strip()
    incident = ticket.incident
    if incident is None or incident.told_at is None:
        raise NotPossible("お客様へ連絡していないインシデントのため、続報を送れません。")
    if not words or len(words) > _LONGEST:
        raise NotPossible(f"続報の本文を {_LONGEST:,} 文字以内で入力してください。")
    if not ticket.contract.runs_on(day_of(now)):
        raise NotPossible("ご契約が終了しているため、続報を送れません。")
    key = f"{_prefix(incident)}h{token}"[:120]
    with transaction.atomic():
        if said := Note.objects.filter(key=key).first():
            return said
        if Incident.objects.filter(pk=incident.pk, ended_at__isnull=False).exists():
            raise NotPossible("インシデントが終了しているため、続報は送れません。チケットから回答してください。")
        letter = letterhead(ticket)
        note = add_note(ticket, key=key, text=texts.hand_note(words), by=by, now=now)
        tell(ticket, key=key, subject=texts.hand_subject(letter), body=texts.hand_mail(letter, words), now=now)
        audit.record(
            "ticket.follow",
            by=by.username,
            target=f"ticket:{ticket.pk}",
            now=now,
            customer=ticket.contract.customer,
            details={"note": note.pk},
        )
    return note


def _prefix(incident: Incident) -> str:
    return f"{_KEY}{incident.pk}:"

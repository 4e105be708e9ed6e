"""Keeps the turns of an incident: a row whenever visits show something else than before."""

from datetime import datetime

from sakimori.incidents.course import Turn
from sakimori.incidents.ending import COUNTED, count_verdict
from sakimori.incidents.models import Incident, Verdict


def note_look(
    incident: Incident,
    verdict: Verdict,
    sentence: str,
    *,
    visited_at: datetime,
    now: datetime,
    is_planned: bool = False,
) -> None:
    """A look at the site is written down; inside the transaction that settles it. Saves only its own columns."""
    count_verdict(incident, verdict, visited_at=visited_at, now=now, is_planned=is_planned)
    incident.save(update_fields=list(COUNTED))
    last = Turn.objects.filter(incident=incident).order_by("-at", "-pk").first()
    if last is None or last.verdict != verdict:
        Turn.objects.create(incident=incident, at=now, verdict=verdict, sentence=sentence[:300])

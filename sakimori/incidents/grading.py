"""Which 重要度 an incident has, and since when the promises of the table run. Pure."""

from datetime import datetime

from sakimori.incidents.models import Decision, Incident, IncidentKind, Verdict
from sakimori.notify.models import Severity

_BAD = (Verdict.NOT_DISPLAYED, Verdict.SLOW)
_OF_ALL_SITES = (IncidentKind.VENDOR, IncidentKind.OWN)


def severity_of(kind: IncidentKind, verdict: Verdict) -> Severity:
    """High where a visitor does not get the site; what nobody could see, or what meets all sites, is in the middle.

    A DDoS that the site withstands is low: it is written down and nobody is told.
    """
    if kind == IncidentKind.SITE_DOWN:
        return Severity.HIGH
    if kind in _OF_ALL_SITES:
        return Severity.MIDDLE
    if verdict in _BAD:
        return Severity.HIGH
    return Severity.LOW if verdict == Verdict.NORMAL else Severity.MIDDLE


def severity_of_incident(incident: Incident) -> Severity:
    """The severity of a row as it stands; what was bad once stays so."""
    verdict = Verdict(incident.verdict)
    if incident.bad_at is not None and verdict not in _BAD:
        verdict = Verdict.NOT_DISPLAYED
    return severity_of(IncidentKind(incident.kind), verdict)


def severity_of_alarm(incident: Incident) -> Severity:
    """What the SOC's alarm about it says: the same as incident and ticket, but high while a person must decide."""
    return Severity.HIGH if incident.decision == Decision.WAITING else severity_of_incident(incident)


def promised_since(incident: Incident) -> datetime | None:
    """Since when the customer is owed a word; None while he is owed none.

    From the first bad verdict on, or where visits decide nothing, from the beginning. What an analyst kept inside
    is owed to nobody; what he released after a doubt is owed since he did.
    """
    if incident.decision == Decision.KEEP:
        return None
    if incident.decision == Decision.TELL and incident.bad_at is None:
        return incident.told_at
    if incident.kind in (IncidentKind.DDOS, IncidentKind.ORIGIN_DOWN):
        return incident.bad_at or incident.told_at
    return incident.bad_at or incident.opened_at

"""What pages and tickets read about how an incident was told: its clocks, promises, turns, evidence and visits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import F, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from sakimori.incidents.clocks import Clocks
from sakimori.incidents.course import Turn
from sakimori.incidents.grading import promised_since, severity_of_incident
from sakimori.incidents.models import Evidence, Incident, Probe
from sakimori.notify.models import Call, CallState, Delivery, Message
from sakimori.notify.severity import Channel, Promise, promise

EVIDENCE_PATH = "incident__contract__customer"
_FIRST_MAILS = ("incident:", "incident-whole:")
_NEVER_RANG = (CallState.PLANNED, CallState.INTENDED, CallState.FAILED)


def clocks_of(incidents: Iterable[Incident]) -> dict[int, Clocks]:
    """The clocks of each incident by its key, with three queries for all of them."""
    rows = list(incidents)
    keys = [row.pk for row in rows]
    mails, calls = _mails(keys), _calls(keys)
    turns = dict(Turn.objects.filter(incident__in=keys).values_list("incident").annotate(at=Min("at")).order_by())
    return {row.pk: _clocks(row, turns.get(row.pk), mails.get(row.pk), calls.get(row.pk)) for row in rows}


def _clocks(
    row: Incident, turned: datetime | None, mail: datetime | None, calls: tuple[datetime | None, datetime | None] | None
) -> Clocks:
    ring, reached = calls or (None, None)
    return Clocks(
        signal_at=row.opened_at,
        probe_at=row.first_probe_at,
        verdict_at=turned or row.verdict_at,
        bad_at=row.bad_at or row.told_at,
        mail_at=mail,
        ring_at=ring,
        reached_at=reached,
    )


def _mails(keys: Sequence[int]) -> Mapping[int, datetime]:
    """When the first copy of the first mail was accepted."""
    names = {f"{kind}{key}": key for key in keys for kind in _FIRST_MAILS}
    rows = Delivery.objects.filter(message__key__in=names, accepted_at__isnull=False)
    found = rows.values_list("message__key").annotate(at=Min("accepted_at")).order_by()
    return {names[key]: at for key, at in found}


def _calls(keys: Sequence[int]) -> Mapping[int, tuple[datetime | None, datetime | None]]:
    """When the first phone rang (or an operator dialled), and when somebody was reached.

    A provider may say at once how a call ended: then nobody has seen it ring, and it rang when it was placed. A round
    may have begun about another incident: what rang before this one joined it did not tell of it.
    """
    names = {f"incident:{key}": key for key in keys}
    by_hand = Q(entered_by__isnull=False) & ~Q(state=CallState.PLANNED)
    rang = Q(rang_at__isnull=False) | by_hand | ~Q(state__in=_NEVER_RANG)
    told_of_it = Q(ended_at=None) | Q(ended_at__gte=F("round__matters__added_at"))
    rows = Call.objects.filter(rang, told_of_it, round__matters__key__in=names)
    found = rows.values_list("round__matters__key").annotate(
        rang=Min(Greatest(Coalesce("rang_at", "intended_at"), F("round__matters__added_at"))),
        reached=Min("round__matters__told_at"),
    )
    return {names[key]: (rang, reached) for key, rang, reached in found.order_by()}


def calls_about(incident: int, customer: int) -> QuerySet[Call]:
    """Calls to a customer's contacts about an incident that were begun, in order; both by their keys.

    What had ended when the incident joined the round did not tell of it.
    """
    told_of_it = Q(ended_at=None) | Q(ended_at__gte=F("round__matters__added_at"))
    rows = Call.objects.filter(told_of_it, round__matters__key=f"incident:{incident}", round__customer=customer)
    return rows.exclude(state=CallState.PLANNED).order_by("place")


def promises_of(incident: Incident, clocks: Clocks, *, now: datetime) -> list[Promise]:
    """What the table of severities promises for this incident, and how it stands; empty while nothing is owed."""
    since = promised_since(incident)
    if since is None:
        return []
    severity = severity_of_incident(incident)
    done = {Channel.MAIL: clocks.mail_at, Channel.PHONE: clocks.ring_at}
    found = [promise(severity, channel, since=since, done_at=done[channel], now=now) for channel in Channel]
    return [each for each in found if each is not None]


def turns_of(incident: Incident) -> QuerySet[Turn]:
    """What visits have shown from when on, in order."""
    return Turn.objects.filter(incident=incident).order_by("at", "pk")


def every_evidence() -> QuerySet[Evidence]:
    """All pieces of evidence with whose they are, the oldest first."""
    return Evidence.objects.select_related(EVIDENCE_PATH, "probe").order_by("at", "pk")


def evidence_of(incident: Incident) -> QuerySet[Evidence]:
    """What visits of an incident have left as proof."""
    return every_evidence().filter(incident=incident)


def latest_probes(incident: Incident) -> list[Probe]:
    """The last visit by each path and from each vantage point."""
    ways = Probe.objects.filter(incident=incident).values("path", "vantage").order_by()
    last = list(ways.annotate(first=Min("pk"), last=Max("pk")).order_by("first").values_list("last", flat=True))
    rows = Probe.objects.in_bulk(last)
    return [rows[key] for key in last if key in rows]


def mails_about(incident: Incident) -> QuerySet[Message]:
    """Every mail to the customer about an incident with its copies, in order."""
    own = Q(key__in=[f"{kind}{incident.pk}" for kind in (*_FIRST_MAILS, "incident-end:", "over-plan:")])
    later = Q(key__startswith=f"incident-follow:{incident.pk}:")
    rows = Message.objects.filter(own | later, customer=incident.contract.customer_id)
    return rows.prefetch_related("deliveries", "attachments").order_by("written_at", "pk")

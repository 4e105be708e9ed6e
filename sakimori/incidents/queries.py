"""What pages read across incidents, probes and calls. Callers narrow the rows through `customers.access`."""

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from sakimori.customers.models import AuditEntry
from sakimori.incidents.models import Decision, Incident, MailReading, Probe, SourceCount
from sakimori.notify.models import CallRound

CUSTOMER_PATH = "contract__customer"


def incidents() -> QuerySet[Incident]:
    """Every incident with the people and the customer that its page names."""
    return Incident.objects.select_related("contract__customer", "site", "decided_by", "ticket")


def incidents_in_order() -> QuerySet[Incident]:
    """Every incident: the open ones first, then the newest."""
    return incidents().order_by(F("ended_at").desc(nulls_first=True), "-opened_at", "-pk")


def incidents_to_decide() -> QuerySet[Incident]:
    """Incidents that wait for an analyst, the longest waiting first; of one cause only the first.

    contracts: how many contracts the decision is about.
    """
    waiting = Incident.objects.filter(decision=Decision.WAITING)
    same = waiting.filter(site=None, kind=OuterRef("kind"), group=OuterRef("group"))
    first = ~Exists(same.filter(pk__lt=OuterRef("pk"))) | Q(site__isnull=False)
    counted = same.order_by().values("kind").annotate(number=Count("pk")).values("number")
    return (
        incidents()
        .filter(first, decision=Decision.WAITING)
        .annotate(contracts=Subquery(counted))
        .order_by("opened_at", "pk")
    )


def companions(incident: Incident) -> QuerySet[Incident]:
    """Incidents of other contracts with the same cause."""
    if incident.site_id is not None:
        return Incident.objects.none()
    return incidents().filter(kind=incident.kind, group=incident.group).exclude(pk=incident.pk).order_by("pk")


def probes_of(incident: Incident) -> QuerySet[Probe]:
    """Visits that were made because of an incident, the newest first."""
    return Probe.objects.filter(incident=incident).order_by("-at", "-pk")


def sources_of(incident: Incident) -> QuerySet[SourceCount]:
    """Who has told of an incident, and how much each; the first one first."""
    return SourceCount.objects.filter(incident=incident).order_by("first_at", "pk")


def mails_of_vendor(incident: Incident) -> QuerySet[MailReading]:
    """Mails of the vendor that began it, counted for it or said that it is over, in order."""
    return MailReading.objects.filter(incident=incident).select_related("mail").order_by("mail__received_at", "pk")


def rounds_about(incident: Incident) -> QuerySet[CallRound]:
    """The round of calls about an incident, if there is one, with its calls."""
    return CallRound.objects.filter(matters__key=f"incident:{incident.pk}").prefetch_related("calls")


def audit_of(incident: Incident) -> QuerySet[AuditEntry]:
    """What the record says of an incident, in order."""
    return AuditEntry.objects.filter(target=f"incident:{incident.pk}").order_by("pk")

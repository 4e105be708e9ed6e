"""What pages read across incidents, probes and calls. Callers narrow the rows through `customers.access`."""

from datetime import date

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from sakimori.customers.models import AuditEntry, Site
from sakimori.customers.queries import running
from sakimori.incidents.models import Decision, Incident, Probe
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


def rounds_about(incident: Incident) -> QuerySet[CallRound]:
    """The round of calls about an incident, if there is one, with its calls."""
    return CallRound.objects.filter(matters__key=f"incident:{incident.pk}").prefetch_related("calls")


def audit_of(incident: Incident) -> QuerySet[AuditEntry]:
    """What the record says of an incident, in order."""
    return AuditEntry.objects.filter(target=f"incident:{incident.pk}").order_by("pk")


def sites(today: date) -> QuerySet[Site]:
    """Every site that the service works for. last_probe: the key of its last visit; incident: of its open incident."""
    last = Probe.objects.filter(site=OuterRef("pk")).order_by("-at", "-pk").values("pk")[:1]
    open_ = Incident.objects.filter(site=OuterRef("pk"), ended_at=None).order_by("pk").values("pk")[:1]
    rows = Site.objects.filter(running(today, contract="contract")).select_related("contract__customer")
    return rows.annotate(last_probe=Subquery(last), incident=Subquery(open_)).order_by("contract__customer", "domain")


def probes_by_key(keys: list[int]) -> dict[int, Probe]:
    """Visits by their keys, in one query."""
    return Probe.objects.in_bulk(keys)

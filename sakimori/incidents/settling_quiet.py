"""What visits at quiet times change. All that have come back are settled together: most are normal and cost one row."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sakimori.customers.models import Site
from sakimori.incidents import planned
from sakimori.incidents.holding import hold_for_site
from sakimori.incidents.hours import visitors_visits
from sakimori.incidents.keeping import keep_for_incident, probe_rows
from sakimori.incidents.measure import limits_of, usual_where_slow
from sakimori.incidents.models import Incident, IncidentKind, Probe, Verdict, Watch
from sakimori.incidents.opening import open_for_site
from sakimori.incidents.settling import Rhythm, alarm_inconclusive, concluded, next_look
from sakimori.incidents.verdict import Conclusion
from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Examination
from sakimori.lib.jst import day_of


def settle_watches(done: Sequence[Examination], *, limits: Limits, rhythm: Rhythm, now: datetime) -> None:
    """Sites were visited at a quiet time. A bad verdict opens an incident, for an analyst to decide.

    During a planned stop it opens nothing: the visit is kept, and the site is visited again when the stop ends.
    """
    with transaction.atomic():
        watches = {watch.pk: watch for watch in _watches([each.key for each in done])}
        found = [(watches[each.key].site, each) for each in done if each.key in watches]
        sites = {site.pk for site, _ in found}
        stopped = planned.ends_by_site(sites, now)
        usual = usual_where_slow(found, limits, now)
        rows: list[Probe] = []
        for site, each in found:
            own = limits_of(site, limits, usual)
            conclusion = concluded(each, own)
            incident = None
            if conclusion.verdict != Verdict.NORMAL:
                incident = _trouble(site, each, conclusion, stopped=site.pk in stopped, now=now)
            if incident is None:
                rows += probe_rows(each, site, None, own, conclusion)
            else:
                keep_for_incident(each, site, incident, own, conclusion)
        Probe.objects.bulk_create(rows, batch_size=500)
        _set_next(sites, stopped, rhythm, now)


def _watches(keys: Sequence[int]) -> QuerySet[Watch]:
    rows = Watch.objects.select_for_update(of=("self",)).select_related("site__contract__customer")
    return rows.filter(pk__in=keys).order_by("pk")


def _set_next(sites: set[int], stopped: dict[int, datetime], rhythm: Rhythm, now: datetime) -> None:
    free: dict[str, object] = {"claimed_by": "", "claimed_until": None}
    Watch.objects.filter(site__in=sites).update(next_at=now + rhythm.watch, **free)
    for site, until in stopped.items():
        Watch.objects.filter(site=site).update(next_at=next_look(now, rhythm.watch, until))


def _trouble(site: Site, done: Examination, conclusion: Conclusion, *, stopped: bool, now: datetime) -> Incident | None:
    """Open an incident about a bad site, or tell the SOC that nothing can be said. Nothing where that is known."""
    if conclusion.verdict == Verdict.INCONCLUSIVE:
        if not _was_inconclusive(site):
            alarm_inconclusive(conclusion, now)
        return None
    if stopped or not site.contract.runs_on(day_of(now)) or _is_known(site):
        return None
    hold = hold_for_site(site, waf_open=done.waf_controls_open, now=now)
    incident = open_for_site(
        site, IncidentKind.SITE_DOWN, signals=0, last_signal_at=now, now=now, seen=conclusion, hold=hold
    )
    incident.first_probe_at, incident.bad_at = done.visits[0].at, now
    incident.save(update_fields=["first_probe_at", "bad_at"])
    return incident


def _is_known(site: Site) -> bool:
    return Incident.objects.filter(site=site, ended_at=None).exists()


def _was_inconclusive(site: Site) -> bool:
    last = visitors_visits().filter(site=site).order_by("-at", "-pk").first()
    return last is not None and last.verdict == Verdict.INCONCLUSIVE

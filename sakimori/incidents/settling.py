"""What a finished examination changes: probes are kept, the verdict is drawn, the customer told, the incident ended.

Each call is one short transaction, and safe to run twice: a customer is told once, a round of calls has one key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.customers.models import Site
from sakimori.incidents.ending import is_over
from sakimori.incidents.models import Decision, Incident, IncidentKind, Probe, Verdict, Watch
from sakimori.incidents.opening import alarm, conclude_incident, end, has_open_alarm, open_for_site, record, tell
from sakimori.incidents.turning import note_look
from sakimori.incidents.verdict import BAD, Conclusion, conclude, doubted, most_are_bad, phrase_of, verdict_of
from sakimori.incidents.visit import Limits
from sakimori.incidents.visitors import Examination
from sakimori.lib.jst import day_of
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The settings that say when: visits of open incidents and at quiet times, and how long is quiet."""

    reprobe: timedelta
    watch: timedelta
    quiet: timedelta


def settle_incident(done: Examination, *, limits: Limits, rhythm: Rhythm, now: datetime) -> None:
    """An incident's site was visited."""
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site__contract")
        row = rows.get(pk=done.key)
        row.claimed_by, row.claimed_until = "", None
        row.next_probe_at = now + rhythm.reprobe if row.ended_at is None else None
        row.save(update_fields=["claimed_by", "claimed_until", "next_probe_at"])
        if row.site is None:
            return
        conclusion = _concluded(done, row.site, limits, rhythm, now)
        _keep(done, row.site, row, limits, conclusion)
        if row.ended_at is None and row.contract.runs_on(day_of(now)):
            _carry_on(row, conclusion, rhythm, done.visits[0].at, now)


def _carry_on(row: Incident, conclusion: Conclusion, rhythm: Rhythm, visited_at: datetime, now: datetime) -> None:
    note_look(row, conclusion.verdict, conclusion.sentence, visited_at=visited_at, now=now)
    before = row.verdict
    if before not in BAD:  # What was bad once stays the reason for what was done.
        conclude_incident(row, conclusion, now=now)
        row.decision = _decision(row, conclusion)
        row.save(update_fields=["verdict", "sentence", "verdict_at", "decision"])
        if row.verdict != before:
            record(row, "incident.verdict", by="sakimori", now=now)
    if conclusion.is_bad:
        _found_bad(row, conclusion, now)
    elif conclusion.verdict == Verdict.INCONCLUSIVE and before != Verdict.INCONCLUSIVE:
        _alarm_inconclusive(conclusion, now)
    elif conclusion.verdict == Verdict.NORMAL and is_over(row, quiet=rhythm.quiet, now=now):
        end(row, now=now)


def _decision(row: Incident, conclusion: Conclusion) -> Decision:
    """About a DDoS a person decides only while visits prove nothing: he may look at the site by other ways."""
    now_is = Decision(row.decision)
    if row.kind != IncidentKind.DDOS or now_is not in (Decision.NONE, Decision.WAITING):
        return now_is
    return Decision.WAITING if conclusion.verdict == Verdict.INCONCLUSIVE else Decision.NONE


def _found_bad(row: Incident, conclusion: Conclusion, now: datetime) -> None:
    """Only a DDoS tells by itself (specification 2-1-1); what waits for an analyst about this site waits no more."""
    if row.kind != IncidentKind.DDOS:
        _open_outage_as_well(row, conclusion, now)
        return
    if row.told_at is not None:
        return
    others = Incident.objects.filter(site=row.site, decision=Decision.WAITING, ended_at=None).exclude(pk=row.pk)
    for other in others.select_for_update(of=("self",)).select_related("contract__customer", "site"):
        other.decision, other.decided_at = Decision.KEEP, now
        other.save(update_fields=["decision", "decided_at"])
        record(other, "incident.keep", by="sakimori", now=now)
        if has_open_alarm(other):
            alarm(other, now=now)  # It no longer asks for a decision.
    tell(row, now=now)
    alarm(row, now=now)


def _open_outage_as_well(row: Incident, conclusion: Conclusion, now: datetime) -> None:
    """Of an origin's failure nobody was to be told; that the site itself is down now is another question."""
    if row.kind != IncidentKind.ORIGIN_DOWN or row.decision != Decision.KEEP or row.site is None:
        return
    if not Incident.objects.filter(site=row.site, kind=IncidentKind.SITE_DOWN, ended_at=None).exists():
        open_for_site(row.site, IncidentKind.SITE_DOWN, signals=0, last_signal_at=now, now=now, seen=conclusion)


def settle_watch(done: Examination, *, limits: Limits, rhythm: Rhythm, now: datetime) -> None:
    """A site was visited at a quiet time. A bad verdict opens an incident, for an analyst to decide."""
    with transaction.atomic():
        watch = (
            Watch.objects.select_for_update(of=("self",)).select_related("site__contract__customer").get(pk=done.key)
        )
        watch.claimed_by, watch.claimed_until = "", None
        watch.next_at = now + rhythm.watch
        watch.save()
        site = watch.site
        conclusion = _concluded(done, site, limits, rhythm, now)
        incident = None
        if conclusion.is_bad and site.contract.runs_on(day_of(now)) and not _is_known(site):
            incident = open_for_site(
                site, IncidentKind.SITE_DOWN, signals=0, last_signal_at=now, now=now, seen=conclusion
            )
        elif conclusion.verdict == Verdict.INCONCLUSIVE and not _was_inconclusive(site):
            _alarm_inconclusive(conclusion, now)
        _keep(done, site, incident, limits, conclusion)


def _is_known(site: Site) -> bool:
    return Incident.objects.filter(site=site, ended_at=None).exists()


def _was_inconclusive(site: Site) -> bool:
    last = Probe.objects.filter(site=site).order_by("-at", "-pk").first()
    return last is not None and last.verdict == Verdict.INCONCLUSIVE


def _concluded(done: Examination, site: Site, limits: Limits, rhythm: Rhythm, now: datetime) -> Conclusion:
    conclusion = conclude(done.visits, limits)
    if not conclusion.is_bad:
        return conclusion
    return doubted(conclusion, controls_open=done.controls_open, most_are_bad=_most_are_bad(site, rhythm, now))


def _most_are_bad(site: Site, rhythm: Rhythm, now: datetime) -> bool:
    """Whether the latest visits of most contracts, this one's included, were bad."""
    since = now - 2 * max(rhythm.watch, rhythm.reprobe)
    rows = Probe.objects.filter(at__gt=since).order_by("at", "pk").values_list("site", "site__contract", "verdict")
    latest = {found: (contract, verdict) for found, contract, verdict in rows}
    latest[site.pk] = (site.contract_id, Verdict.NOT_DISPLAYED)
    bad: dict[int, bool] = {}
    for contract, verdict in latest.values():
        bad[contract] = bad.get(contract, False) or verdict in (*BAD, Verdict.INCONCLUSIVE)
    return most_are_bad(list(bad.values()))


def _keep(done: Examination, site: Site, incident: Incident | None, limits: Limits, whole: Conclusion) -> None:
    """Write one row per visit. A bad one that proves nothing, for our own side may be broken, says so."""
    doubtful = whole.verdict == Verdict.INCONCLUSIVE
    for visit in done.visits:
        verdict = verdict_of(visit, limits)
        Probe.objects.create(
            site=site,
            incident=incident,
            at=visit.at,
            url=visit.url,
            verdict=Verdict.INCONCLUSIVE if doubtful and verdict in BAD else verdict,
            sentence=f"{phrase_of([visit], limits)}。",
            status=visit.status,
            size_bytes=visit.size_bytes,
            dns_ms=visit.dns_ms,
            connect_ms=visit.connect_ms,
            tls_ms=visit.tls_ms,
            first_byte_ms=visit.first_byte_ms,
            total_ms=visit.total_ms,
            trouble=visit.trouble,
        )


def _alarm_inconclusive(conclusion: Conclusion, now: datetime) -> None:
    """One alarm however many sites look bad: it is most likely our own trouble."""
    raise_alarm(
        key="probe-inconclusive",
        severity=Severity.HIGH,
        sentence=f"サイトの表示を判定できません。お客様への連絡は保留しています。{conclusion.sentence}",
        link="/console/incidents/",
        now=now,
    )

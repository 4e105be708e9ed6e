"""What a finished examination changes: probes are kept, the verdict is drawn, the customer told, the incident ended.

Each call is one short transaction, and safe to run twice: a customer is told once, a round of calls has one key.
Quiet visits are settled in `settling_quiet.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.incidents import planned, texts
from sakimori.incidents.ending import is_over
from sakimori.incidents.holding import hold_for
from sakimori.incidents.keeping import keep_for_incident
from sakimori.incidents.measure import limits_of, usual_where_slow
from sakimori.incidents.models import Decision, Incident, IncidentKind, Verdict
from sakimori.incidents.opening import (
    alarm,
    conclude_incident,
    end,
    has_open_alarm,
    link_of,
    open_for_site,
    record,
    tell,
)
from sakimori.incidents.turning import note_look
from sakimori.incidents.verdict import BAD, Conclusion, conclude, doubted
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


@dataclass(frozen=True, slots=True)
class Look:
    """What one examination of an incident's site came to. stopped_until: the end of a planned stop that holds."""

    conclusion: Conclusion
    visited_at: datetime
    waf_open: bool
    stopped_until: datetime | None


def settle_incident(done: Examination, *, limits: Limits, rhythm: Rhythm, now: datetime) -> None:
    """An incident's site was visited. limits: the SOC's; the site's own are looked up."""
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site__contract")
        row = rows.filter(pk=done.key).first()
        if row is None:
            return
        stopped_until = planned.ends_by_site([row.site_id or 0], now).get(row.site_id or 0)
        row.claimed_by, row.claimed_until = "", None
        row.next_probe_at = next_look(now, rhythm.reprobe, stopped_until) if row.ended_at is None else None
        row.save(update_fields=["claimed_by", "claimed_until", "next_probe_at"])
        if row.site is None:
            return
        own = limits_of(row.site, limits, usual_where_slow([(row.site, done)], limits, now))
        conclusion = concluded(done, own)
        keep_for_incident(done, row.site, row, own, conclusion)
        if row.ended_at is None and row.contract.runs_on(day_of(now)):
            look = Look(conclusion, done.visits[0].at, done.waf_controls_open, stopped_until)
            _carry_on(row, look, rhythm, now)


def next_look(now: datetime, pause: timedelta, stopped_until: datetime | None) -> datetime:
    """When a site is visited next: after the pause, or when its planned stop ends, so that it is judged anew then."""
    return min(now + pause, stopped_until) if stopped_until else now + pause


def concluded(done: Examination, limits: Limits) -> Conclusion:
    """What an examination proves."""
    return doubted(conclude(done.visits, limits, done.beside), controls_open=done.controls_open)


def _carry_on(row: Incident, look: Look, rhythm: Rhythm, now: datetime) -> None:
    conclusion, before, was_stopped = look.conclusion, row.verdict, row.in_planned_stop
    stopped = look.stopped_until is not None
    note_look(row, conclusion.verdict, conclusion.sentence, visited_at=look.visited_at, now=now, is_planned=stopped)
    if before not in BAD or was_stopped:  # What was bad once stays the reason for what was done.
        conclude_incident(row, conclusion, now=now)
        row.in_planned_stop = conclusion.is_bad and stopped
        row.decision = _decision(row, conclusion)
        row.save(update_fields=["verdict", "sentence", "verdict_at", "decision", "in_planned_stop"])
        if row.verdict != before or row.in_planned_stop != was_stopped:
            record(row, "incident.verdict", by="sakimori", now=now)
    if row.in_planned_stop:
        if not was_stopped:
            _alarm_planned(row, now)
    elif conclusion.is_bad:
        _found_bad(row, look, now)
    elif conclusion.verdict == Verdict.INCONCLUSIVE and before != Verdict.INCONCLUSIVE:
        alarm_inconclusive(conclusion, now)
    elif conclusion.verdict == Verdict.NORMAL and is_over(row, quiet=rhythm.quiet, now=now):
        end(row, now=now)


def _decision(row: Incident, conclusion: Conclusion) -> Decision:
    """About a DDoS a person decides only while nothing is told by itself: he may look at the site by other ways."""
    now_is = Decision(row.decision)
    if row.kind != IncidentKind.DDOS or row.hold_id or now_is not in (Decision.NONE, Decision.WAITING):
        return now_is
    waits = conclusion.verdict == Verdict.INCONCLUSIVE or row.in_planned_stop
    return Decision.WAITING if waits and row.told_at is None else Decision.NONE


def _found_bad(row: Incident, look: Look, now: datetime) -> None:
    """Only a DDoS tells by itself (specification 2-1-1); what waits for an analyst about this site waits no more."""
    if row.kind != IncidentKind.DDOS:
        _open_outage_as_well(row, look.conclusion, now)
        return
    if row.told_at is not None or row.hold_id is not None:
        return
    row.hold = None if row.is_exercise else hold_for(row, waf_open=look.waf_open, now=now)
    if row.hold is not None:
        row.decision = Decision.WAITING
        row.save(update_fields=["hold", "decision"])
        record(row, "incident.hold", by="sakimori", now=now)
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


def _alarm_planned(row: Incident, now: datetime) -> None:
    """A DDoS while the site is stopped as planned: nobody is called, but an analyst sees it."""
    if row.kind == IncidentKind.DDOS and row.told_at is None:
        raise_alarm(
            key=f"planned-stop:{row.pk}",
            severity=Severity.LOW,
            sentence=texts.planned_alarm(row),
            link=link_of(row),
            now=now,
        )


def alarm_inconclusive(conclusion: Conclusion, now: datetime) -> None:
    """One alarm however many sites cannot be judged. An analyst looks at it before it is phoned to him."""
    raise_alarm(
        key="probe-inconclusive",
        severity=Severity.HIGH,
        sentence=f"サイトの表示を判定できません。お客様への連絡は保留しています。{conclusion.sentence}",
        link="/console/incidents/",
        now=now,
    )

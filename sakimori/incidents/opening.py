"""How an incident begins, is told to the customer, and ends. Called inside the transaction of what caused it."""

from datetime import datetime

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, Site
from sakimori.incidents import texts
from sakimori.incidents.grading import severity_of_alarm
from sakimori.incidents.models import Decision, Hold, Incident, IncidentKind, Verdict
from sakimori.incidents.turning import note_look
from sakimori.incidents.verdict import Conclusion
from sakimori.notify.actions import raise_alarm
from sakimori.notify.calling import call_contacts
from sakimori.notify.joining import say_anew
from sakimori.notify.models import Alarm

SYSTEM = "sakimori"
INCONCLUSIVE_KEY = "probe-inconclusive"  # One alarm, however many sites cannot be judged.
_CALLED = (IncidentKind.DDOS, IncidentKind.SITE_DOWN, IncidentKind.ORIGIN_DOWN)


class NotASandbox(Exception):
    """An exercise was wanted for a real customer. It is never played."""


def check_sandbox(contract: Contract) -> None:
    """Raise NotASandbox unless the contract is of a customer for whom exercises are played."""
    if not contract.customer.is_sandbox:
        raise NotASandbox(contract.number)


def site_group(site: Site) -> str:
    """The group of incidents of one site: of each kind at most one is open."""
    return f"site:{site.pk}"


def link_of(incident: Incident) -> str:
    """Its page on the console."""
    return f"/console/incidents/{incident.pk}/"


def open_for_site(
    site: Site,
    kind: IncidentKind,
    *,
    signals: int,
    last_signal_at: datetime,
    now: datetime,
    seen: Conclusion | None = None,
    hold: Hold | None = None,
    exercise: str = "",
) -> Incident:
    """A site may be in trouble. Where the internet can reach it, it is visited at once. seen: what a visit showed.

    hold: it is one of many; then the one alarm about all of them is raised instead of its own. exercise: the group
    of an incident that is only played, for a sandbox customer.
    """
    if exercise:
        check_sandbox(site.contract)
    waiting = Decision.NONE if kind == IncidentKind.DDOS else Decision.WAITING
    incident = Incident(
        contract=site.contract,
        site=site,
        kind=kind,
        group=exercise or site_group(site),
        is_exercise=bool(exercise),
        opened_at=now,
        last_signal_at=last_signal_at,
        signals=signals,
        decision=waiting,
        next_probe_at=now,
        hold=hold,
    )
    if not site.reachable:
        seen, incident.next_probe_at = Conclusion(Verdict.NOT_PROBED, texts.NOT_PROBED), None
    _write_down(incident, seen, now)
    if (waiting == Decision.WAITING or not site.reachable) and hold is None:
        alarm(incident, now=now)
    return incident


def _write_down(incident: Incident, seen: Conclusion | None, now: datetime) -> None:
    if seen is not None:
        conclude_incident(incident, seen, now=now)
    incident.save()
    record(incident, "incident.open", by=SYSTEM, now=now)
    if seen is not None:
        _note_seen(incident, seen, now)


def _note_seen(incident: Incident, seen: Conclusion, now: datetime) -> None:
    if seen.verdict != Verdict.NOT_PROBED:
        note_look(incident, seen.verdict, seen.sentence, visited_at=now, now=now)
    record(incident, "incident.verdict", by=SYSTEM, now=now)


def open_for_contract(
    contract: Contract,
    kind: IncidentKind,
    *,
    group: str,
    sentence: str,
    opened_at: datetime,
    now: datetime,
    like: Incident | None = None,
) -> Incident:
    """One of the incidents of a cause that meets several contracts. The caller raises the one alarm.

    like: one of the same group, whose decision counts for this one too.
    """
    incident = Incident.objects.create(
        contract=contract,
        kind=kind,
        group=group,
        opened_at=opened_at,
        last_signal_at=now,
        verdict=Verdict.NOT_PROBED,
        sentence=sentence,
        verdict_at=now,
        decision=like.decision if like else Decision.WAITING,
        decided_at=like.decided_at if like else None,
        decided_by=like.decided_by if like else None,
    )
    record(incident, "incident.open", by=SYSTEM, now=now)
    if incident.decision == Decision.TELL:
        tell(incident, now=now)
    return incident


def conclude_incident(incident: Incident, conclusion: Conclusion, *, now: datetime) -> None:
    """Write the verdict into the row (not saved)."""
    incident.verdict, incident.sentence = conclusion.verdict, conclusion.sentence[:300]
    incident.verdict_at = now


def alarm(incident: Incident, *, now: datetime) -> None:
    """Tell the SOC of an incident: what it is, and that somebody must decide where that is so."""
    raise_alarm(
        key=alarm_key(incident),
        severity=severity_of_alarm(incident),
        sentence=texts.alarm(incident),
        link=link_of(incident),
        now=now,
    )


def alarm_key(incident: Incident) -> str:
    """One alarm per incident of a site, one per group otherwise."""
    return f"incident:{incident.pk}" if incident.site_id else f"incident:{incident.group}"


def has_open_alarm(incident: Incident) -> bool:
    """Whether nobody has acknowledged the alarm about it."""
    return Alarm.objects.filter(key=alarm_key(incident), acknowledged_at=None).exists()


def tell(incident: Incident, *, now: datetime) -> None:
    """From now on the customer is told: calls begin here, ticket and mail are made of the row by `tickets`."""
    if incident.told_at is not None:
        return
    if incident.is_exercise:
        check_sandbox(incident.contract)
    incident.told_at = now
    incident.save(update_fields=["told_at"])
    if incident.kind in _CALLED:
        call_contacts(
            key=f"incident:{incident.pk}",
            customer=incident.contract.customer,
            subject=texts.call_subject(incident),
            say=texts.call_words(incident),
            link=link_of(incident),
            now=now,
            site=incident.site,
        )
    record(incident, "incident.told", by=SYSTEM, now=now)


def end(incident: Incident, *, now: datetime) -> None:
    """It is over. What was not decided until now may still be decided; who is called from now on hears that it is."""
    incident.ended_at, incident.next_probe_at = now, None
    incident.save(update_fields=["ended_at", "next_probe_at"])
    if incident.told_at is not None and incident.kind in _CALLED:
        say_anew(key=f"incident:{incident.pk}", say=texts.call_words(incident))
    record(incident, "incident.end", by=SYSTEM, now=now)


def reopen(incident: Incident, *, now: datetime) -> None:
    """It was not over, and nobody outside has heard of it: its site is visited again at once."""
    incident.ended_at, incident.vendor_ended_at, incident.normal_in_a_row = None, None, 0
    incident.next_probe_at = now if incident.site is not None and incident.site.reachable else None
    incident.save(update_fields=["ended_at", "vendor_ended_at", "normal_in_a_row", "next_probe_at"])
    record(incident, "incident.reopen", by=SYSTEM, now=now)


def record(incident: Incident, action: str, *, by: User | str, now: datetime) -> None:
    """Into the audit record."""
    audit.record(
        action,
        by=by if isinstance(by, str) else by.username,
        target=f"incident:{incident.pk}",
        now=now,
        customer=incident.contract.customer,
        details={
            "kind": incident.kind,
            "verdict": incident.verdict,
            "sentence": incident.sentence,
            **({"exercise": True} if incident.is_exercise else {}),
        },
    )

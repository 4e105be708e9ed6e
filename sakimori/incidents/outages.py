"""Outages that are no site's own: the vendor's (logs cannot be read) and our own (a gap in the heartbeat)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from sakimori.customers.queries import running, running_contracts
from sakimori.incidents import texts
from sakimori.incidents.models import Decision, Heartbeat, Incident, IncidentKind
from sakimori.incidents.opening import alarm_key, end, link_of, open_for_contract
from sakimori.lib.jst import day_of
from sakimori.logs.models import PullState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import CallRound, RoundState, Severity
from sakimori.notify.rounds import end_round

_FAILURES = 3
_SEVERAL = 2
# A refused credential, a full disk or a file over the limit is that contract's or our own trouble.
_VENDORS_TROUBLE = ("WafUnavailable", "WafDoubtful", "WafRefused", "WafMissing")


def find_vendor_outage(*, controls_open: Callable[[], bool], now: datetime) -> int:
    """Open an incident for each contract whose logs cannot be read, when several fail (or the only one does).

    Returns how many. While the control pages cannot be opened either it is our own line, not the vendor.
    """
    states = list(_states(now))
    failing = [state for state in states if state.failures >= _FAILURES and _is_the_vendors(state)]
    opened = set(_open(IncidentKind.VENDOR).values_list("contract_id", flat=True))
    new = [state for state in failing if state.contract_id not in opened]
    if not new or not (opened or len(failing) >= min(_SEVERAL, len(states))) or not controls_open():
        return 0
    with transaction.atomic():
        return _open_vendor_outage(new, now)


def _states(now: datetime) -> QuerySet[PullState]:
    rows = PullState.objects.filter(running(day_of(now), contract="contract"))
    return rows.exclude(contract__vendor_account__log_base_url="").select_related("contract__customer").order_by("pk")


def _is_the_vendors(state: PullState) -> bool:
    return state.last_error.startswith(_VENDORS_TROUBLE)


def _open(kind: IncidentKind) -> QuerySet[Incident]:
    return Incident.objects.filter(kind=kind, ended_at=None)


def _open_vendor_outage(states: Sequence[PullState], now: datetime) -> int:
    """Those of one outage share the group, so that one alarm and one decision serve all; late ones follow it."""
    # Whoever comes second waits here, and then sees what the first has opened.
    list(PullState.objects.select_for_update().filter(pk__in=[state.pk for state in states]).order_by("pk"))
    first = _open(IncidentKind.VENDOR).order_by("pk").first()
    group = first.group if first else f"vendor:{now:%Y%m%dT%H%M%S}"
    known = set(Incident.objects.filter(group=group, ended_at=None).values_list("contract_id", flat=True))
    new = [
        open_for_contract(
            state.contract,
            IncidentKind.VENDOR,
            group=group,
            sentence=texts.vendor_sentence(state.failures),
            opened_at=now,
            now=now,
            like=first,
        )
        for state in states
        if state.contract_id not in known
    ]
    _alarm_of_group(new, now)
    return len(new)


def end_vendor_outage(*, now: datetime) -> int:
    """Logs of a contract come again, or nobody fetches them any more: its part is over. Returns how many ended."""
    failing = _states(now).exclude(failures=0).values("contract")
    return sum(_end(row, now) for row in _open(IncidentKind.VENDOR).exclude(contract__in=failing))


def end_what_stopped(*, quiet: timedelta, now: datetime) -> int:
    """End incidents that no visit will end: of cancelled contracts, and quiet ones of sites that cannot be visited."""
    cancelled = ~running(day_of(now), contract="contract")
    unseen = Q(site__reachable=False, last_signal_at__lte=now - quiet)
    return sum(_end(row, now) for row in Incident.objects.filter(cancelled | unseen, ended_at=None))


def _end(found: Incident, now: datetime) -> int:
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer")
        row = rows.filter(pk=found.pk, ended_at=None).first()
        if row is not None:
            end(row, now=now)
            if not row.contract.runs_on(day_of(now)):
                _stop_calls(row, now)
    return int(row is not None)


def _stop_calls(row: Incident, now: datetime) -> None:
    """Nobody is called about a contract that has ended, although another one of the same customer may go on."""
    rounds = CallRound.objects.filter(matters__key=f"incident:{row.pk}", state=RoundState.RUNNING)
    for round_ in rounds.select_related("customer"):
        if round_.matters.count() == 1:
            end_round(round_, RoundState.STOPPED, now=now, reason="契約が終了したため")


def beat(*, longest_gap: timedelta, now: datetime) -> int:
    """Say that the service works. A longer gap since the last time was an outage of our own, and is over by now."""
    with transaction.atomic():
        Heartbeat.objects.get_or_create(pk=1, defaults={"at": now})
        heart = Heartbeat.objects.select_for_update().get(pk=1)
        stopped_at = heart.at
        if now > stopped_at:
            heart.at = now
            heart.save(update_fields=["at"])
        if now - stopped_at <= longest_gap:
            return 0
        return _open_own_outage(stopped_at, now)


def _open_own_outage(stopped_at: datetime, now: datetime) -> int:
    sentence = texts.own_sentence(stopped_at, now)
    incidents = [
        open_for_contract(
            contract,
            IncidentKind.OWN,
            group=f"own:{stopped_at:%Y%m%dT%H%M%S}",
            sentence=sentence,
            opened_at=stopped_at,
            now=now,
        )
        for contract in running_contracts(day_of(now))
    ]
    for incident in incidents:
        end(incident, now=now)
    _alarm_of_group(incidents, now)
    return len(incidents)


def _alarm_of_group(incidents: Sequence[Incident], now: datetime) -> None:
    """One alarm for all of them, leading to the first. Nothing is to be decided where that was done before."""
    waiting = [incident for incident in incidents if incident.decision == Decision.WAITING]
    if not waiting:
        return
    raise_alarm(
        key=alarm_key(waiting[0]),
        severity=Severity.HIGH,
        sentence=texts.group_alarm(IncidentKind(waiting[0].kind), len(waiting), waiting[0].sentence),
        link=link_of(waiting[0]),
        now=now,
    )

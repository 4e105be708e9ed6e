"""多数サイトの同時障害: when one cause makes many sites bad, their customers' notices wait for one word of an analyst.

Nothing is held silently: the SOC has one alarm, which comes again until somebody has decided, and every held notice
stands in a list. What is released goes the normal way, each in a transaction of its own: whoever is killed in between
has told some customers, and the duty tells the others. A suspicion that comes to nothing lets go by itself.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, QuerySet, When

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Site
from sakimori.customers.queries import running
from sakimori.incidents import texts
from sakimori.incidents.models import Decision, Hold, Incident, IncidentKind, Verdict
from sakimori.incidents.opening import SYSTEM, alarm, record, tell
from sakimori.incidents.together import FEWEST_CONTRACTS, are_many, may_be_many
from sakimori.incidents.verdict import BAD
from sakimori.lib.jst import day_of
from sakimori.notify.actions import end_alarm, raise_alarm, take_alarm
from sakimori.notify.models import Severity

_UNJUDGED = timedelta(minutes=3)  # A first verdict takes no longer.
_DOUBT = timedelta(minutes=2)  # A suspicion that is not proved by then was none.
_FOLLOWS = timedelta(minutes=30)  # So long after the release, sites of the same outage are told of at once.
_COUNTED_AGAIN = timedelta(minutes=1)


def hold_for(row: Incident, *, waf_open: bool, now: datetime) -> Hold | None:
    """The hold that the notice about a bad site has to wait for, or None: it goes out. Inside the settling transaction.

    waf_open: whether a page behind the WAF that is no customer's can be opened. What is only played waits for nothing,
    and holds nobody's notice.
    """
    if row.is_exercise:
        return None
    return _hold(row.site, row.contract_id, waf_open=waf_open, now=now)


def hold_for_site(site: Site, *, waf_open: bool, now: datetime) -> Hold | None:
    """The same for a site that has no incident yet."""
    return _hold(site, site.contract_id, waf_open=waf_open, now=now)


def _hold(site: Site | None, contract: int, *, waf_open: bool, now: datetime) -> Hold | None:
    proved = not waf_open or _many(now, also=(site.pk if site else 0, contract))
    if not proved and not _suspected(now):
        return None
    why = Hold.Why.MANY if waf_open else Hold.Why.WAF
    hold, new = Hold.objects.get_or_create(is_open=True, defaults={"why": why, "opened_at": now})
    if hold.released_at is not None:
        return None
    if proved and hold.proved_at is None:
        hold.proved_at, hold.why = now, why
        hold.save(update_fields=["proved_at", "why"])
        _alarm(hold, 1 + waiting(hold).count(), now, again=_COUNTED_AGAIN)
    if new:
        audit.record("hold.open", by=SYSTEM, target=f"hold:{hold.pk}", now=now)
        if not proved:
            _alarm_suspicion(hold, now)
    return hold


def _bad_sites() -> dict[int, int]:
    """Sites that are bad now, by site and contract, as their open incidents say."""
    rows = Incident.objects.filter(ended_at=None, site__isnull=False, verdict__in=BAD, normal_in_a_row=0)
    return dict(rows.filter(in_planned_stop=False, is_exercise=False).values_list("site_id", "contract_id"))


def _many(now: datetime, also: tuple[int, int] | None = None) -> bool:
    bad = _bad_sites()
    if also is not None:
        bad[also[0]] = also[1]
    by_contract = Counter(bad.values())
    if len(by_contract) < FEWEST_CONTRACTS:
        return False
    looked_at = Site.objects.filter(running(day_of(now), contract="contract"), watched=True, reachable=True)
    contracts = set(looked_at.values_list("contract_id", flat=True).distinct()) | set(by_contract)
    return are_many(by_contract, contracts=len(contracts), many=settings.CONFIG.many_sites)


def _suspected(now: datetime) -> bool:
    rows = Incident.objects.filter(
        ended_at=None, site__isnull=False, verdict=Verdict.PENDING, opened_at__gt=now - _UNJUDGED, is_exercise=False
    )
    unjudged = Counter(rows.values_list("contract_id", flat=True))
    return may_be_many(Counter(_bad_sites().values()), unjudged, many=settings.CONFIG.many_sites)


def waiting(hold: Hold) -> QuerySet[Incident]:
    """Incidents whose notices wait for this hold."""
    rows = Incident.objects.filter(hold=hold, decision=Decision.WAITING)
    return rows.select_related("contract__customer", "site").order_by("pk")


def incidents_of(hold: Hold) -> QuerySet[Incident]:
    """Every incident whose notice this hold has held, those that still wait first."""
    rows = Incident.objects.filter(hold=hold).select_related("contract__customer", "site", "ticket")
    waits = Case(When(decision=Decision.WAITING, then=0), default=1)
    return rows.order_by(waits, "contract__customer__name", "pk")


def holds() -> QuerySet[Hold]:
    """All holds, the newest first."""
    return Hold.objects.select_related("released_by").order_by("-pk")


def release(hold: Hold, *, by: User, now: datetime) -> int:
    """The customers are told, all of them. Returns how many; a second time tells nobody again."""
    with transaction.atomic():
        locked = Hold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
        if locked.released_at is None and locked.is_open:
            locked.released_at, locked.released_by = now, by
            locked.save(update_fields=["released_at", "released_by"])
            audit.record("hold.release", by=by.username, target=f"hold:{hold.pk}", now=now)
        take_alarm(_key(hold), by=by, now=now)
    return _decide_waiting(locked, Decision.TELL, by=by, now=now)


def keep_all(hold: Hold, *, by: User, now: datetime) -> int:
    """Nobody outside is told of what waits now. Returns how many; a second time changes nothing."""
    kept = _decide_waiting(hold, Decision.KEEP, by=by, now=now)
    take_alarm(_key(hold), by=by, now=now)
    Hold.objects.filter(pk=hold.pk).update(alarm_at=None)  # What is held from now on, nobody has seen yet.
    return kept


def _decide_waiting(hold: Hold, decision: Decision, *, by: User | None, now: datetime) -> int:
    return sum(_decide(key, decision, by=by, now=now) for key in list(waiting(hold).values_list("pk", flat=True)))


def _decide(key: int, decision: Decision, *, by: User | None, now: datetime) -> int:
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site")
        row = rows.filter(pk=key, decision=Decision.WAITING).first()
        if row is None:
            return 0
        alive = row.contract.runs_on(day_of(now))
        row.decision = decision if alive else Decision.KEEP
        row.decided_at, row.decided_by = now, by
        row.save(update_fields=["decision", "decided_at", "decided_by"])
        record(row, f"incident.{row.decision}", by=by or SYSTEM, now=now)
        if row.decision == Decision.TELL:
            tell(row, now=now)
    return 1


def review_hold(*, now: datetime) -> None:
    """Look at the open hold: prove or drop a suspicion, alarm again, finish a release, end it when all is over."""
    hold = Hold.objects.filter(is_open=True).first()
    if hold is None:
        return
    many = _many(now)
    if hold.released_at is not None:
        _decide_waiting(hold, Decision.TELL, by=hold.released_by, now=now)
    elif hold.proved_at is None:
        _look_at_suspicion(hold, many=many, now=now)
    held = waiting(hold).count()
    follows = hold.released_at is not None and hold.released_at <= now < hold.released_at + _FOLLOWS
    if not held and not many and not follows:
        _end(hold, now)
    elif held and hold.proved_at and (hold.alarm_at is None or hold.alarm_at <= now):
        _alarm(hold, held, now, again=timedelta(minutes=settings.CONFIG.hold_minutes))


def _look_at_suspicion(hold: Hold, *, many: bool, now: datetime) -> None:
    if many:
        hold.proved_at = now
        hold.save(update_fields=["proved_at"])
    elif not _suspected(now) or not hold.opened_at <= now < hold.opened_at + _DOUBT:
        for key in list(waiting(hold).values_list("pk", flat=True)):
            _let_go(key, now)


def _let_go(key: int, now: datetime) -> None:
    """It was a case of its own after all: what would have happened at once happens now."""
    with transaction.atomic():
        rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site")
        row = rows.filter(pk=key, decision=Decision.WAITING, hold__proved_at=None).first()
        if row is None:
            return
        row.hold = None
        if row.kind == IncidentKind.DDOS:
            row.decision = Decision.NONE
        row.save(update_fields=["hold", "decision"])
        if row.kind == IncidentKind.DDOS and row.contract.runs_on(day_of(now)):
            tell(row, now=now)
        alarm(row, now=now)


def _end(hold: Hold, now: datetime) -> None:
    with transaction.atomic():
        if Hold.objects.filter(pk=hold.pk, is_open=True).update(is_open=None, ended_at=now):
            audit.record("hold.end", by=SYSTEM, target=f"hold:{hold.pk}", now=now)
            end_alarm(_key(hold), sentence=texts.HOLD_OVER, now=now)


def _alarm(hold: Hold, held: int, now: datetime, *, again: timedelta) -> None:
    raise_alarm(
        key=_key(hold),
        severity=Severity.HIGH,
        sentence=texts.hold_alarm(str(hold.get_why_display()), held),
        link=f"/console/holds/{hold.pk}/",
        now=now,
    )
    hold.alarm_at = now + again
    hold.save(update_fields=["alarm_at"])


def _alarm_suspicion(hold: Hold, now: datetime) -> None:
    """Notices are held from now on, for two minutes at most: nobody may learn of that later only."""
    raise_alarm(
        key=_key(hold),
        severity=Severity.HIGH,
        sentence=texts.suspicion_alarm(_DOUBT),
        link=f"/console/holds/{hold.pk}/",
        now=now,
    )


def _key(hold: Hold) -> str:
    return f"hold:{hold.pk}"

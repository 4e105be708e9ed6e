"""Signals that came late open and tell nothing: they count for an incident of their time, or wait to be seen."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, Site
from sakimori.incidents.hours import sum_again
from sakimori.incidents.models import Incident, LateSignal
from sakimori.incidents.opening import site_group
from sakimori.incidents.search import Signal
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

_ALARM_KEY = "late-signals"
_LINK = "/console/late/"


def every_late_signal() -> QuerySet[LateSignal]:
    """All of them, seen or not, the newest first."""
    return LateSignal.objects.select_related("contract__customer").order_by("-pk")


def late_signals() -> QuerySet[LateSignal]:
    """What nobody has seen yet, the newest first."""
    return every_late_signal().filter(seen_at=None)


def note_late(contract: Contract, signal: Signal, site: Site | None, *, quiet: timedelta, now: datetime) -> int:
    """Write down late signals; inside the transaction that marks their file. Returns how many incidents they met."""
    if site is not None and signal.last_at <= now and _count_for_past(site, signal, quiet):
        return 1
    name = (site.domain if site else signal.site or f"ID {signal.site_id}")[:253]
    row, new = LateSignal.objects.select_for_update().get_or_create(
        contract=contract,
        site_name=name,
        kind=signal.kind,
        seen_at=None,
        defaults={
            "site": site,
            "signals": signal.number,
            "first_at": signal.first_at,
            "last_at": signal.last_at,
            "noted_at": now,
        },
    )
    if not new:
        row.signals += signal.number
        row.first_at, row.last_at = min(row.first_at, signal.first_at), max(row.last_at, signal.last_at)
        row.save(update_fields=["signals", "first_at", "last_at"])
    if site is not None:
        sum_again(site, since=signal.first_at, until=signal.last_at, now=now)
    waiting = late_signals().count()
    raise_alarm(
        key=_ALARM_KEY,
        severity=Severity.LOW,
        sentence=f"遅れて届いた障害・DDoS の検知 {waiting} 件が確認を待っています。自動の確認と連絡は行っていません。",
        link=_LINK,
        now=now,
    )
    return 0


def see_late(rows: Iterable[LateSignal], *, by: User, now: datetime) -> int:
    """An analyst has seen these. Returns how many were not seen yet; doing it twice changes nothing."""
    seen = 0
    for row in rows:
        with transaction.atomic():
            if LateSignal.objects.filter(pk=row.pk, seen_at=None).update(seen_at=now, seen_by=by):
                audit.record_of(
                    row.contract,
                    "signal.late.dismiss",
                    by=by.username,
                    now=now,
                    details={"site": row.site_name, "kind": row.kind, "signals": row.signals},
                )
                seen += 1
    return seen


def _count_for_past(site: Site, signal: Signal, quiet: timedelta) -> bool:
    """Add to the incident that was open when the last of these was seen; its times stay as they are."""
    then = Q(opened_at__lt=signal.last_at + quiet) & (Q(ended_at=None) | Q(ended_at__gte=signal.last_at))
    rows = Incident.objects.filter(then, contract_id=site.contract_id, kind=signal.kind, group=site_group(site))
    met = rows.order_by("-opened_at").values_list("pk", flat=True).first()
    return bool(met and Incident.objects.filter(pk=met).update(signals=F("signals") + signal.number))

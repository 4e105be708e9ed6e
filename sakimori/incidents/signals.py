"""What the signals of one log file change: incidents open or count on, together with the mark of the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.customers.models import Contract, Site
from sakimori.incidents import texts
from sakimori.incidents.late import note_late
from sakimori.incidents.models import Incident, SearchedFile
from sakimori.incidents.opening import open_for_site, site_group
from sakimori.incidents.search import Signal
from sakimori.logs.lateness import timely
from sakimori.logs.models import LogFile
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity


@dataclass(frozen=True, slots=True)
class Times:
    """late: see `logs/lateness.py`. quiet: events with less between them belong to one wave."""

    late: timedelta
    quiet: timedelta


def note_signals(file: LogFile, signals: Sequence[Signal], *, times: Times, now: datetime) -> int:
    """Write down what was found in a stored file. Returns how many incidents are concerned; twice changes nothing."""
    with transaction.atomic():
        _, new = SearchedFile.objects.get_or_create(file=file, defaults={"at": now})
        if not new or not signals:
            return 0
        sites = _sites_by_number(file.contract)
        return sum(_note(file, signal, sites.get(signal.site_id or 0), times, now) for signal in signals)


def _sites_by_number(contract: Contract) -> Mapping[int, Site]:
    sites = Site.objects.filter(contract=contract).select_related("contract__customer")
    return {site.vendor_site_id: site for site in sites}


def _note(file: LogFile, signal: Signal, site: Site | None, times: Times, now: datetime) -> int:
    span = timely(door=file.door, received_at=file.received_at, limit=times.late)
    if not span.holds(signal.last_at):
        return note_late(file.contract, signal, site, quiet=times.quiet, now=now)
    if site is None:
        _alarm_unknown_site(file.contract, signal, now)
        return 0
    last_at = min(signal.last_at, file.received_at)
    if _count_on(site, signal, last_at, times.quiet):
        return 1
    open_for_site(site, signal.kind, signals=signal.number, last_signal_at=last_at, now=now)
    return 1


def _count_on(site: Site, signal: Signal, last_at: datetime, quiet: timedelta) -> bool:
    """Add to the open incident of this wave, or to one that ended before its last events were told of."""
    rows = Incident.objects.select_for_update().filter(
        contract_id=site.contract_id, kind=signal.kind, group=site_group(site)
    )
    over = rows.filter(ended_at__gte=last_at, last_signal_at__gt=last_at - quiet)
    row = rows.filter(ended_at=None).first() or over.order_by("-ended_at").first()
    if row is None:
        return False
    row.signals += signal.number
    row.last_signal_at = max(row.last_signal_at, last_at)
    row.save(update_fields=["signals", "last_signal_at"])
    return True


def _alarm_unknown_site(contract: Contract, signal: Signal, now: datetime) -> None:
    """Nobody can be told about a site that we do not know, but nobody may overlook it either."""
    raise_alarm(
        key=f"signal-site:{contract.pk}:{signal.site_id}",
        severity=Severity.MIDDLE,
        sentence=texts.unknown_site(contract.customer.name, signal.site or str(signal.site_id)),
        link="/console/incidents/",
        now=now,
    )

"""What the signals of one log file change: incidents open or count on, together with the mark of the file."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from sakimori.customers.models import Contract, Site
from sakimori.incidents import texts
from sakimori.incidents.late import note_late
from sakimori.incidents.models import SearchedFile
from sakimori.incidents.search import Signal
from sakimori.incidents.waves import Times, join_wave
from sakimori.logs.lateness import timely
from sakimori.logs.models import LogFile
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Severity

__all__ = ["Times", "alarm_unknown_site", "mark_silent", "note_signals"]


def note_signals(file: LogFile, signals: Sequence[Signal], *, times: Times, now: datetime) -> int:
    """Write down what was found in a stored file. Returns how many incidents are concerned; twice changes nothing."""
    with transaction.atomic():
        _, new = SearchedFile.objects.get_or_create(file=file, defaults={"at": now})
        if not new or not signals:
            return 0
        sites = _sites_by_number(file.contract)
        return sum(_note(file, signal, sites.get(signal.site_id or 0), times, now) for signal in signals)


def mark_silent(files: Sequence[LogFile], *, now: datetime) -> None:
    """Files that hold no signal are searched too: all of them in one write."""
    SearchedFile.objects.bulk_create((SearchedFile(file=file, at=now) for file in files), ignore_conflicts=True)


def _sites_by_number(contract: Contract) -> Mapping[int, Site]:
    sites = Site.objects.filter(contract=contract).select_related("contract__customer")
    return {site.vendor_site_id: site for site in sites}


def _note(file: LogFile, signal: Signal, site: Site | None, times: Times, now: datetime) -> int:
    span = timely(door=file.door, received_at=file.received_at, limit=times.late)
    if not span.holds(signal.last_at):
        return note_late(file.contract, signal, site, quiet=times.quiet, now=now)
    if site is None:
        alarm_unknown_site(file.contract, signal.site or str(signal.site_id), key=str(signal.site_id), now=now)
        return 0
    join_wave(site, signal, until=file.received_at, quiet=times.quiet, now=now)
    return 1


def alarm_unknown_site(contract: Contract, site: str, *, where: str = "ログ", key: str, now: datetime) -> None:
    """Nobody can be told about a site that we do not know, but nobody may overlook it either."""
    raise_alarm(
        key=f"signal-site:{contract.pk}:{key}",
        severity=Severity.MIDDLE,
        sentence=texts.unknown_site(contract.customer.name, site, where=where),
        link="/console/incidents/",
        now=now,
    )

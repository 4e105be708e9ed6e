"""One incident per site and wave, whoever tells of it: signals of all sources join here.

Signals may come in any order and from several workers at once. Each is written in the transaction that remembers
that it was read, so that it counts exactly once. Late ones open and tell nothing (see `late.py`).

A wave is over when it was quiet for long enough. The vendor's word ends an incident sooner; what then follows in the
same wave opens the same incident again, if nobody outside was told of it. Who was told that it is over must hear that
it is not: to him it is a new incident (decision 15), whose end the vendor's word alone does not decide any more.
Logs come minutes late: what happened before the end, but is told of after it, is only counted where the end would have
been right with it too. Where it shows that the attack was going on, the wave goes on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from sakimori.customers.models import Site
from sakimori.incidents.ending import calm_at
from sakimori.incidents.hours import sum_again
from sakimori.incidents.late import note_late
from sakimori.incidents.models import Incident, IncidentKind, SourceCount
from sakimori.incidents.opening import open_for_site, reopen, site_group
from sakimori.incidents.search import Signal
from sakimori.logs.lateness import timely

_NOW_DOOR = "vendor"  # What the vendor tells us itself is judged by when we were told, like a file of its log.


@dataclass(frozen=True, slots=True)
class Times:
    """late: see `logs/lateness.py`. quiet: events with less between them belong to one wave."""

    late: timedelta
    quiet: timedelta


def note_signal(site: Site, signal: Signal, *, times: Times, now: datetime) -> Incident | None:
    """Write down what the vendor has told just now. None where it is late. In a transaction of the caller."""
    span = timely(door=_NOW_DOOR, received_at=now, limit=times.late)
    if not span.holds(signal.last_at):
        note_late(site.contract, signal, site, quiet=times.quiet, now=now)
        return None
    return join_wave(site, signal, until=now, quiet=times.quiet, now=now)


def join_wave(site: Site, signal: Signal, *, until: datetime, quiet: timedelta, now: datetime) -> Incident:
    """Count timely signals for the incident of their wave, or open one. In a transaction of the caller.

    until: when they arrived; no event of them can be later, whatever a clock at the vendor's says.
    """
    last_at = min(signal.last_at, until)
    row = _wave_of(site, signal, last_at, quiet) or _again(site, signal, last_at, quiet, now)
    if row is None:
        row = _open(site, signal, last_at, now)
    if row is None:  # Another worker has opened it in between.
        row = _wave_of(site, signal, last_at, quiet)
    if row is None:
        raise RuntimeError("an incident is neither open nor can be opened")
    if _count_source(row, signal, last_at):
        sum_again(site, since=min(signal.first_at, last_at), until=last_at, now=now)
    return row


def _wave_of(site: Site, signal: Signal, last_at: datetime, quiet: timedelta) -> Incident | None:
    """Add to the open incident of this wave, or to one that ended rightly before its last events were told of."""
    rows = _of(site, signal.kind)
    over = rows.filter(ended_at__gte=last_at, last_signal_at__gt=last_at - quiet)
    row = rows.filter(ended_at=None).first() or over.order_by("-ended_at").first()
    if row is None or (row.ended_at is not None and not _was_calm(row, row.ended_at, last_at, quiet)):
        return None
    return _count(row, signal, last_at)


def _was_calm(row: Incident, ended_at: datetime, last_at: datetime, quiet: timedelta) -> bool:
    """Whether an incident would have ended when it did, had one known of what happened at `last_at`."""
    newest = max(row.last_signal_at, last_at)
    return calm_at(ended_at, newest=newest, said_at=row.vendor_ended_at, quiet=quiet)


def _of(site: Site, kind: str) -> QuerySet[Incident]:
    rows = Incident.objects.select_for_update(of=("self",)).select_related("contract__customer", "site")
    return rows.filter(contract_id=site.contract_id, kind=kind, group=site_group(site))


def _again(site: Site, signal: Signal, last_at: datetime, quiet: timedelta, now: datetime) -> Incident | None:
    """Open the incident of this wave again, which has ended too early and nobody outside was told of."""
    rows = _of(site, signal.kind).filter(kind=IncidentKind.DDOS, told_at=None, hold=None, ended_at__isnull=False)
    row = rows.filter(last_signal_at__gt=last_at - quiet).order_by("-ended_at").first()
    if row is None:
        return None
    reopen(row, now=now)
    return _count(row, signal, last_at)


def goes_on_after_word(incident: Incident, quiet: timedelta) -> bool:
    """Whether an incident is the rest of a wave that the vendor's word had ended before: that word was wrong once."""
    before = Incident.objects.filter(contract=incident.contract_id, kind=incident.kind, group=incident.group)
    before = before.filter(vendor_ended_at__isnull=False, ended_at__lte=incident.opened_at)
    return before.filter(last_signal_at__gt=incident.opened_at - quiet).exclude(pk=incident.pk).exists()


def _count(row: Incident, signal: Signal, last_at: datetime) -> Incident:
    row.signals += signal.number
    row.last_signal_at = max(row.last_signal_at, last_at)
    if row.vendor_ended_at is not None and last_at > row.vendor_ended_at:
        row.vendor_ended_at = None  # It goes on, whatever the vendor said before.
    row.save(update_fields=["signals", "last_signal_at", "vendor_ended_at"])
    return row


def _open(site: Site, signal: Signal, last_at: datetime, now: datetime) -> Incident | None:
    """None where somebody else has opened it at the same moment."""
    try:
        with transaction.atomic():
            return open_for_site(site, signal.kind, signals=signal.number, last_signal_at=last_at, now=now)
    except IntegrityError:
        return None


def _count_source(incident: Incident, signal: Signal, last_at: datetime) -> bool:
    """Whose row it is, is locked by the caller's incident. Returns whether it has begun earlier than was known."""
    first_at = min(signal.first_at, last_at)
    row, new = SourceCount.objects.get_or_create(
        incident=incident,
        source=signal.source,
        defaults={"signals": signal.number, "first_at": first_at, "last_at": last_at},
    )
    if not new:
        earlier = first_at < row.first_at
        row.signals += signal.number
        row.first_at, row.last_at = min(row.first_at, first_at), max(row.last_at, last_at)
        row.save(update_fields=["signals", "first_at", "last_at"])
        return earlier
    return True

"""One incident per site and wave, whoever tells of it: signals of all sources join here.

Signals may come in any order and from several workers at once. Each is written in the transaction that remembers
that it was read, so that it counts exactly once. Late ones open and tell nothing (see `late.py`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from sakimori.customers.models import Site
from sakimori.incidents.hours import sum_again
from sakimori.incidents.late import note_late
from sakimori.incidents.models import Incident, SourceCount
from sakimori.incidents.opening import open_for_site, site_group
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
    row = _wave_of(site, signal, last_at, quiet)
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
    """Add to the open incident of this wave, or to one that ended before its last events were told of."""
    rows = Incident.objects.select_for_update().filter(
        contract_id=site.contract_id, kind=signal.kind, group=site_group(site)
    )
    over = rows.filter(ended_at__gte=last_at, last_signal_at__gt=last_at - quiet)
    row = rows.filter(ended_at=None).first() or over.order_by("-ended_at").first()
    if row is None:
        return None
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

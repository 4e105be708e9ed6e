"""Signals by the vendor's API: its count of DDoS incidents, its blocked requests, events of networks.

Asked is first for the whole account, and only when that has risen, for each site: quiet accounts cost one call.
What was read is remembered in the transaction that writes the signal. The account's own memory moves on at the very
end, so whoever is killed in between asks the sites again and finds that they have not risen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from sakimori.customers.models import Contract, Site
from sakimori.incidents.behind import sites_behind
from sakimori.incidents.models import IncidentKind, SeenEvent, SignalSource, SiteFigures, VendorPoll
from sakimori.incidents.search import Signal
from sakimori.incidents.signals import alarm_unknown_site
from sakimori.incidents.thresholds import Threshold, floods, rise, window_of
from sakimori.incidents.waves import Times, note_signal
from sakimori.waf.interface import NetworkEvent, NetworkEventKind, ThreatFigures, WafRefused, WafVendor

_LOOK_BACK = timedelta(minutes=10)  # Events, and corrections of figures, come minutes late.
_LONGEST_BACK = timedelta(days=1)
_TRIES = 5  # So often the sites are asked for what the account has more than all of them together.
_KINDS = {
    NetworkEventKind.ATTACK_STARTED: IncidentKind.DDOS,
    NetworkEventKind.SERVERS_DOWN: IncidentKind.ORIGIN_DOWN,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the vendor's figures. since: the beginning of what it counts. before: the last complete look."""

    threshold: Threshold
    times: Times
    since: datetime
    before: datetime
    now: datetime


def read_figures(poll: VendorPoll, vendor: WafVendor, *, threshold: Threshold, times: Times, now: datetime) -> int:
    """Read what the vendor counts, and write down what is new. The row is not saved. Returns how many signals.

    The first reading ever tells nothing of incidents that were counted before. Raises WafError.
    """
    sites = list(Site.objects.filter(contract=poll.contract).select_related("contract__customer").order_by("pk"))
    window = window_of(now)
    before = min(poll.asked_at or now, now)  # A clock that was set back is no reason to wait for it.
    reading = Reading(threshold, times, poll.window or window, before, now)
    found = 0
    if poll.window is not None:
        found = _read_counted(poll, vendor, sites, reading)
    if poll.window != window:
        found += _begin_anew(poll, vendor, sites, replace(reading, since=window), first=poll.window is None)
    poll.asked_at = now
    return found


def _read_counted(poll: VendorPoll, vendor: WafVendor, sites: Sequence[Site], reading: Reading) -> int:
    total = vendor.threats(reading.since, reading.now)
    if total.ddos <= poll.threats and not _recent_floods(total, reading):
        return 0
    found, counted = 0, 0
    for site in sites:
        figures = _of_site(vendor, site, reading)
        if figures is not None:
            found += _note_site(site, figures, reading)
            counted += figures.ddos
    _remember(poll, total.ddos, counted, reading)
    return found


def _of_site(vendor: WafVendor, site: Site, reading: Reading) -> ThreatFigures | None:
    """None for a site that the vendor does not know (any more): it keeps nobody from asking for the others."""
    try:
        return vendor.threats(reading.since, reading.now, site_id=site.vendor_site_id)
    except WafRefused:
        return None


def _remember(poll: VendorPoll, total: int, counted: int, reading: Reading) -> None:
    """A site's figures may follow those of the account later; what stays without a site is told to the SOC."""
    if counted + poll.unknown >= total:
        poll.threats, poll.unexplained = max(poll.threats, total), 0
        return
    poll.unexplained += 1
    if poll.unexplained >= _TRIES:
        contract = poll.contract
        alarm_unknown_site(contract, f"契約 {contract.number}", where="統計", key="statistics", now=reading.now)
        poll.threats, poll.unknown, poll.unexplained = total, total - counted, 0


def _begin_anew(poll: VendorPoll, vendor: WafVendor, sites: Sequence[Site], reading: Reading, *, first: bool) -> int:
    """A new day: from now on the vendor counts from another moment. What it has until now is written down already.

    At the very first reading, blocked requests of the last minutes are a signal all the same.
    """
    total, counted, found = vendor.threats(reading.since, reading.now), 0, 0
    if total.ddos or first:
        for site in sites:
            figures = _of_site(vendor, site, reading)
            if figures is not None:
                _begin_site(site, figures, reading)
                found += _note_site(site, figures, reading) if first else 0
                counted += figures.ddos
    poll.window, poll.threats = reading.since, total.ddos
    poll.unknown, poll.unexplained = max(0, total.ddos - counted), 0
    return found


def _begin_site(site: Site, figures: ThreatFigures, reading: Reading) -> None:
    with transaction.atomic():
        row = _figures_row(site, reading)
        row.window, row.threats = reading.since, figures.ddos
        row.save(update_fields=["window", "threats"])


def _figures_row(site: Site, reading: Reading) -> SiteFigures:
    row, _ = SiteFigures.objects.select_for_update().get_or_create(site=site, defaults={"window": reading.since})
    return row


def _recent_floods(figures: ThreatFigures, reading: Reading) -> bool:
    last = reading.before - _LOOK_BACK
    return any(sample.at > last for sample in floods(figures.blocked, reading.threshold, since=reading.since))


def _note_site(site: Site, figures: ThreatFigures, reading: Reading) -> int:
    """Write down what has come since this site was read last. Returns how many signals that were."""
    with transaction.atomic():
        row = _figures_row(site, reading)
        signals = [*_risen(row, figures, reading), *_flooded(row, figures, reading)]
        for signal in signals:
            note_signal(site, signal, times=reading.times, now=reading.now)
        row.threats = max(figures.ddos, row.threats if row.window == reading.since else 0)
        row.window = reading.since
        row.save(update_fields=["window", "threats", "blocked_at"])
    return len(signals)


def _risen(row: SiteFigures, figures: ThreatFigures, reading: Reading) -> list[Signal]:
    """They happened after the last reading; nobody knows when."""
    number = rise(known=row.threats, known_since=row.window, count=figures.ddos, since=reading.since)
    return [_signal(SignalSource.THREATS, number, reading.before)] if number else []


def _flooded(row: SiteFigures, figures: ThreatFigures, reading: Reading) -> list[Signal]:
    """One signal for each five minutes, also while they run."""
    last = row.blocked_at or reading.before - reading.times.late
    new = [s for s in floods(figures.blocked, reading.threshold, since=reading.since) if s.at > last]
    if new:
        row.blocked_at = new[-1].at
    return [_signal(SignalSource.BLOCKED, 1, sample.at) for sample in new]


def _signal(source: SignalSource, number: int, at: datetime, kind: IncidentKind = IncidentKind.DDOS) -> Signal:
    return Signal(None, "", kind, number, at, at, source)


def read_events(poll: VendorPoll, vendor: WafVendor, *, times: Times, now: datetime) -> int:
    """Read events of networks, and write down those that are new. The row is not saved. Raises WafError."""
    start = max(min(poll.events_until or now, now) - _LOOK_BACK, now - _LONGEST_BACK)
    events = vendor.network_events(start, now)
    noted = sum(_note_event(poll.contract, event, times, now) for event in events)
    poll.events_until = now
    return noted


def _note_event(contract: Contract, event: NetworkEvent, times: Times, now: datetime) -> int:
    kind = _KINDS.get(event.kind)
    if kind is None:
        return 0
    with transaction.atomic():
        _, new = SeenEvent.objects.get_or_create(contract=contract, key=event.key, defaults={"at": event.at})
        if not new:
            return 0
        sites = {site.pk: site for site in Site.objects.filter(contract=contract).select_related("contract__customer")}
        behind = sites_behind(event.target, {key: site.origin_address for key, site in sites.items()})
        for key in sorted(behind):
            note_signal(sites[key], _signal(SignalSource.NETWORK, 1, event.at, kind), times=times, now=now)
        if not behind:
            where, alarm_key = "ネットワーク保護のイベント", f"network:{event.target}"[:60]
            alarm_unknown_site(contract, event.target, where=where, key=alarm_key, now=now)
    return 1


def forget_events(*, now: datetime) -> int:
    """Delete the marks of events that are never asked for again. Returns how many."""
    deleted, _ = SeenEvent.objects.filter(at__lt=now - 2 * _LONGEST_BACK).delete()
    return deleted

"""The storm of `bench/alarm.py`: rows, duties, and what the rows say at the end. Needs a configured Django."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Max

from bench.figures import percentile
from sakimori.customers.models import Contact, Contract, Customer, Site
from sakimori.customers.secrets import give_key
from sakimori.incidents.models import Incident, IncidentKind, Probe
from sakimori.incidents.opening import open_for_site
from sakimori.incidents.telling import clocks_of
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.store.interface import LogStore
from sakimori.notify.duties import ring_due, send_due_mails
from sakimori.notify.interface import PhoneState
from sakimori.notify.memory import MemoryMailer, MemoryPhone
from sakimori.notify.models import Call, Delivery
from sakimori.notify.ringing import Voice
from sakimori.run.duty import Duty
from sakimori.run.incident_duties import incident_duties
from sakimori.run.loops import Loops
from sakimori.tickets import duties as tickets

_LONGEST_SECONDS = 180.0
_WARM_UP_SECONDS = 10.0
GOALS = {
    "first_probe_p95_s": 5.0,
    "verdict_p95_s": 60.0,
    "mail_p95_s": 10.0,
    "first_ring_p95_s": 10.0,
    "next_ring_p95_s": 5.0,
}


def storm(address: str, dead: set[str], *, sites: int, incidents: int) -> Mapping[str, float]:
    """Watch so many sites, let so many of them die under a DDoS at once, and wait until all was told and reached."""
    rows = [_site(number, f"{address}/{number}") for number in range(sites)]
    phone = MemoryPhone(habits={_phone(number, 1): PhoneState.BUSY for number in range(sites)})
    phone.habits.update({_phone(number, 2): PhoneState.CONFIRMED for number in range(sites)})
    loops = Loops(_duties(phone))
    loops.start()
    try:
        time.sleep(_WARM_UP_SECONDS)
        baseline = Probe.objects.count()
        dead.update(f"/{number}" for number in range(incidents))
        for site in rows[:incidents]:
            now = utc_now()
            open_for_site(site, IncidentKind.DDOS, signals=3, last_signal_at=now, now=now)
        waited = _wait(incidents)
    finally:
        loops.stop(timeout_seconds=30.0)
    return {"sites": sites, "incidents": incidents, "baseline_probes": baseline, "waited_s": waited, **_figures()}


def _duties(phone: MemoryPhone) -> list[Duty]:
    """Those of a whole service that a storm meets; there are no log files, so their store is never asked."""
    mailer = MemoryMailer()
    voice = Voice(phone=phone, caller="03-0000-0000", service_name="Sakimori", ring=timedelta(seconds=20))
    return [
        *incident_duties(cast("LogStore", None), "bench"),
        Duty("mail", 1.0, lambda: send_due_mails(mailer=mailer, worker="bench", now=utc_now())),
        Duty("ring", 0.5, lambda: ring_due(voice=voice, worker="bench", clock=utc_now)),
        Duty("tickets", 1.0, _tell),
    ]


def _tell() -> int:
    now = utc_now()
    return tickets.tell_news(now=now) + tickets.follow_incidents(now=now) + tickets.tell_ends(now=now)


def _phone(number: int, place: int) -> str:
    return f"03-{place:04d}-{number:04d}"


def _site(number: int, page: str) -> Site:
    customer = Customer(number=f"C-{number:04d}", name=f"Customer {number}", created_at=utc_now())
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(customer=customer, number=f"K-{number:04d}", starts_on=day_of(utc_now()))
    for place in (1, 2):
        Contact.objects.create(
            customer=customer,
            name=f"Person {place}",
            email=f"p{place}@c{number}.example.jp",
            phone=_phone(number, place),
            priority=place,
        )
    return Site.objects.create(
        contract=contract, domain=f"www{number}.example.jp", vendor_site_id=1, watched=True, probe_url=page
    )


def _wait(incidents: int) -> float:
    """Until every customer was reached and every mail handed over, or for so long. Returns the seconds."""
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_SECONDS:
        clocks = clocks_of(Incident.objects.all()).values()
        if sum(clock.reached_at is not None for clock in clocks) >= incidents and not _mails_wait(incidents):
            break
        time.sleep(0.5)
    return round(time.monotonic() - began, 1)


def _mails_wait(incidents: int) -> bool:
    return (
        Delivery.objects.filter(accepted_at__isnull=False, message__key__startswith="incident:").count() < 2 * incidents
    )


def _figures() -> dict[str, float]:
    clocks = list(clocks_of(Incident.objects.all()).values())
    spans = {
        "first_probe_p95_s": [(each.signal_at, each.probe_at) for each in clocks],
        "verdict_p95_s": [(each.signal_at, each.verdict_at) for each in clocks],
        "mail_p95_s": _last_copies(),
        "first_ring_p95_s": [(each.bad_at, each.ring_at) for each in clocks],
        "next_ring_p95_s": _next_rings(),
    }
    found: dict[str, float] = {}
    for name, pairs in spans.items():
        took = [(end - begin).total_seconds() for begin, end in pairs if begin and end]
        found[name] = round(percentile(took, 0.95), 3) if len(took) == len(clocks) else -1.0
    return {**found, "goals_met": float(all(0 <= found[name] <= goal for name, goal in GOALS.items()))}


def _last_copies() -> list[tuple[datetime | None, datetime | None]]:
    """From the bad verdict to the moment at which the last copy of the first mail was handed over."""
    last = dict(
        Delivery.objects.filter(message__key__startswith="incident:")
        .values_list("message__key")
        .annotate(at=Max("accepted_at"))
        .order_by()
    )
    return [(row.bad_at, last.get(f"incident:{row.pk}")) for row in Incident.objects.all()]


def _next_rings() -> list[tuple[datetime | None, datetime | None]]:
    """From the end of a busy call to the moment at which the next phone rang."""
    by_round: dict[int, dict[int, Call]] = {}
    for call in Call.objects.filter(round__customer__isnull=False):
        by_round.setdefault(call.round_id, {})[call.place] = call
    return [(calls[1].ended_at, calls[2].rang_at or calls[2].intended_at) for calls in by_round.values()]

"""The report's table of incidents: whom it counts, what its clocks say, and that old frozen figures still open."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sakimori.incidents.models import Incident, IncidentKind, PlannedStop
from sakimori.incidents.planned import stops_between
from sakimori.lib.calendar import Month
from sakimori.notify.actions import write_mail
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Call, CallMatter, CallState, Delivery
from sakimori.reports.figures import StopFigure, from_json, to_json
from sakimori.reports.incidents import incident_figures, incident_rows, stop_lines
from sakimori.tickets.models import Ticket
from sakimori.tickets.queries import tickets_of_month
from tests.people import NOW, People, make_people, make_ticket
from tests.reports.samples import busy

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def people() -> People:
    people = make_people()
    people.a.customer.contacts.create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    return people


def told(people: People, number: int, **columns: object) -> Ticket:
    """An incident with a ticket, a mail accepted after eight seconds, and a person reached after a minute."""
    values = {"opened_at": NOW, "last_signal_at": NOW, "told_at": NOW, **columns}
    values |= {"first_probe_at": NOW + SECOND, "verdict_at": NOW + 3 * SECOND, "bad_at": NOW + 4 * SECOND}
    incident = Incident.objects.create(
        contract=people.a, site=people.a.sites.get(), kind=IncidentKind.DDOS, group=f"g{number}", **values
    )
    key = f"incident:{incident.pk}"
    write_mail(key=key, customer=people.a.customer, subject="第一報", body="本文", now=NOW)
    Delivery.objects.filter(message__key=key).update(accepted_at=NOW + 12 * SECOND)
    call_contacts(key=key, customer=people.a.customer, subject="件", say="件", now=NOW)
    Call.objects.filter(round__key=key).update(
        state=CallState.CONFIRMED, rang_at=NOW + 9 * SECOND, ended_at=NOW + 64 * SECOND
    )
    CallMatter.objects.filter(key=key).update(told_at=NOW + 64 * SECOND)
    ticket = make_ticket(people.a, f"T-{number:04d}")
    Ticket.objects.filter(pk=ticket.pk).update(incident=incident)
    return ticket


def test_each_incident_stands_with_its_clocks(people: People) -> None:
    told(people, 1)
    make_ticket(people.a, "T-0009")
    rows = incident_rows(incident_figures(tickets_of_month(people.a, Month.at(NOW))))
    assert rows == [
        [
            "DDoS 攻撃　shop-a.example.jp\nT-0001　2026年11月23日 22:05:07",
            "高",
            "1.0 秒",
            "3.0 秒",
            "4.0 秒",
            "8.0 秒",
            "5.0 秒",
            "1 分 0 秒",
        ]
    ]


def test_exercises_stand_in_no_report(people: People) -> None:
    told(people, 1, is_exercise=True)
    assert tickets_of_month(people.a, Month.at(NOW)) == []
    assert incident_figures(Ticket.objects.all()) == []


def test_many_incidents_cost_no_more_questions_than_one(people: People) -> None:
    counts = []
    for number in range(1, 6):
        told(people, number)
        with CaptureQueriesContext(connection) as asked:
            incident_figures(tickets_of_month(people.a, Month.at(NOW)))
        counts.append(len(asked))
    assert counts[0] == counts[-1]


def test_figures_that_were_frozen_before_there_were_incidents_still_open(people: People) -> None:
    told(people, 1)
    frozen = to_json(busy())
    del frozen["incidents"]
    assert from_json(frozen).incidents == []
    frozen["incidents"] = [vars_of(figure) for figure in incident_figures(tickets_of_month(people.a, Month.at(NOW)))]
    assert from_json(frozen).incidents[0].ticket == "T-0001"


def test_planned_stops_stand_in_the_month_as_they_took_place(people: People) -> None:
    site, month, day = people.a.sites.get(), Month.at(NOW), timedelta(days=1)
    for starts_at, hours, cancelled in (
        (NOW, 2, None),
        (NOW - day, 4, 1),
        (NOW + day, 2, -30),
        (NOW - 60 * day, 2, None),
    ):
        PlannedStop.objects.create(
            site=site,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            cancelled_at=None if cancelled is None else starts_at + timedelta(hours=cancelled),
            entered_by=people.alice,
            entered_at=NOW - 70 * day,
        )
    found = stops_between(people.a, month.begins_at, month.ends_at)
    assert [(domain, span.starts_at, span.ends_at - span.starts_at) for domain, span in found] == [
        ("shop-a.example.jp", NOW - day, timedelta(hours=1)),
        ("shop-a.example.jp", NOW, timedelta(hours=2)),
    ]
    lines = stop_lines([StopFigure("a\u202e.example.jp", "始", "終")] * 22)
    assert (len(lines), lines[-1]) == (21, "ほか 2 件")
    assert "\u202e" not in lines[0]
    assert from_json(to_json(busy()) | {"stops": [{"site": "x", "begins": "始", "ends": "終"}]}).stops[0].site == "x"


def vars_of(figure: object) -> dict[str, str]:
    return {name: getattr(figure, name) for name in figure.__slots__}  # type: ignore[attr-defined]

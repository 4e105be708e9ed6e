"""The report's table of incidents: whom it counts, what its clocks say, and that old frozen figures still open."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sakimori.incidents.models import Incident, IncidentKind
from sakimori.lib.calendar import Month
from sakimori.notify.actions import write_mail
from sakimori.notify.calling import call_contacts
from sakimori.notify.models import Call, CallMatter, CallState, Delivery
from sakimori.reports.figures import from_json, to_json
from sakimori.reports.incidents import incident_figures, incident_rows
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
    values = {"opened_at": NOW, "last_signal_at": NOW, "bad_at": NOW + 4 * SECOND, "told_at": NOW, **columns}
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
            "T-0001",
            "DDoS 攻撃　shop-a.example.jp（2026年11月23日 22:05:07）",
            "高",
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


def vars_of(figure: object) -> dict[str, str]:
    return {name: getattr(figure, name) for name in figure.__slots__}  # type: ignore[attr-defined]

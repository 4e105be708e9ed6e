"""Findings that led to nothing go with the days of their log; evidence and what waits stays."""

from datetime import date, timedelta

import pytest

from sakimori.blacklist.forgetting import forget_findings
from sakimori.blacklist.models import Finding, FindingState
from sakimori.customers.models import AuditEntry
from sakimori.tickets.models import Ticket, TicketFinding
from tests.people import NOW, People, make_block, make_finding, make_people

pytestmark = pytest.mark.django_db

OLD = NOW - timedelta(days=40)
YOUNG = NOW - timedelta(days=20)


@pytest.fixture
def people() -> People:
    return make_people()


def forget(needed_since: dict[int, date] | None = None) -> int:
    return forget_findings(log_days=30, needed_since=needed_since or {}, now=NOW)


def old(people: People, state: FindingState, **columns: object) -> Finding:
    return make_finding(
        people.a, "198.51.100.7", state=state, **{"first_at": OLD, "last_at": OLD, "found_at": OLD, **columns}
    )


@pytest.mark.parametrize("state", [FindingState.OBSERVED, FindingState.REFUSED, FindingState.DISMISSED])
def test_what_led_to_nothing_goes_with_its_days(people: People, state: FindingState) -> None:
    gone = old(people, state)
    old(people, state, last_at=YOUNG)
    old(people, state, found_at=YOUNG)
    old(people, state, block=make_block(people.a))
    before = Finding.objects.count()
    assert forget() == 1
    assert not Finding.objects.filter(pk=gone.pk).exists()
    assert Finding.objects.count() == before - 1
    assert AuditEntry.objects.filter(action="findings.forgotten").count() == 1
    assert forget() == 0
    assert AuditEntry.objects.filter(action="findings.forgotten").count() == 1


@pytest.mark.parametrize("state", [FindingState.NEW, FindingState.ASK, FindingState.LATE])
def test_what_waits_for_somebody_stays(people: People, state: FindingState) -> None:
    old(people, state)
    assert forget() == 0
    assert Finding.objects.exists()


def test_what_a_ticket_tells_of_stays(people: People) -> None:
    finding = old(people, FindingState.REFUSED)
    ticket = Ticket.objects.create(
        contract=people.a, number="WSP-000001", kind="blacklist", subject="x", opened_at=OLD, updated_at=OLD
    )
    TicketFinding.objects.create(ticket=ticket, finding=finding, added_at=OLD)
    assert forget() == 0
    assert Finding.objects.exists()


def test_the_contract_says_how_long_its_log_is_kept(people: People) -> None:
    old(people, FindingState.OBSERVED)
    assert forget({people.a.pk: OLD.date()}) == 0
    people.a.keeps_logs = True
    people.a.save()
    assert forget() == 0


def test_very_many_go_in_parts(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.blacklist.forgetting._AT_ONCE", 2)
    monkeypatch.setattr("sakimori.blacklist.forgetting._MOST_ROUNDS", 2)
    for _ in range(5):
        old(people, FindingState.OBSERVED)
    assert (forget(), forget()) == (4, 1)
    assert not Finding.objects.exists()

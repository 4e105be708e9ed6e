"""Every page of the console is tried by all four people and by nobody: only the desk gets in."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import Block, BlockState
from sakimori.notify.actions import raise_alarm
from sakimori.notify.models import Alarm, Call, CallRound, CallState, DutyShift, RoundState, Severity
from tests.people import NOW, People, make_block, make_finding, make_proxy_case, make_round, make_shift, make_ticket


@pytest.fixture
def pages(people: People) -> dict[str, str]:
    block = make_block(people.a, state=BlockState.PROPOSED)
    finding = make_finding(people.a, "198.51.100.7", kind="other")
    ticket = make_ticket(people.a, blocks=[block])
    round_ = make_round(people.a.customer)
    arguments: dict[str, list[object]] = {
        "attacks": [],
        "blocked": [],
        "findings": [],
        "finding": [finding.pk],
        "block": [block.pk],
        "restore": [block.pk],
        "proxy-case": [make_proxy_case(people.a).pk],
        "tickets": [],
        "ticket": [ticket.number],
        "late": [],
        "intake": [],
        "alarms": [],
        "alarm-history": [],
        "calls": [],
        "call-round": [round_.pk],
        "call-stop": [round_.pk],
        "roster": [],
    }
    return {name: reverse(f"console:{name}", args=args) for name, args in arguments.items()}


def test_only_the_desk_gets_in(people: People, pages: dict[str, str], client: Client) -> None:
    for name, page in pages.items():
        for person, expected in (("alice", 404), ("bob", 404), ("charlie", 404), ("dana", 200)):
            client.force_login(getattr(people, person))
            assert client.get(page).status_code == expected, (name, person)


def test_nobody_is_sent_to_the_sign_in_page(pages: dict[str, str], client: Client) -> None:
    for page in pages.values():
        assert client.get(page).headers["Location"].startswith(reverse("account_login"))


def test_only_the_desk_answers(people: People, client: Client) -> None:
    ticket = make_ticket(people.a)
    address = reverse("console:answer", args=[ticket.number])
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(address, {"text": "x", "state": "done", "token": "0" * 32}).status_code == 404
    assert ticket.notes.count() == 1
    client.force_login(people.dana)
    assert client.get(address).status_code == 302
    assert client.post(address, {"text": "x", "state": "done", "token": "0" * 32}).status_code == 302
    assert ticket.notes.count() == 2


@pytest.mark.parametrize("decision", ["approve", "refuse", "restore"])
def test_only_the_desk_decides(decision: str, people: People, client: Client) -> None:
    state = BlockState.ACTIVE if decision == "restore" else BlockState.PROPOSED
    block = make_block(people.a, state=state)
    address = reverse(f"console:{decision}", args=[block.pk])
    assert client.post(address, {"reason": "x"}).status_code == 302
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(address, {"reason": "x"}).status_code == 404
        assert Block.objects.get().state == state
    client.force_login(people.dana)
    assert client.post(address, {"reason": "x"}).status_code == 302
    assert Block.objects.get().state != state


def test_only_the_desk_takes_an_alarm(people: People, client: Client) -> None:
    alarm = raise_alarm(key="k", severity=Severity.HIGH, sentence="ログが届いていません。", now=NOW)
    address = reverse("console:acknowledge", args=[alarm.pk])
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(address).status_code == 404
    assert Alarm.objects.get().acknowledged_by is None
    client.force_login(people.dana)
    client.post(address)
    assert Alarm.objects.get().acknowledged_by == people.dana


@pytest.mark.parametrize("step", ["call-begin", "call-result", "call-stop"])
def test_only_the_desk_dials_and_stops(step: str, people: People, client: Client) -> None:
    round_ = make_round(people.a.customer)
    address = reverse(f"console:{step}", args=[round_.pk])
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(address, {"reason": "x", "result": "busy"}).status_code == 404
    assert CallRound.objects.get().state == RoundState.RUNNING
    assert Call.objects.get().state == CallState.PLANNED


def test_only_managers_change_the_roster(people: People, client: Client) -> None:
    shift = make_shift(people.dana)
    address = reverse("console:shift-delete", args=[shift.pk])
    for person, expected in (("alice", 404), ("bob", 404), ("charlie", 404), ("dana", 302)):
        client.force_login(getattr(people, person))
        assert client.post(address).status_code == expected
    assert DutyShift.objects.exists()


def test_deciding_needs_a_post(people: People, client: Client) -> None:
    block = make_block(people.a, state=BlockState.PROPOSED)
    client.force_login(people.dana)
    for decision in ("approve", "refuse"):
        assert client.get(reverse(f"console:{decision}", args=[block.pk])).status_code == 405


@pytest.mark.parametrize("link", ["/console/", "/console/attacks", "/console/intake"])
def test_short_links_lead_to_their_pages(link: str, people: People, client: Client) -> None:
    """Alarms name pages by these."""
    client.force_login(people.dana)
    assert client.get(link, follow=True).status_code == 200

"""Incidents on the desk: what waits, what one key does, the time line, the board of sites; and who may see them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sakimori.customers.models import AuditEntry, Site
from sakimori.incidents.models import Decision, Incident, IncidentKind, Probe, Verdict
from sakimori.notify.models import CallRound
from sakimori.tickets.models import Ticket, TicketKind
from tests.incidents.rows import fill_incidents, make_incident
from tests.people import NOW, People, make_contract

LIST, SITES = reverse("console:incidents"), reverse("console:sites")


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


def page(desk: Client, row: Incident) -> str:
    return desk.get(reverse("console:incident", args=[row.pk])).content.decode()


def test_what_waits_stands_on_top_with_the_two_keys(people: People, desk: Client) -> None:
    row = make_incident(people.a, IncidentKind.ORIGIN_DOWN)
    make_incident(people.b, IncidentKind.DDOS)
    text = desk.get(LIST).content.decode()
    assert text.index("判断を待っているインシデント") < text.index("すべてのインシデント")
    assert f'action="{reverse("console:incident-tell", args=[row.pk])}" data-key="t"' in text
    assert f'action="{reverse("console:incident-keep", args=[row.pk])}" data-key="n"' in text
    assert text.count("data-row") == 1
    assert "shop-b.example.jp" in text
    assert "3 回中 2 回、30 秒以内に表示が完了しませんでした。" in text


def test_one_cause_of_many_contracts_is_one_row_to_decide(people: People, desk: Client) -> None:
    for contract in (people.a, people.b, make_contract("株式会社C", "C")):
        make_incident(contract, IncidentKind.VENDOR, group="vendor:1")
    own = make_incident(people.a, IncidentKind.OWN, group="own:1")
    answer = desk.get(LIST)
    assert [row.contracts for row in answer.context["waiting"]] == [3, 1]
    assert "3 契約" in answer.content.decode()
    desk.post(reverse("console:incident-tell", args=[answer.context["waiting"][0].pk]))
    decided = Incident.objects.filter(kind=IncidentKind.VENDOR)
    assert {row.decision for row in decided} == {Decision.TELL}
    assert [row.pk for row in desk.get(LIST).context["waiting"]] == [own.pk]


def test_incidents_of_two_sites_are_two_rows_to_decide(people: People, desk: Client) -> None:
    make_incident(people.a)
    make_incident(people.a, ended_at=NOW)
    make_incident(people.b)
    assert len(desk.get(LIST).context["waiting"]) == 3


def test_open_ones_come_first_then_the_newest(people: People, desk: Client) -> None:
    old = make_incident(people.a, IncidentKind.DDOS, ended_at=NOW, opened_at=NOW - timedelta(days=1))
    new = make_incident(people.a, IncidentKind.DDOS, ended_at=NOW + timedelta(minutes=5))
    still = make_incident(people.b, IncidentKind.DDOS, opened_at=NOW - timedelta(days=3))
    assert [row.pk for row in desk.get(LIST).context["rows"]] == [still.pk, new.pk, old.pk]


def test_telling_is_one_post_and_leads_back(people: People, desk: Client) -> None:
    people.a.customer.contacts.create(name="桜井 花子", email="a@example.jp", phone="03-0000-1001", priority=1)
    row = make_incident(people.a)
    address = reverse("console:incident-tell", args=[row.pk])
    answer = desk.post(address, {"next": LIST}, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "お客様への連絡を開始しました。" in answer.content.decode()
    row.refresh_from_db()
    assert (row.decision, row.decided_by, row.told_at is not None) == (Decision.TELL, people.dana, True)
    assert CallRound.objects.get().key == f"incident:{row.pk}"
    desk.post(address, {"next": LIST})
    assert AuditEntry.objects.filter(action="incident.tell", actor="dana").count() == 1
    refused = desk.post(reverse("console:incident-keep", args=[row.pk]), follow=True)
    assert "変更できません" in refused.content.decode()
    text = page(desk, row)
    for words in ("桜井 花子", "03-0000-1001", "発信待ち", "「お客様へ連絡する」と判断", "高橋 棚子"):
        assert words in text, words
    assert "data-key" not in text


def test_keeping_inside_tells_nobody(people: People, desk: Client) -> None:
    row = make_incident(people.a)
    desk.post(reverse("console:incident-keep", args=[row.pk]))
    row.refresh_from_db()
    assert (row.decision, row.told_at) == (Decision.KEEP, None)
    assert not CallRound.objects.exists()
    assert "連絡していません" in page(desk, row)


def test_the_page_tells_the_whole_story(people: People, desk: Client) -> None:
    row = make_incident(people.a, IncidentKind.DDOS, told_at=NOW, probes=2)
    Ticket.objects.create(
        contract=people.a,
        number="WSP-000009",
        kind=TicketKind.DDOS,
        subject="DDoS",
        incident=row,
        opened_at=NOW,
        updated_at=NOW,
    )
    text = page(desk, row)
    for words in (
        "DDoS 攻撃を検知しました。",
        "確認結果：表示できない",
        "3 回中 2 回、30 秒以内に表示が完了しませんでした。",
        "自動（DDoS 通知対応）",
        "https://shop-a.example.jp/",
        "30000",
        ">22<",
        "2 回",
        reverse("console:ticket", args=["WSP-000009"]),
    ):
        assert words in text, words


def test_companions_are_linked_and_the_decision_is_said_to_be_for_all(people: People, desk: Client) -> None:
    first, second = (make_incident(contract, IncidentKind.OWN, group="own:1") for contract in (people.a, people.b))
    text = page(desk, first)
    assert reverse("console:incident", args=[second.pk]) in text
    assert "判断は、同じ原因のすべての契約に適用されます。" in text


def test_details_whose_key_was_destroyed_are_said_to_be_unreadable(people: People, desk: Client) -> None:
    row = make_incident(people.a)
    people.a.customer.sealed_key = ""
    people.a.customer.save()
    assert "お客様の鍵が破棄されているため読めません" in page(desk, row)


def test_the_board_shows_every_site_with_its_last_visit(people: People, desk: Client) -> None:
    row = make_incident(people.a, probes=3)
    Site.objects.filter(contract=people.a).update(watched=True)
    Probe.objects.create(
        site=people.a.sites.get(),
        at=NOW + timedelta(hours=1),
        url="https://shop-a.example.jp/",
        verdict=Verdict.NORMAL,
        sentence="0.3 秒で正常に表示されました。",
        total_ms=321,
    )
    people.b.sites.update(reachable=False)
    answer = desk.get(SITES)
    text = answer.content.decode()
    assert "321 ミリ秒" in text
    assert "平常時も計測" in text
    assert reverse("console:incident", args=[row.pk]) in text
    assert "インターネットから接続不可" in text
    assert "まだ確認していません" in text
    assert [found.site.contract for found in answer.context["rows"]] == [people.a, people.b]


def test_sites_of_cancelled_contracts_leave_the_board(people: People, desk: Client) -> None:
    people.a.ends_on = NOW.date()
    people.a.save()
    assert [found.site.contract for found in desk.get(SITES).context["rows"]] == [people.b]


def _count(desk: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert desk.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("address", [LIST, SITES])
def test_more_rows_need_no_more_queries(people: People, desk: Client, address: str) -> None:
    make_incident(people.a)
    before = _count(desk, address)
    for letter in "DEFG":
        contract = make_contract(f"株式会社{letter}", letter)
        make_incident(contract)
        make_incident(contract, IncidentKind.VENDOR, ended_at=NOW)
    assert _count(desk, address) == before


def test_more_probes_need_no_more_queries(people: People, desk: Client) -> None:
    row = make_incident(people.a, IncidentKind.DDOS, probes=1)
    more = make_incident(people.b, IncidentKind.DDOS, probes=30)
    first, second = (_count(desk, reverse("console:incident", args=[one.pk])) for one in (row, more))
    assert first == second


@pytest.mark.parametrize("person", ["alice", "bob", "charlie"])
def test_customers_see_nothing_of_it(people: People, client: Client, person: str) -> None:
    row = make_incident(people.a)
    client.force_login(getattr(people, person))
    views: list[tuple[Callable[[str], object], str]] = [
        (client.get, LIST),
        (client.get, SITES),
        (client.get, reverse("console:incident", args=[row.pk])),
        (client.post, reverse("console:incident-tell", args=[row.pk])),
        (client.post, reverse("console:incident-keep", args=[row.pk])),
    ]
    assert {ask(address).status_code for ask, address in views} <= {403, 404}  # type: ignore[attr-defined]
    row.refresh_from_db()
    assert row.decision == Decision.WAITING


def test_a_missing_incident_is_not_found(desk: Client) -> None:
    assert desk.get(reverse("console:incident", args=[9999])).status_code == 404
    assert desk.post(reverse("console:incident-tell", args=[9999])).status_code == 404
    assert desk.get(reverse("console:incident-tell", args=[9999])).status_code == 405


def test_every_kind_verdict_and_decision_can_be_shown(people: People, desk: Client) -> None:
    fill_incidents(people)
    assert desk.get(LIST).status_code == 200
    for row in Incident.objects.all():
        assert desk.get(reverse("console:incident", args=[row.pk])).status_code == 200

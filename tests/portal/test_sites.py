"""サイトの状態 for the customer: his own sites and stops only, and who may plan one."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.incidents.models import Incident, IncidentKind, PlannedStop, Turn
from sakimori.lib.jst import JST, utc_now
from sakimori.tickets.duties import tell_news
from sakimori.tickets.models import Ticket
from tests.incidents.rows import make_history, make_incident, make_stop
from tests.people import NOW, People, make_people

pytestmark = pytest.mark.django_db

LIST, STOPS = "/portal/sites/", "/portal/stops/"


@pytest.fixture
def people() -> People:
    return make_people()


def key(people: People) -> int:
    return people.a.sites.get().pk


def typed(begins: float = 1, ends: float = 3) -> dict[str, str]:
    now = utc_now().astimezone(JST)
    moment = lambda hours: f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M}"  # noqa: E731
    return {"starts_at": moment(begins), "ends_at": moment(ends), "note": "サーバーの更新"}


def test_the_customer_sees_his_own_sites_with_their_history(client: Client, people: People) -> None:
    make_history(people.a.sites.get(), now=utc_now())
    client.force_login(people.bob)
    text = client.get(LIST).content.decode()
    assert "shop-a.example.jp" in text
    assert "shop-b.example.jp" not in text
    assert "電話連絡先なし" not in text
    page = client.get(f"{LIST}{key(people)}/?period=7d").content.decode()
    assert "正常に表示できた時間の割合" in page
    picture = client.get(reverse("portal:site-chart", args=[key(people), "time"]))
    assert picture.content.startswith(b"<svg")
    assert client.get(reverse("portal:site-chart", args=[key(people), "x"])).status_code == 404


def test_a_site_in_trouble_leads_to_the_ticket_that_tells_of_it(client: Client, people: People) -> None:
    client.force_login(people.bob)
    incident = make_incident(people.a, IncidentKind.DDOS)
    assert "/portal/tickets/" not in client.get(reverse("portal:sites")).content.decode().partition("<main")[2]
    Incident.objects.filter(pk=incident.pk).update(told_at=NOW)
    tell_news(now=NOW)
    address = reverse("portal:ticket", args=[Ticket.objects.get().number])
    assert address in client.get(reverse("portal:sites")).content.decode()


def test_the_older_part_of_a_long_incident_is_folded_in_its_ticket(client: Client, people: People) -> None:
    client.force_login(people.bob)
    incident = make_incident(people.a, IncidentKind.DDOS)
    Incident.objects.filter(pk=incident.pk).update(told_at=NOW)
    tell_news(now=NOW)
    for hours in range(30):
        Turn.objects.create(
            incident=incident, at=NOW + timedelta(hours=1 + hours), verdict="slow", sentence=f"{hours} 時間後"
        )
    text = client.get(reverse("portal:ticket", args=[Ticket.objects.get().number])).content.decode()
    older, _, latest = text.partition("<summary>これより前の経過（")[2].partition("</details>")
    assert (older.count(" 時間後"), latest.count(" 時間後")) == (20, 10)


def test_an_approver_plans_a_stop_and_takes_it_back(client: Client, people: People) -> None:
    client.force_login(people.alice)
    address = reverse("portal:stop-new", args=[key(people)])
    assert "自動ではお電話やメールでご連絡しません" in client.get(address).content.decode()
    assert "計画停止を登録しました" in client.post(address, typed(), follow=True).content.decode()
    assert "サーバーの更新" in client.get(STOPS).content.decode()
    row = PlannedStop.objects.get()
    assert "取り消しました" in client.post(f"{STOPS}{row.pk}/cancel/", follow=True).content.decode()
    assert "すでに終了しているか" in client.post(f"{STOPS}{row.pk}/cancel/", follow=True).content.decode()
    assert "終了は開始より後" in client.post(address, typed(3, 1)).content.decode()
    assert PlannedStop.objects.count() == 1


def test_a_reader_sees_stops_but_plans_none(client: Client, people: People) -> None:
    row = make_stop(people.a.sites.get(), people.alice, begins=1, ends=2)
    client.force_login(people.bob)
    page = client.get(STOPS).content.decode()
    assert "佐藤 愛 様" in page
    assert "取り消す" not in page
    assert "計画停止を登録する" not in client.get(f"{LIST}{key(people)}/").content.decode()
    assert client.post(reverse("portal:stop-new", args=[key(people)]), typed()).status_code == 403
    assert client.post(f"{STOPS}{row.pk}/cancel/").status_code == 403
    row.refresh_from_db()
    assert row.cancelled_at is None


def test_a_stranger_finds_nothing(client: Client, people: People) -> None:
    row = make_stop(people.a.sites.get(), people.alice, begins=1, ends=2)
    client.force_login(people.charlie)
    for address in (
        f"{LIST}{key(people)}/",
        reverse("portal:site-chart", args=[key(people), "time"]),
        reverse("portal:stop-new", args=[key(people)]),
        f"{LIST}999999/",
    ):
        assert client.get(address).status_code == 404
    assert client.post(f"{STOPS}{row.pk}/cancel/").status_code == 404
    assert "shop-a" not in client.get(STOPS).content.decode()


def test_of_a_contract_that_has_ended_history_is_left_and_no_stop_can_be_planned(
    client: Client, people: People
) -> None:
    people.a.ends_on = NOW.date()
    people.a.save()
    client.force_login(people.alice)
    assert "計画停止を登録する" not in client.get(f"{LIST}{key(people)}/").content.decode()
    answer = client.post(reverse("portal:stop-new", args=[key(people)]), typed())
    assert "解約日" in answer.content.decode()
    assert not PlannedStop.objects.exists()

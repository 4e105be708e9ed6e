"""The stop switch on the console: managers turn it, everybody of the desk sees it on every page."""

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.accounts.models import SocRole, User
from sakimori.blacklist import stop
from sakimori.blacklist.models import BlockState, Stop
from tests.people import NOW, People, make_block, make_user

SURE = {"reason": "誤検知の調査", "sure": "on"}


@pytest.fixture
def kuroda(people: People) -> User:
    return make_user("kuroda", "黒田", "誠", soc_role=SocRole.MANAGER)


def test_a_manager_stops_and_goes_on_each_with_a_reason(people: People, kuroda: User, client: Client) -> None:
    client.force_login(kuroda)
    for form in ({}, {"reason": "x"}, {"sure": "on"}, {"reason": "あ" * 201, "sure": "on"}):
        assert client.post(reverse("console:stop-on"), form).status_code == 200
    assert not stop.is_on()
    assert "一斉停止しました" in client.post(reverse("console:stop-on"), SURE, follow=True).content.decode()
    assert "すでに停止しています" in client.post(reverse("console:stop-on"), SURE, follow=True).content.decode()
    make_block(people.a, state=BlockState.APPROVED)
    page = client.get(reverse("console:stop")).content.decode()
    assert "1 件を WAF に登録し" in page
    client.post(reverse("console:stop-off"), {"reason": "x"})
    assert stop.is_on()
    text = client.post(reverse("console:stop-off"), SURE, follow=True).content.decode()
    assert "停止を解除し、再開しました" in text
    assert "これまでの停止" in text
    assert "停止していません" in client.post(reverse("console:stop-off"), SURE, follow=True).content.decode()


def test_an_analyst_sees_it_and_may_not_turn_it(people: People, client: Client) -> None:
    client.force_login(people.dana)
    assert "操作できるのは SOC 責任者です" in client.get(reverse("console:stop")).content.decode()
    for name in ("console:stop-on", "console:stop-off"):
        assert client.post(reverse(name), SURE).status_code == 403
    assert not Stop.objects.exists()


@pytest.mark.parametrize("page", ["console:attacks", "console:incidents", "console:tickets", "console:customers"])
def test_every_page_of_the_desk_says_that_all_is_stopped(page: str, people: People, client: Client) -> None:
    client.force_login(people.dana)
    seen = client.get(reverse(page)).context["alarm_mark"]
    stop.stop(by=stop.Hand("kuroda", "黒田 誠"), reason="誤検知の調査", now=NOW)
    text = client.get(reverse(page)).content.decode()
    for part in ("一斉停止しています", "2026/11/23 22:05:07", "黒田 誠", "誤検知の調査"):
        assert part in text, part
    bar = client.get(reverse("console:alarms"), {"seen": seen, "here": "/"})
    assert "一斉停止しています" in bar.content.decode(), "open pages learn of it within seconds"


def test_who_approves_meanwhile_is_told_that_it_waits(people: People, client: Client) -> None:
    stop.stop(by=stop.Hand("kuroda", "黒田 誠"), reason="調査", now=NOW)
    block = make_block(people.a, state=BlockState.PROPOSED)
    client.force_login(people.dana)
    answer = client.post(reverse("console:approve", args=[block.pk]), follow=True)
    assert "再開後に登録します" in answer.content.decode()

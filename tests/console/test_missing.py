"""欠番 on the desk: dismissed with a reason and by name, taken up again, both recorded, and by the SOC only."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.customers.models import AuditEntry
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import utc_now
from sakimori.logs.completeness import sentence_of
from sakimori.logs.health import health_of
from sakimori.logs.models import MissingFiles
from tests.people import People

D = timedelta(days=1)
WHY = {"dismissal": "never", "reason": "ベンダー問い合わせ番号 12345"}


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture
def hole(people: People) -> MissingFiles:
    return MissingFiles.objects.create(
        contract=people.a, prefix="4001", first=10, last=12, noticed_at=utc_now(), was_listed=True
    )


def page(hole: MissingFiles) -> str:
    return reverse("console:missing", args=[hole.pk])


def reopening(hole: MissingFiles) -> str:
    return reverse("console:missing-reopen", args=[hole.pk])


def told_to_the_customer(hole: MissingFiles) -> str:
    now, contract = utc_now(), hole.contract_id
    found = health_of([contract], now=now, limit=D, reaching=now - D)[contract]
    return sentence_of(found.completeness, now=now)


def test_a_hole_that_nobody_will_fill_is_dismissed_with_a_reason_and_told_no_more(
    people: People, desk: Client, hole: MissingFiles
) -> None:
    assert "は未着です（欠番 3 件）" in told_to_the_customer(hole)
    assert page(hole) in desk.get(reverse("console:intake")).content.decode()
    answer = desk.post(page(hole), WHY, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("console:intake")
    hole.refresh_from_db()
    assert (hole.dismissal, hole.dismissal_reason) == (WHY["dismissal"], WHY["reason"])
    assert (hole.dismissed_by_name, hole.dismissed_at is None) == (people.dana.shown_name, False)
    assert "未着" not in told_to_the_customer(hole)
    text = answer.content.decode()
    for part in ("ベンダーに確認済み：欠番（元から存在しない）", WHY["reason"], people.dana.shown_name, "対応済み"):
        assert part in text, part
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.missing.dismiss", "dana", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details == {"first": "4001_10", "last": "4001_12", "why": "never", "reason": WHY["reason"]}


def test_who_was_wrong_takes_it_up_again(desk: Client, hole: MissingFiles) -> None:
    desk.post(page(hole), WHY)
    text = desk.get(page(hole)).content.decode()
    assert WHY["reason"] in text
    assert "未対応に戻す" in text
    for _ in range(2):
        text = desk.post(reopening(hole), follow=True).content.decode()
    assert "すでに未対応です" in text
    assert "は未着です（欠番 3 件）" in told_to_the_customer(hole)
    hole.refresh_from_db()
    assert (hole.dismissed_at, hole.dismissed_by_name, hole.dismissal, hole.dismissal_reason) == (None, "", "", "")
    entries = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(entries) == ["logs.missing.dismiss", "logs.missing.reopen"]


def test_what_was_dismissed_already_stays_as_it_was(people: People, desk: Client, hole: MissingFiles) -> None:
    MissingFiles.objects.update(dismissed_at=utc_now(), dismissed_by_name="別の担当", dismissal="taken")
    text = desk.post(page(hole), WHY, follow=True).content.decode()
    assert "すでに対応済みです" in text
    hole.refresh_from_db()
    assert hole.dismissed_by_name == "別の担当"
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("wrong", [{}, {"dismissal": "never"}, {"dismissal": "x", "reason": "x"}, {"reason": "x"}])
def test_without_a_reason_nothing_is_dismissed(desk: Client, hole: MissingFiles, wrong: dict[str, str]) -> None:
    answer = desk.post(page(hole), wrong)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert MissingFiles.objects.filter(dismissed_at=None).exists()


def test_only_the_soc_may_and_a_hole_that_was_filled_is_gone(
    people: People, client: Client, hole: MissingFiles
) -> None:
    client.force_login(people.alice)
    assert {client.post(path, WHY).status_code for path in (page(hole), reopening(hole))} <= {403, 404}
    assert MissingFiles.objects.filter(dismissed_at=None).exists()
    client.force_login(people.dana)
    pk = hole.pk
    hole.delete()
    hole.pk = pk
    assert {client.post(path, WHY).status_code for path in (page(hole), reopening(hole))} == {404}


def test_what_is_open_comes_first_and_what_finds_no_room_is_counted(people: People, desk: Client) -> None:
    for number in range(25):
        MissingFiles.objects.create(
            contract=people.a,
            prefix="7",
            first=number * 2,
            last=number * 2,
            noticed_at=utc_now() - number * D,
            dismissed_at=utc_now() if number < 3 else None,
        )
    answer = desk.get(reverse("console:intake"))
    assert [row.first // 2 for row in answer.context["losses"].missing] == list(range(3, 23))
    assert "ほかに 5 件あります" in answer.content.decode()

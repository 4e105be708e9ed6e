"""Security news at the desk: clear refusals, approval by a second person, progress of the mails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori.advisories import actions
from sakimori.advisories.duties import mail_advisories
from sakimori.advisories.models import Advisory, AdvisoryState
from sakimori.notify.models import Delivery, DeliveryState
from tests.people import People
from tests.reports.desk import NOW, make_contacts, make_erin

FORM = {
    "title": "脆弱性に関する注意喚起",
    "body": "一行目です。\r\n<script>alert(1)</script>",
    "sources": "https://www.example.jp/alert",
}


@pytest.fixture
def draft(people: People) -> Advisory:
    return actions.write(title="件名です", body="本文です。", sources="", by=people.dana, now=NOW)


def _get(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(f"console:{name}", args=args)).content.decode()


def _post(client: Client, name: str, pk: int, form: dict[str, str]) -> str:
    return client.post(reverse(f"console:{name}", args=[pk]), form, follow=True).content.decode()


def test_only_the_desk_gets_in(people: People, draft: Advisory, client: Client) -> None:
    names = [("advisories", []), ("advisory-new", []), ("advisory", [draft.pk]), ("advisory-edit", [draft.pk])]
    for page in [reverse(f"console:{name}", args=args) for name, args in names]:
        for person, expected in (("alice", 404), ("bob", 404), ("charlie", 404), ("dana", 200)):
            client.force_login(getattr(people, person))
            assert client.get(page).status_code == expected, (page, person)
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(reverse("console:advisory-new"), FORM).status_code == 404
        for name in ("advisory-edit", "advisory-approve", "advisory-withdraw"):
            assert client.post(reverse(f"console:{name}", args=[draft.pk]), FORM).status_code == 404
    found = Advisory.objects.get()
    assert (found.title, found.state) == ("件名です", AdvisoryState.DRAFT)


def test_it_is_written_refused_to_its_author_and_approved_by_another(people: People, client: Client) -> None:
    make_contacts(people.a)
    client.force_login(people.dana)
    answer = client.post(reverse("console:advisory-new"), FORM, follow=True)
    found = Advisory.objects.get()
    text = answer.content.decode()
    assert "下書きを保存しました" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "【情報提供】脆弱性に関する注意喚起" in text
    assert "あなたです" in text
    seen = answer.context["seen"]
    assert "本人は承認できません" in _post(client, "advisory-approve", found.pk, {"seen": seen})
    client.force_login(make_erin())
    assert "あなたです" not in _get(client, "advisory", found.pk)
    assert "順に配信します" in _post(client, "advisory-approve", found.pk, {"seen": seen})
    mail_advisories(now=NOW.replace(year=2099))
    Delivery.objects.filter(address="contact1@a.example.jp").update(state=DeliveryState.REFUSED)
    text = _get(client, "advisory", found.pk)
    for part in ("送信待ち</dt><dd>1 通", "送信済み</dt><dd>0 通", "1 通</span>", "contact1@a.example.jp", "（1 社）"):
        assert part in text, part
    assert "「承認済み」のため、変更できません" in _post(client, "advisory-edit", found.pk, FORM)
    assert "脆弱性に関する注意喚起" in _get(client, "advisories")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": ""}, "件名を入力してください"),
        ({"title": "あ" * 101}, "100 文字以内で入力してください"),
        ({"title": "a\u202eb"}, "制御文字（U+202E）"),
        ({"body": "  \r\n "}, "本文を入力してください"),
        ({"body": "あ" * 10_001}, "10,000 文字以内で入力してください"),
        ({"body": "a\x1bb"}, "制御文字（U+001B）"),
        ({"sources": "javascript:alert(1)"}, "情報源の 1 行目は"),
    ],
)
def test_bad_input_is_named_and_nothing_is_saved(
    wrong: dict[str, str], words: str, people: People, client: Client
) -> None:
    client.force_login(people.dana)
    text = client.post(reverse("console:advisory-new"), {**FORM, **wrong}).content.decode()
    assert words in text
    assert 'aria-invalid="true"' in text
    assert not Advisory.objects.exists()


def test_a_draft_is_changed_and_withdrawn(people: People, draft: Advisory, client: Client) -> None:
    client.force_login(people.dana)
    assert "件名です" in _get(client, "advisory-edit", draft.pk)
    assert "変更しました" in _post(client, "advisory-edit", draft.pk, FORM)
    assert Advisory.objects.get().body == "一行目です。\n<script>alert(1)</script>"
    assert "取り下げました" in _post(client, "advisory-withdraw", draft.pk, {})
    assert "「取り下げ」のため、変更できません" in _post(client, "advisory-withdraw", draft.pk, {})
    assert "承認して配信する" not in _get(client, "advisory", draft.pk)


def test_approving_needs_a_post_and_a_row(people: People, draft: Advisory, client: Client) -> None:
    client.force_login(people.dana)
    assert client.get(reverse("console:advisory-approve", args=[draft.pk])).status_code == 405
    assert client.post(reverse("console:advisory-approve", args=[draft.pk + 1])).status_code == 404


def test_the_number_of_queries_does_not_grow(
    people: People, client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(10):
        actions.write(title=f"件名 {number}", body="本文です。", sources="", by=people.dana, now=NOW)
    client.force_login(people.dana)
    with django_assert_max_num_queries(8):
        assert _get(client, "advisories").count("件名 ") == 10

"""An attack by proxy on the console: one case, its addresses, and what kind of shared address is asked about."""

from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import BlockState
from sakimori.blacklist.reasons import Reason
from tests.people import People, make_block, make_proxy_case


def _get(client: Client, people: People, name: str, *args: object) -> str:
    client.force_login(people.dana)
    return client.get(reverse(f"console:{name}", args=args)).content.decode()


def test_a_case_shows_what_is_attacked_and_by_how_many(people: People, client: Client) -> None:
    case = make_proxy_case(people.a)
    make_block(people.a, "198.51.100.1", state=BlockState.PROPOSED, proxy_case=case, reason=Reason.ATTACK_BY_PROXY)
    make_block(people.a, "198.51.100.2", state=BlockState.ACTIVE, proxy_case=case)
    make_block(people.a, "198.51.100.3", state=BlockState.ACTIVE)
    text = _get(client, people, "proxy-case", case.pk)
    for part in (
        "12 件",
        "198.51.100.1",
        "198.51.100.2",
        "踏み台の疑い",
        "1 件のアドレスは、すでに遮断中",
        "株式会社さくら商店",
    ):
        assert part in text, part
    assert "198.51.100.3" not in text
    assert "<script>alert(1)" not in text
    assert "\u202e" not in text


def test_a_case_without_blocks_says_so(people: People, client: Client) -> None:
    text = _get(client, people, "proxy-case", make_proxy_case(people.a, parameters="").pk)
    assert "判断を待っている IP アドレスはありません" in text
    assert "なし" in text


def test_the_work_list_has_cases_with_something_to_decide(people: People, client: Client) -> None:
    case, settled = make_proxy_case(people.a), make_proxy_case(people.b)
    make_block(people.a, "198.51.100.1", state=BlockState.PROPOSED, proxy_case=case)
    make_block(people.b, "198.51.100.2", state=BlockState.ACTIVE, proxy_case=settled)
    text = _get(client, people, "attacks")
    assert text.count("踏み台攻撃の疑い（送信元 12 件）") == 1
    assert text.count(reverse("console:proxy-case", args=[case.pk])) == 2
    assert reverse("console:proxy-case", args=[settled.pk]) not in text


def test_the_question_names_the_kind_of_shared_address(people: People, client: Client) -> None:
    asked = make_block(people.a, "126.33.0.1", state=BlockState.PROPOSED, reason=Reason.SHARED_MOBILE)
    other = make_block(people.a, "106.73.0.1", state=BlockState.PROPOSED, reason=Reason.KIND_ASKS)
    plain = make_block(people.a, "198.51.100.1", state=BlockState.PROPOSED)
    listed = _get(client, people, "attacks")
    assert "共有アドレス：携帯電話会社の回線" in listed
    assert "共有アドレス：IPv4 アドレス共有" in listed
    assert "携帯電話会社のアドレスのため、アナリストが判断します" in listed
    assert "携帯電話会社の回線" in _get(client, people, "block", asked.pk)
    assert "MAP-E・DS-Lite" in _get(client, people, "block", other.pk)
    assert "共有アドレス" not in _get(client, people, "block", plain.pk)

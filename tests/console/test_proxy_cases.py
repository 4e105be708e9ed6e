"""An attack by proxy on the console: one case, its addresses, and what kind of shared address is asked about."""

from django.test import Client
from django.urls import reverse

from sakimori.blacklist.models import Block, BlockState
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


def test_the_work_list_has_a_case_as_one_row(people: People, client: Client) -> None:
    case, settled = make_proxy_case(people.a), make_proxy_case(people.b)
    for number in range(3):
        make_block(people.a, f"198.51.100.{number}", state=BlockState.PROPOSED, proxy_case=case)
    make_block(people.a, "198.51.100.9", state=BlockState.FAILED, proxy_case=case)
    make_block(people.b, "198.51.100.5", state=BlockState.ACTIVE, proxy_case=settled)
    text = _get(client, people, "attacks")
    assert "踏み台攻撃の疑い：同じ URL への攻撃" in text
    assert "198.51.100.1" not in text
    assert "198.51.100.9" in text
    assert text.count(reverse("console:proxy-case", args=[case.pk])) == 2
    assert reverse("console:proxy-case", args=[settled.pk]) not in text


def test_all_that_wait_under_a_case_are_refused_at_once(people: People, client: Client) -> None:
    case = make_proxy_case(people.a)
    for number, state in enumerate((BlockState.PROPOSED, BlockState.PROPOSED, BlockState.ACTIVE, BlockState.RESTORED)):
        make_block(people.a, f"198.51.100.{number}", state=state, proxy_case=case)
    make_block(people.a, "198.51.100.99", state=BlockState.PROPOSED)
    page = reverse("console:proxy-case-refuse", args=[case.pk])
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        assert client.post(page).status_code == 404
    client.force_login(people.dana)
    assert client.get(page).status_code == 405
    assert "判断待ちの 2 件を却下しました。" in client.post(page, follow=True).content.decode()
    refused = Block.objects.filter(state=BlockState.REFUSED, decided_by=people.dana)
    assert [block.address for block in refused.order_by("pk")] == ["198.51.100.0", "198.51.100.1"]
    assert "判断待ちの 0 件を却下しました。" in client.post(page, follow=True).content.decode()


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

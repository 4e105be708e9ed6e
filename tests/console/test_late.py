"""The page 遅れて届いた検知: one list, by keyboard, one by one or many; only the desk."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.blacklist.models import Block, BlockState, Finding, FindingState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Contract
from sakimori.incidents.models import LateSignal
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from tests.incidents.rows import make_late_signal
from tests.people import People, make_block, make_finding

PAGE = "console:late"


@pytest.fixture
def desk(people: People, client: Client) -> Client:
    client.force_login(people.dana)
    return client


@pytest.fixture(autouse=True)
def _store(log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "log_store", lambda: log_store)


def late(contract: Contract, address: str = "198.51.100.7", **columns: object) -> Finding:
    return make_finding(contract, address, **{"state": FindingState.LATE, "reason": Reason.LATE, **columns})


def shown(desk: Client, **query: object) -> str:
    return desk.get(reverse(PAGE), query).content.decode()  # type: ignore[arg-type]


def post(desk: Client, name: str, **data: object) -> str:
    return desk.post(reverse(f"console:{name}"), data, follow=True).content.decode()  # type: ignore[arg-type]


def waiting() -> int:
    return Finding.objects.filter(state=FindingState.LATE).count()


def test_a_group_is_one_row_with_all_that_an_analyst_needs(people: People, desk: Client) -> None:
    late(people.a)
    late(people.a)
    block = make_block(people.b, "203.0.113.9")
    late(people.b, "203.0.113.9", kind="backdoor", name="\u202eBackdoor")
    late(people.a, "")
    text = shown(desk)
    for part in (
        "届いた時点で 1 時間より古い",
        "198.51.100.7",
        "株式会社さくら商店",
        "契約 K-A-001",
        "shop-a.example.jp",
        "SQLインジェクション",
        "遮断 6・通過 2",
        "国：日本（JP）",
        "2026/11/23 22:02:07",
        "アドレスなし",
        "&lt;U+202E&gt;Backdoor",
        "遮断中",
        reverse("console:block", args=[block.pk]),
        "3 件すべてを確認済みにする",
    ):
        assert part in text, part
    assert text.count("<tr data-row") == 3
    assert (text.count('data-key="a"'), text.count('data-key="r"')) == (2, 3)


def test_nothing_late_is_said(desk: Client) -> None:
    assert "遅れて届いた攻撃の検知はありません。" in shown(desk)


def test_the_list_is_narrowed_by_customer(people: People, desk: Client) -> None:
    late(people.a, "198.51.100.1")
    late(people.b, "198.51.100.2")
    text = shown(desk, customer=people.b.customer_id)
    assert "198.51.100.2" in text
    assert "198.51.100.1" not in text
    assert "正しく選択してください" in shown(desk, customer="x")


def test_the_chosen_ones_are_dismissed_and_the_page_is_shown_again(people: People, desk: Client) -> None:
    rows = [late(people.a, f"198.51.100.{number}") for number in range(3)]
    here = reverse(PAGE) + "?page=1"
    answer = desk.post(reverse("console:late-dismiss"), {"chosen": [rows[0].pk, rows[2].pk], "next": here})
    assert answer.headers["Location"] == here
    assert Finding.objects.get(state=FindingState.LATE) == rows[1]
    assert "遅れて届いた検知 2 件を確認済みにしました。" in shown(desk)


@pytest.mark.parametrize("name", ["late-dismiss", "late-block"])
@pytest.mark.parametrize("chosen", [[], ["x"], ["9" * 15], ["²"]])
def test_who_chose_nothing_is_told_so(name: str, chosen: list[str], people: People, desk: Client) -> None:
    late(people.a)
    assert "対象の検知がありません" in post(desk, name, chosen=chosen)
    assert (waiting(), Block.objects.count()) == (1, 0)


def test_a_finding_that_is_not_late_is_not_touched(people: People, desk: Client) -> None:
    row = make_finding(people.a, "198.51.100.7")
    assert "対象の検知がありません" in post(desk, "late-dismiss", chosen=row.pk)
    row.refresh_from_db()
    assert row.state == FindingState.ASK


def test_all_that_is_shown_is_dismissed_but_not_what_came_since(people: People, desk: Client) -> None:
    newest = max(late(people.a, f"198.51.100.{number}").pk for number in range(60))
    other = late(people.b)
    since = late(people.a, "198.51.100.99")
    assert f'name="newest" value="{since.pk}"' in shown(desk)
    post(desk, "late-dismiss-all", newest=newest, customer=people.a.customer_id)
    assert set(Finding.objects.filter(state=FindingState.LATE)) == {other, since}
    post(desk, "late-dismiss-all", newest=since.pk, customer="")
    assert waiting() == 0
    late(people.a)
    assert "対象の検知がありません" in post(desk, "late-dismiss-all", newest="x")


def test_addresses_are_blocked_after_all_and_what_the_guard_says_is_told(people: People, desk: Client) -> None:
    make_block(people.a, "198.51.100.50")
    rows = [late(people.a, address) for address in ("198.51.100.7", "10.0.0.1", "198.51.100.50", "")]
    text = post(desk, "late-block", chosen=[row.pk for row in rows])
    for part in (
        "198.51.100.7：登録を承認しました。",
        "10.0.0.1：インターネット上の利用者のアドレスではないため、登録できません。",
        "198.51.100.50：すでに登録または解除の手続き中のため",
        "（アドレスなし）：送信元アドレスを特定できないため",
    ):
        assert part in text, part
    assert Block.objects.get(address="198.51.100.7").state == BlockState.APPROVED
    assert waiting() == 2


def test_many_addresses_are_told_briefly(people: People, desk: Client) -> None:
    rows = [late(people.a, f"198.51.100.{number}") for number in range(7)]
    assert "198.51.100.4 ほか 2 件：登録を承認しました。" in post(desk, "late-block", chosen=[row.pk for row in rows])


def test_while_good_traffic_cannot_be_asked_for_nothing_is_blocked(
    people: People, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr("sakimori.blacklist.facts.gather", unavailable)
    assert "正常な通信を確認できません" in post(desk, "late-block", chosen=late(people.a).pk)
    assert (waiting(), Block.objects.count()) == (1, 0)


def test_signals_are_shown_and_seen(people: People, desk: Client) -> None:
    row = make_late_signal(people.a)
    make_late_signal(people.b, site=None, site_name="\u202eold.example.jp", kind="origin_down")
    text = shown(desk)
    for part in ("shop-a.example.jp", "DDoS 攻撃", "&lt;U+202E&gt;old.example.jp", "登録されていないサイト", "2 件"):
        assert part in text, part
    answer = desk.post(reverse("console:late-signal", args=[row.pk]), follow=True)
    assert "shop-a.example.jp の遅れて届いた検知を確認済みにしました。" in answer.content.decode()
    assert LateSignal.objects.get(seen_at=None).site is None


def test_only_the_desk_decides(people: People, client: Client) -> None:
    row, signal = late(people.a), make_late_signal(people.a)
    addresses = [reverse(f"console:{name}") for name in ("late-dismiss", "late-dismiss-all", "late-block")]
    for person in ("alice", "bob", "charlie"):
        client.force_login(getattr(people, person))
        for address in (*addresses, reverse("console:late-signal", args=[signal.pk])):
            assert client.post(address, {"chosen": row.pk, "newest": row.pk}).status_code == 404
    signal.refresh_from_db()
    assert (waiting(), signal.seen_at) == (1, None)


def test_the_number_of_queries_does_not_grow(
    people: People, desk: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(60):
        late(people.a, f"198.51.100.{number}")
        make_block(people.b, f"203.0.113.{number}")
        late(people.b, f"203.0.113.{number}")
        make_late_signal(people.a, site_name=f"{number}.example.jp")
    with django_assert_max_num_queries(14):
        assert shown(desk).count("<tr data-row") == 50

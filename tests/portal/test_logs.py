"""The log page: who has it, what it finds, what it says to wrong input, and that the SOC's reading is recorded."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.customers.models import AuditEntry, Contract
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import JST, utc_now
from sakimori.logs import search
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.portal import logs as page_module
from tests.people import People

ADDRESS = "198.51.100.44"


@pytest.fixture
def store(log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    """Customer A has the option, and two events each lie in the store for A and B."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    for contract, site in ((people.a, "shop-a.example.jp"), (people.b, "shop-b.example.jp")):
        log_store.append(
            [(1, _event(site, ADDRESS, minutes=5)), (2, _event(site, "203.0.113.9", minutes=9))],
            contract_id=contract.pk,
            file_id=contract.pk,
        )
    return log_store


def _event(site: str, address: str, *, minutes: int) -> Event:
    return Event(
        time=utc_now() - timedelta(minutes=minutes),
        request_id=f"{site}-{minutes}",
        site=site,
        client_ip=address,
        country="JP",
        attack_kind=AttackKind.SQL_INJECTION,
        attack_kinds=(AttackKind.SQL_INJECTION,),
        outcome=Outcome.BLOCKED,
        method="GET",
        url=f"{site}/<script>\u202e",
        query="id=1",
        extra={"new": "欄"},
        line="CEF:0|原文",
    )


def _get(client: Client, **query: str) -> str:
    answer = client.get(f"{reverse('portal:logs')}?{urlencode(query)}")
    assert answer.status_code == 200
    return answer.content.decode()


def _local(minutes: float) -> str:
    return (utc_now() + timedelta(minutes=minutes)).astimezone(JST).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(("person", "status"), [("alice", 200), ("bob", 200), ("charlie", 404), ("dana", 200)])
def test_only_a_customer_with_the_option_has_the_page(
    person: str, status: int, store: LogStore, people: People, client: Client
) -> None:
    client.force_login(getattr(people, person))
    assert client.get(reverse("portal:logs")).status_code == status
    foreign = f"{reverse('portal:logs')}?contract={people.a.number}"
    assert client.get(foreign).status_code == status
    if person != "dana":
        menu = client.get(reverse("portal:tickets")).content.decode()
        assert ("ログ検索" in menu) == (status == 200)


def test_a_stranger_is_sent_to_the_sign_in_page(store: LogStore, client: Client) -> None:
    assert client.get(reverse("portal:logs")).status_code == 302


def test_a_contract_without_the_option_is_not_there_for_the_soc_either(
    store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.dana)
    assert client.get(f"{reverse('portal:logs')}?contract={people.b.number}").status_code == 404


def test_an_event_is_shown_with_everything_and_stays_text(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    text = _get(client)
    for part in (ADDRESS, "203.0.113.9", "SQLインジェクション", "遮断", "国：JP", "CEF:0|原文", "new=欄"):
        assert part in text, part
    assert "GET shop-a.example.jp/&lt;script&gt;&lt;U+202E&gt;?id=1" in text
    assert "\u202e" not in text
    assert "shop-b" not in text
    assert text.index(ADDRESS) < text.index("203.0.113.9")


def test_an_address_or_a_network_narrows(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    one = _get(client, address=ADDRESS)
    assert "新しい順、1 件" in one
    assert "203.0.113.9" not in one
    assert "新しい順、1 件" in _get(client, address=" 203.0.113.0/24 ")
    assert "条件に合うログはありません" in _get(client, address="192.0.2.1")


def test_a_period_narrows(store: LogStore, people: People, client: Client) -> None:
    client.force_login(people.alice)
    assert "新しい順、1 件" in _get(client, begins=_local(-7), ends=_local(1))
    assert "条件に合うログはありません" in _get(client, begins=_local(-3), ends=_local(1))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"address": "さくら"}, "IP アドレスまたはネットワークとして読み取れません"),
        ({"address": "198.51.100.7'; DROP"}, "IP アドレスまたはネットワークとして読み取れません"),
        ({"begins": "昨日"}, "日時を正しく入力してください"),
        ({"begins": "2026-13-45T99:99"}, "日時を正しく入力してください"),
        ({"begins": "2020-01-01T00:00"}, "以降のものです"),
        ({"begins": "2999-01-01T00:00"}, "開始日時より後にしてください"),
        ({"address": "x" * 65}, "64"),
    ],
)
def test_wrong_input_is_answered_with_a_sentence_and_no_search(
    query: dict[str, str], sentence: str, store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.alice)
    text = _get(client, **query)
    assert sentence in text
    assert "<table" not in text
    assert "条件に合うログはありません" not in text


def test_further_pages_keep_the_search(
    store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "PER_PAGE", 1)
    client.force_login(people.alice)
    first = _get(client, address="0.0.0.0/0")
    assert "1 / 2 ページ" in first
    assert "address=0.0.0.0%2F0" in first
    second = _get(client, address="0.0.0.0/0", page="2")
    assert "203.0.113.9" in second
    assert ADDRESS not in second
    assert "2 / 2 ページ" in _get(client, page="999")


def test_very_many_rows_are_said_to_be_too_many(
    store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_ROWS", 1)
    client.force_login(people.alice)
    assert "画面に表示できるのは新しい方から 1 件まで" in _get(client)


def test_a_store_that_takes_too_long_is_told_in_a_sentence(
    store: LogStore, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> int:
        raise StoreUnavailable("159")

    monkeypatch.setattr(search, "count", slow)
    client.force_login(people.alice)
    assert "検索を完了できませんでした" in _get(client)


def test_a_very_long_text_is_cut(store: LogStore, people: People, client: Client) -> None:
    long = _event("shop-a.example.jp", "192.0.2.77", minutes=1)._replace(line="x" * 50_000)
    store.append([(1, long)], contract_id=people.a.pk, file_id=99)
    client.force_login(people.alice)
    assert "…（以下省略）" in _get(client, address="192.0.2.77")


def test_what_the_soc_reads_is_recorded_and_what_a_customer_reads_is_not(
    store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.alice)
    _get(client)
    assert not AuditEntry.objects.exists()
    client.force_login(people.dana)
    _get(client, address=ADDRESS)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.read", "dana", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["address"] == f"{ADDRESS}/32"


@pytest.mark.parametrize("keeps", [True, False])
def test_without_access_lines_the_page_says_that_good_traffic_cannot_be_known(
    store: LogStore, people: People, client: Client, keeps: bool
) -> None:
    Contract.objects.filter(pk=people.a.pk).update(keeps_access_lines=keeps)
    client.force_login(people.alice)
    assert ("正常な通信の有無を判定できません" in _get(client)) is not keeps

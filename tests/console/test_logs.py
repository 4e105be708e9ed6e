"""The log search at the SOC's desk: every contract, in the console's frame, and each reading recorded."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.customers.models import AuditEntry, Contract
from sakimori.lib.calendar import written_day
from sakimori.lib.jst import day_of, milliseconds, utc_now
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore
from tests.japanese.test_structure import faults_of
from tests.people import People, make_block, make_finding

PAGES = ("console:logs", "console:log-lists")


@pytest.fixture
def store(log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    """One event each of A and B; neither has the option."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    for contract, site in ((people.a, "shop-a.example.jp"), (people.b, "shop-b.example.jp")):
        event = Event(time=utc_now() - timedelta(minutes=5), site=site, client_ip="198.51.100.7", line="原文")
        log_store.append([(1, event)], contract_id=contract.pk, file_id=contract.pk)
    return log_store


@pytest.fixture
def dana(store: LogStore, people: People, client: Client) -> Client:
    """Dana's browser."""
    client.force_login(people.dana)
    return client


def _get(client: Client, view: str = "console:logs", **query: str) -> str:
    answer = client.get(f"{reverse(view)}?{urlencode(query)}")
    assert answer.status_code == 200
    return answer.content.decode()


def _event_address(store: LogStore, contract: Contract) -> str:
    row = store.query("SELECT time FROM events WHERE contract_id = {c:UInt32}", {"c": contract.pk})[0]
    return reverse("console:log-event", args=[contract.number, milliseconds(row["time"]), contract.pk, 1])


@pytest.mark.parametrize("person", ["alice", "bob", "charlie"])
def test_customers_are_not_let_in(person: str, store: LogStore, people: People, client: Client) -> None:
    """Not even to their own contract's log: the portal has a page for that."""
    Contract.objects.update(keeps_logs=True)
    client.force_login(getattr(people, person))
    for contract in (people.a, people.b):
        for view in PAGES:
            assert client.get(f"{reverse(view)}?contract={contract.number}").status_code == 404
        assert client.get(_event_address(store, contract)).status_code == 404
    assert client.get(reverse("console:logs")).status_code == 404


def test_nobodys_log_is_read_before_a_contract_is_chosen(dana: Client, people: People) -> None:
    text = _get(dana)
    assert f"?contract={people.a.number}" in text
    assert f"?contract={people.b.number}" in text
    assert "shop-a.example.jp" not in text
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("letter", ["a", "b"])
def test_any_contract_is_searched_in_the_frame_of_the_console(letter: str, dana: Client, people: People) -> None:
    contract = getattr(people, letter)
    text = _get(dana, contract=contract.number)
    assert "SOC コンソール" in text
    assert f"shop-{letter}.example.jp" in text
    assert "新しい順、1 件" in text
    assert "ログ保管オプションがないため" in text
    assert "/portal/logs" not in text
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.target) == ("logs.read", "dana", f"contract:{contract.pk}")


def test_lists_and_events_are_recorded_too(dana: Client, store: LogStore, people: People) -> None:
    assert "198.51.100.7" in _get(dana, "console:log-lists", contract=people.a.number)
    event = dana.get(_event_address(store, people.a)).content.decode()
    assert "原文" in event
    assert "SOC コンソール" in event
    assert f'href="{reverse("console:logs")}?contract={people.a.number}&begins=' in unescape(event)
    assert AuditEntry.objects.filter(action="logs.read", actor="dana").count() == 2


def test_what_is_kept_depends_on_the_option(dana: Client, people: People) -> None:
    since = day_of(utc_now()) - timedelta(days=75)
    assert f"{written_day(since)}以降" in _get(dana, contract=people.a.number)
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    assert "過去 3 か月分" in _get(dana, contract=people.a.number)


def test_a_contract_that_does_not_exist_is_not_there(dana: Client) -> None:
    for view in PAGES:
        assert dana.get(f"{reverse(view)}?contract=K-X").status_code == 404
    assert dana.get(reverse("console:log-lists")).status_code == 404


def test_the_menu_leads_to_it(dana: Client) -> None:
    menu = _get(dana).partition('<div class="menu"')[2].partition("</nav>")[0]
    assert f'<a href="{reverse("console:logs")}" aria-current="page">ログ検索</a>' in menu


def test_the_desks_pages_can_be_heard_and_used_by_keyboard(dana: Client, store: LogStore, people: People) -> None:
    pages = (
        _get(dana),
        _get(dana, contract=people.a.number, lists="1", bars="attack_kind"),
        dana.get(_event_address(store, people.a)).content.decode(),
    )
    assert [faults_of(page) for page in pages] == [[], [], []]


def test_a_block_and_a_finding_lead_to_the_log_of_their_address(dana: Client, people: People) -> None:
    block = make_block(people.a, "198.51.100.7")
    finding = make_finding(people.a, "198.51.100.7")
    for page in (reverse("console:block", args=[block.pk]), reverse("console:finding", args=[finding.pk])):
        link = re.search(r'href="([^"]+)">この接続元のログを検索する', dana.get(page).content.decode())
        assert link is not None
        found = dana.get(unescape(link[1])).content.decode()
        assert "新しい順、1 件" in found
        assert "接続元 IP アドレス：198.51.100.7" in found

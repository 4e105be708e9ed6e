"""The log page: who has it, what it finds, its links, chart and lists, and what it says to wrong input."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from sakimori import backends
from sakimori.customers.models import AuditEntry, Contract, Site
from sakimori.customers.secrets import open_details
from sakimori.lib.jst import JST, milliseconds, utc_now
from sakimori.logs import pages, search
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore, StoreError, StoreUnavailable
from tests.japanese.test_structure import faults_of
from tests.japanese.text import foreign_texts
from tests.people import People

ADDRESS = "198.51.100.44"
OTHER = "203.0.113.9"


@pytest.fixture
def store(log_store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch) -> LogStore:
    """Customer A has the option, and two events each lie in the store for A and B."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    Contract.objects.filter(pk=people.a.pk).update(keeps_logs=True)
    for contract, site in ((people.a, "shop-a.example.jp"), (people.b, "shop-b.example.jp")):
        log_store.append(
            [(1, _event(site, ADDRESS, minutes=5)), (2, _event(site, OTHER, minutes=9))],
            contract_id=contract.pk,
            file_id=contract.pk,
        )
    return log_store


@pytest.fixture
def alice(store: LogStore, people: People, client: Client) -> Client:
    """Alice's browser."""
    client.force_login(people.alice)
    return client


def _event(site: str, address: str, *, minutes: int) -> Event:
    is_first = address == ADDRESS
    return Event(
        time=utc_now() - timedelta(minutes=minutes),
        request_id=f"{site}-{minutes}",
        site=site,
        client_ip=address,
        country="JP" if is_first else "US",
        attack_kind=AttackKind.SQL_INJECTION if is_first else AttackKind.BAD_BOT,
        attack_kinds=(AttackKind.SQL_INJECTION if is_first else AttackKind.BAD_BOT,),
        outcome=Outcome.BLOCKED if is_first else Outcome.CHALLENGED,
        method="GET",
        url=f"{site}/<script>\u202e" if is_first else f"{site}/robots.txt",
        query="id=1",
        rule_names=('SQL\'s "rule"',) if is_first else (),
        extra={"new": "欄"},
        line="CEF:0|原文",
    )


def _get(
    client: Client, view: str = "portal:logs", *, parameters: list[tuple[str, str]] | None = None, **query: str
) -> str:
    answer = client.get(f"{reverse(view)}?{urlencode(parameters or query)}")
    assert answer.status_code == 200
    return answer.content.decode()


def _follow(client: Client, link: str) -> str:
    """Open a link of the log page."""
    answer = client.get(urljoin(reverse("portal:logs"), link))
    assert answer.status_code == 200
    return answer.content.decode()


def _local(minutes: float) -> str:
    return (utc_now() + timedelta(minutes=minutes)).astimezone(JST).strftime("%Y-%m-%dT%H:%M")


def _rows(text: str) -> str:
    return text.partition('<table class="cards log-rows events">')[2].partition("</table>")[0]


def _link(text: str, words: str) -> str:
    """The address of the first link that holds these words."""
    found = [
        match for match in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', text, re.DOTALL) if words in match[1]
    ]
    return unescape(found[0][0])


def _event_address(people: People, store: LogStore, contract: Contract | None = None) -> str:
    of = contract or people.a
    row = store.query(
        "SELECT time, file_id, line_no FROM events WHERE contract_id = {c:UInt32} AND line_no = 1", {"c": of.pk}
    )[0]
    return reverse("portal:log-event", args=[of.number, milliseconds(row["time"]), row["file_id"], 1])


@pytest.mark.parametrize(("person", "status"), [("alice", 200), ("bob", 200), ("charlie", 404), ("dana", 200)])
def test_only_a_customer_with_the_option_has_the_pages(
    person: str, status: int, store: LogStore, people: People, client: Client
) -> None:
    client.force_login(getattr(people, person))
    assert client.get(reverse("portal:logs")).status_code == status
    query = urlencode({"contract": people.a.number})
    for page in ("portal:logs", "portal:log-lists"):
        assert client.get(f"{reverse(page)}?{query}").status_code == status
    assert client.get(_event_address(people, store)).status_code == status
    if person != "dana":
        menu = client.get(reverse("portal:tickets")).content.decode()
        assert ("ログ検索" in menu) == (status == 200)


def test_an_event_of_another_contract_is_not_there(alice: Client, store: LogStore, people: People) -> None:
    """Neither under its own contract, which is foreign, nor under hers, where it does not lie."""
    foreign = _event_address(people, store, people.b)
    assert alice.get(foreign).status_code == 404
    assert alice.get(foreign.replace(people.b.number, people.a.number)).status_code == 404


def test_an_event_that_is_older_than_what_is_kept_is_not_there(alice: Client, store: LogStore, people: People) -> None:
    old = _event("shop-a.example.jp", ADDRESS, minutes=100 * 24 * 60)
    store.append([(1, old)], contract_id=people.a.pk, file_id=77)
    place = f"{milliseconds(old.time)}-77-1"
    assert alice.get(f"{reverse('portal:logs')}{people.a.number}/{place}/").status_code == 404


@pytest.mark.parametrize("place", ["0-0-0", "99999999999999999999-1-1", "1-99999999999999999999-1", "1-1-99999999999"])
def test_a_place_without_event_is_not_there(alice: Client, people: People, place: str) -> None:
    assert alice.get(f"{reverse('portal:logs')}{people.a.number}/{place}/").status_code == 404


@pytest.mark.parametrize("page", ["portal:logs", "portal:log-lists"])
def test_a_stranger_is_sent_to_the_sign_in_page(page: str, store: LogStore, client: Client) -> None:
    assert client.get(reverse(page)).status_code == 302


def test_a_contract_without_the_option_is_not_there_for_the_soc_either(
    store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.dana)
    assert client.get(f"{reverse('portal:logs')}?contract={people.b.number}").status_code == 404


def test_the_list_shows_events_as_text_and_of_this_contract_only(alice: Client) -> None:
    text = _get(alice)
    for part in (ADDRESS, OTHER, "SQLインジェクション", "遮断", "国：日本（JP）", "悪性ボット"):
        assert part in _rows(text), part
    assert "GET shop-a.example.jp/&lt;script&gt;&lt;U+202E&gt;?id=1" in text
    assert "\u202e" not in text
    assert "shop-b" not in text
    assert _rows(text).index(ADDRESS) < _rows(text).index(OTHER)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_all_of_an_event_is_a_page_and_a_part(
    alice: Client, store: LogStore, people: People, headers: dict[str, str]
) -> None:
    text = alice.get(_event_address(people, store), headers=headers).content.decode()
    for part in ("CEF:0|原文", "new=欄", "発生時刻", "接続元 IP アドレス", "shop-a.example.jp-5", "この値を除外"):
        assert part in text, part
    assert "\u202e" not in text
    assert ("<html" in text) == (not headers)


def test_the_list_leads_to_all_of_an_event_and_back(alice: Client) -> None:
    page = _get(alice, country="JP")
    event = _follow(alice, _link(page, "別のページで開く"))
    assert "CEF:0|原文" in event
    back = _follow(alice, _link(event, "ログ検索へ戻る"))
    assert "新しい順、1 件" in back
    narrowed = _follow(alice, _link(event, "この値で絞り込む"))
    assert "国：日本（JP）" in narrowed
    assert "サイト：shop-a.example.jp" in narrowed


def test_values_in_an_address_narrow_or_rule_out(alice: Client) -> None:
    one = _get(alice, address=ADDRESS)
    assert "新しい順、1 件" in one
    assert OTHER not in _rows(one)
    assert "新しい順、1 件" in _get(alice, address=" 203.0.113.0/24 ")
    assert OTHER in _rows(_get(alice, not_address=ADDRESS))
    assert "新しい順、1 件" in _get(alice, kind="sql_injection", not_outcome="allowed", text="SCRIPT")
    assert "新しい順、2 件" in _get(alice, parameters=[("country", "us"), ("country", "jp")])
    assert "条件に合うログはありません" in _get(alice, address="192.0.2.1")
    assert "条件に合うログはありません" in _get(alice, text="' OR 1=1 --")


def test_a_period_narrows(alice: Client) -> None:
    assert "新しい順、1 件" in _get(alice, begins=_local(-7), ends=_local(1))
    assert "条件に合うログはありません" in _get(alice, begins=_local(-3), ends=_local(1))
    assert "新しい順、2 件" in _get(alice, period="30d", begins="x")
    assert "新しい順、2 件" in _get(alice, period="x")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"address": "さくら"}, "IP アドレスまたはネットワークとして読み取れません"),
        ({"address": "198.51.100.7'; DROP"}, "IP アドレスまたはネットワークとして読み取れません"),
        ({"not_address": "x"}, "IP アドレスまたはネットワークとして読み取れません"),
        ({"kind": "x"}, "攻撃種別を一覧から選んでください"),
        ({"outcome": "遮断"}, "結果を一覧から選んでください"),
        ({"country": "どこか"}, "国コードで入力してください"),
        ({"site": "x" * 2001}, "2000 文字以内"),
        ({"url": "a\0"}, "検索できない文字"),
        ({"begins": "昨日"}, "日付と時刻を正しく入力してください"),
        ({"begins": "2026-13-45T99:99"}, "日付と時刻を正しく入力してください"),
        ({"begins": "2020-01-01T00:00"}, "以降のものです"),
        ({"begins": "2999-01-01T00:00"}, "開始日時より後にしてください"),
        ({"ends": "0001-01-01T00:00"}, "日付と時刻を正しく入力してください"),
    ],
)
def test_wrong_input_is_answered_with_a_sentence_and_no_search(
    query: dict[str, str], sentence: str, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "timeline", _must_not_be_asked)
    text = _get(alice, **query)
    assert sentence in text
    assert 'role="alert">入力に誤りがあるため、検索していません。' in text
    assert "何か文字を入力してください" not in text
    assert "log-rows" not in text
    assert "条件に合うログはありません" not in text
    assert alice.get(f"{reverse('portal:log-lists')}?{urlencode({'contract': 'K-A-001', **query})}").status_code == 404


def _must_not_be_asked(*_: object) -> int:
    raise AssertionError("the store was asked")


def test_too_many_filters_are_refused_in_a_sentence(alice: Client) -> None:
    text = _get(alice, parameters=[("text", str(number)) for number in range(51)])
    assert "絞り込みの条件は 50 個までにしてください" in text


def test_what_was_understood_stays_in_the_form_beside_what_was_not(alice: Client) -> None:
    text = _get(alice, country="jp", address="x", not_kind="x")
    assert '<input type="hidden" name="country" value="JP">' in text
    assert 'name="address" value="x"' in text
    assert "<details open>" in text


def test_further_pages_keep_the_search(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 1)
    first = _get(alice, address="0.0.0.0/0", not_country="CN")
    assert "1 / 2 ページ" in first
    address = _link(first, "次のページ")
    assert dict(parse_qsl(address.lstrip("?")))["not_country"] == "CN"
    second = _follow(alice, address)
    assert OTHER in _rows(second)
    assert ADDRESS not in _rows(second)
    assert "2 / 2 ページ" in _get(alice, page="999")


def test_very_many_rows_are_said_to_be_too_many(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MAX_ROWS", 1)
    assert "画面に表示できるのは新しい方から 1 件まで" in _get(alice)


@pytest.mark.parametrize("error", [StoreUnavailable("159"), StoreError("refused")])
def test_a_store_that_is_down_or_too_slow_is_told_in_a_sentence(
    error: StoreError, alice: Client, store: LogStore, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _event_address(people, store)

    def slow(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(store, "query", slow)
    for text in (
        _get(alice),
        _get(alice, "portal:log-lists", contract=people.a.number),
        _follow(alice, address),
    ):
        assert "検索を完了できませんでした" in text
        assert str(error) not in text


def test_a_very_long_text_is_cut(alice: Client, store: LogStore, people: People) -> None:
    long = _event("shop-a.example.jp", "192.0.2.77", minutes=1)._replace(line="x" * 50_000, url="u" * 5_000)
    store.append([(1, long)], contract_id=people.a.pk, file_id=99)
    page = _get(alice, address="192.0.2.77")
    assert "…（以下省略）" in _follow(alice, _link(page, "別のページで開く"))
    assert "u" * 301 not in page


def test_a_filter_is_a_chip_that_can_be_removed_or_turned(alice: Client) -> None:
    text = _get(alice, country="JP")
    assert 'class="chip"' in text
    without = _follow(alice, _link(text, "条件を外す（国：日本（JP））"))
    assert 'class="chip"' not in without
    assert "新しい順、2 件" in without
    turned = _follow(alice, _link(text, "除外に変える"))
    assert 'class="chip not"' in turned
    assert OTHER in _rows(turned)
    assert "絞り込みに変える" in turned


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("サイト：shop-a.example.jp", "この値で絞り込む"),
        (f"接続元 IP アドレス：{ADDRESS}", "この値で絞り込む"),
        ("国：日本（JP）", "この値で絞り込む"),
        ("ルール：SQL&#x27;s &quot;rule&quot;", "この値で絞り込む"),
        ("攻撃種別：SQLインジェクション", "この値で絞り込む"),
        ("結果：遮断", "この値で絞り込む"),
        ("URL：shop-a.example.jp/&lt;script&gt;&lt;U+202E&gt;", "この値で絞り込む"),
    ],
)
def test_each_cell_narrows_or_rules_out(value: str, words: str, alice: Client) -> None:
    page = _get(alice)
    narrowed = _follow(alice, _link(_rows(page), f"{words}（{value}）"))
    assert f">{ADDRESS}</code>" in _rows(narrowed)
    others = _follow(alice, _link(_rows(page), f"この値を除外（{value}）"))
    assert f">{ADDRESS}</code>" not in _rows(others)
    assert (f">{OTHER}</code>" in _rows(others)) == (not value.startswith("サイト"))


def test_the_lists_count_and_lead_on(alice: Client, people: People) -> None:
    part = _get(alice, "portal:log-lists", contract=people.a.number)
    assert "<html" not in part
    for words in (
        "接続元 IP アドレス",
        "国",
        "攻撃種別",
        "サイト",
        "URL",
        "ルール",
        "SQL&#x27;s &quot;rule&quot;",
        ADDRESS,
    ):
        assert words in part, words
    narrowed = _follow(alice, _link(part, "（ルール："))
    assert "新しい順、1 件" in narrowed
    excluded = [link for link in re.findall(r'href="([^"]*)"', part) if "not_country=JP" in link]
    assert OTHER in _rows(_follow(alice, unescape(excluded[0])))


def test_the_lists_come_by_themselves_with_script_and_by_a_link_without(alice: Client) -> None:
    text = _get(alice, country="JP")
    fetched = unescape(re.findall(r'hx-get="([^"]*lists[^"]*)"', text)[0])
    assert "多い値" in _follow(alice, fetched)
    plain = _follow(alice, _link(text, "を表示する").partition("#")[0])
    assert 'aria-labelledby="lists-title"' in plain
    assert 'hx-get="/portal/logs/lists' not in plain


def test_the_chart_has_a_link_per_bar_and_a_table_with_the_same_numbers(alice: Client) -> None:
    text = _get(alice)
    drawing = text.partition("<svg")[2].partition("</svg>")[0]
    links = re.findall(r'<a class="bar" href="([^"]*)"[^>]*aria-label="([^"]*)"', drawing)
    assert len(re.findall('class="bar"', drawing)) >= 48
    table = text.partition("期間ごとの件数")[2].partition("</table>")[0]
    assert sum(int(words.rsplit("、", 1)[1].split()[0]) for _, words in links) == 2
    assert table.count("<tr>") == len(links) + 1
    zoomed = _follow(alice, unescape(links[-1][0]))
    assert ADDRESS in _rows(zoomed)
    assert "遮断 1 件" in text
    assert "チャレンジ 1 件" in text


def test_the_bars_can_be_split_by_kind_and_stay_so(alice: Client) -> None:
    kinds = _follow(alice, _link(_get(alice), "攻撃種別"))
    assert "SQLインジェクション 1 件" in kinds
    assert '<input type="hidden" name="bars" value="attack_kind">' in kinds
    assert "bars=attack_kind" in _link(kinds, "条件を外す" if "条件を外す" in kinds else "直近 7 日")


def test_periods_step_in_out_and_back(alice: Client) -> None:
    text = _get(alice, country="JP")
    for words in ("拡大", "縮小", "前の期間", "直近 1 時間", "直近 30 日", "今月", "先月"):
        assert dict(parse_qsl(urlsplit(_link(text, words)).query))["country"] == "JP", words
    assert ">次の期間<" not in text
    before = _follow(alice, _link(text, "前の期間"))
    assert "条件に合うログはありません" in before
    assert "次の期間" in before


@pytest.mark.parametrize("has_access_lines", [False, True])
def test_without_access_lines_good_traffic_is_unknown_and_never_zero(
    has_access_lines: bool, alice: Client, people: People
) -> None:
    Contract.objects.filter(pk=people.a.pk).update(keeps_access_lines=has_access_lines)
    assert ("検知された通信だけ" in _get(alice)) == (not has_access_lines)
    assert ("検知のみ" in _get(alice)) == (not has_access_lines)
    assert ("検知された通信だけ" in _get(alice, "portal:log-lists", contract=people.a.number)) == (not has_access_lines)
    good = _get(alice, kind="none")
    assert ("通常アクセスの件数は判定不能です" in good) == (not has_access_lines)
    assert ("条件に合うログはありません" in good) == has_access_lines


def test_the_sites_of_the_contract_are_offered_and_no_others(alice: Client, people: People) -> None:
    Site.objects.create(contract=people.a, domain="second.example.jp", vendor_site_id=9)
    text = _get(alice)
    assert re.findall(r'<option value="([^"]*\.jp)">', text) == ["shop-a.example.jp", "second.example.jp"]


def test_a_site_that_is_not_the_contracts_is_said_to_be_none_where_nothing_is_found(alice: Client) -> None:
    words = "はこの契約に登録されたサイトではありません"
    assert f"「shop-x.example.jp」{words}" in _get(alice, site="shop-x.example.jp")
    assert words not in _get(alice, site="shop-a.example.jp", country="CN")
    assert words not in _get(alice, site="-")
    assert words not in _get(alice, not_site="shop-x.example.jp", country="CN")


def test_rows_and_downloads_are_one_link_away_from_the_top(alice: Client) -> None:
    text = _get(alice)
    for place, words in (("rows-title", "ログの一覧へ"), ("downloads-title", "ダウンロードへ")):
        assert f'href="#{place}">{words}</a>' in text.partition('id="timeline-title"')[0]
        assert f'id="{place}" tabindex="-1"' in text
    assert "ログの一覧へ</a>" not in _get(alice, text="nowhere")


def test_all_of_a_search_stands_in_its_address(alice: Client) -> None:
    """What a page calls its own address leads to the same page."""
    text = _get(alice, country="jp", not_site="x", period="1h")
    own = unescape(re.findall(r'data-timeline="([^"]*)"', text)[0])
    assert [name for name, _ in parse_qsl(own)] == ["contract", "begins", "ends", "not_site", "country"]
    again = alice.get(f"{reverse('portal:logs')}?{own}").content.decode()
    assert unescape(re.findall(r'data-timeline="([^"]*)"', again)[0]) == own


def test_what_the_soc_reads_is_recorded_and_what_a_customer_reads_is_not(
    store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.alice)
    _get(client)
    assert not AuditEntry.objects.exists()
    client.force_login(people.dana)
    _get(client, address=ADDRESS, not_country="CN")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.customer_number) == ("logs.read", "dana", "C-A")
    details = open_details(people.a.customer, entry.sealed_details, place=f"audit:{entry.target}")
    assert details["filters"] == [f"address={ADDRESS}", "not_country=CN"]
    client.get(_event_address(people, store))
    _get(client, "portal:log-lists", contract=people.a.number)
    assert AuditEntry.objects.count() == 3


def test_a_wrong_search_of_the_soc_reads_nothing_and_is_not_recorded(
    store: LogStore, people: People, client: Client
) -> None:
    client.force_login(people.dana)
    _get(client, address="x")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {"lists": "1", "country": "JP", "not_kind": "none"},
        {"bars": "attack_kind", "period": "30d"},
        {"text": "nowhere"},
        {"address": "x", "not_rule": "\0", "begins": "x"},
    ],
)
def test_every_state_of_the_page_can_be_heard_and_used_by_keyboard_and_is_japanese(
    query: dict[str, str], alice: Client
) -> None:
    text = _get(alice, **query)
    assert faults_of(text) == []
    assert [each for each in foreign_texts(text) if not _is_data(each)] == []


def test_an_event_can_be_heard_and_is_japanese(alice: Client, store: LogStore, people: People) -> None:
    text = alice.get(_event_address(people, store)).content.decode()
    assert faults_of(text) == []
    assert [each for each in foreign_texts(text) if not _is_data(each)] == []


def _is_data(text: str) -> bool:
    """What stands in an event or an address, as it came."""
    return any(part in text for part in ("example.jp", "SQL's", "JP", "US", "GET", "robots", "nowhere", "id=1"))


def test_the_keyboard_stops_once_at_each_row_and_skips_what_only_a_pointer_needs(alice: Client) -> None:
    """The links beside the cells are the drawer's links again; so Tab goes from drawer to drawer."""
    rows = _rows(_get(alice))
    stops = [link for link in re.findall(r"<a [^>]*>", rows) if 'tabindex="-1"' not in link]
    assert rows.count("<summary>") == 2
    assert len(stops) == 2
    assert all("別のページで開く" in part for part in rows.split('class="drawer-body"')[1:])


def test_the_script_finds_what_it_needs(alice: Client) -> None:
    """Every mark that `timeline.js` asks the page for is there, and no text of the page lies in the script."""
    script = (Path(pages.__file__).parent / "static" / "logs" / "timeline.js").read_text(encoding="utf-8")
    text = _get(alice)
    marks = set(re.findall(r"\[(data-[a-z-]+)\]", script))
    assert marks == {"data-timeline", "data-chosen", "data-timeline-said", "data-timeline-hint", "data-timeline-over"}
    assert all(mark in text for mark in marks)
    assert all(f"data-{name}=" in text for name in ("begins", "ends", "words", "from", "to"))
    assert script.isascii()

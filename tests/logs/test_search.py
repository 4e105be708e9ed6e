"""The questions asked of the log: whose events, which period, every filter and its opposite, lists, and all of it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from sakimori.logs import search
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.filters import EMPTY, MOST_FILTERS, By, Filter, filter_of
from sakimori.logs.percent import MOST_FORMS
from sakimori.logs.search import LogQuery, condition_of, count, days, rows, walk
from sakimori.logs.store.interface import LogStore
from sakimori.logs.top_lists import TOP_LISTS, Top, top, tops

NOON = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADDRESSES = ("198.51.100.7", "198.51.100.9", "198.51.101.1", "2001:db8::7", "2001:db8:1::7", None)
QUOTE = 'it\'s \\ a "rule"\t{x:String} %s\n'

KINDS = {
    0: (AttackKind.SQL_INJECTION, AttackKind.CROSS_SITE_SCRIPTING),
    1: (AttackKind.CROSS_SITE_SCRIPTING,),
    2: (AttackKind.BAD_BOT,),
}
OUTCOMES = {0: Outcome.BLOCKED, 1: Outcome.BLOCKED, 2: Outcome.CHALLENGED}
SITES = {0: "shop.example.jp", 1: "shop.example.jp", 2: "日本.example.jp", 3: "it's.example.jp"}
COUNTRIES = {0: "JP", 1: "US", 2: "US"}
URLS = {0: "shop.example.jp/Login", 1: "shop.example.jp/", 2: "shop.example.jp/検索", 3: "shop.example.jp/"}
RULES = {0: ("", "SQL SELECT"), 1: (QUOTE,), 2: ()}
RULE_IDS = {0: ("1", "2"), 2: ("77",)}


def event(number: int) -> Event:
    kinds = KINDS.get(number, (AttackKind.NONE,))
    return Event(
        time=NOON + timedelta(seconds=number),
        request_id=f"r{number}",
        client_ip=ADDRESSES[number],
        attack_kind=kinds[0],
        attack_kinds=kinds,
        outcome=OUTCOMES.get(number, Outcome.ALLOWED),
        site=SITES.get(number, ""),
        country=COUNTRIES.get(number, ""),
        url=URLS.get(number, ""),
        query="q=1&user=Admin" if number == 0 else "",
        rule_names=RULES.get(number, ()),
        rule_ids=RULE_IDS.get(number, ()),
        line=f"line {number}",
    )


@pytest.fixture
def store(log_store: LogStore) -> LogStore:
    for contract_id in (1, 2):
        log_store.append([(n, event(n)) for n in range(6)], contract_id=contract_id, file_id=contract_id)
    return log_store


def sought(*filters: Filter, begins: datetime = NOON, ends: datetime = NOON + HOUR, contract: int = 1) -> LogQuery:
    return LogQuery(contract, begins, ends, frozenset(filters))


def found(store: LogStore, query: LogQuery, *, offset: int = 0, limit: int = 50) -> list[str]:
    return names(rows(store, query, offset=offset, limit=limit))


def names(events: Iterable[search.Row]) -> list[str]:
    return [row["request_id"] for row in events]


def test_the_newest_comes_first_and_only_of_this_contract(store: LogStore) -> None:
    assert found(store, sought()) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    assert count(store, sought()) == 6
    assert found(store, sought(contract=3)) == []
    assert {row["line"] for row in rows(store, sought(), offset=0, limit=9)} == {f"line {n}" for n in range(6)}


@pytest.mark.parametrize(
    ("by", "values", "expected"),
    [
        (By.ADDRESS, ["198.51.100.7"], [0]),
        (By.ADDRESS, ["::ffff:198.51.100.7"], [0]),
        (By.ADDRESS, ["198.51.100.0/24"], [0, 1]),
        (By.ADDRESS, ["198.51.100.8/31"], [1]),
        (By.ADDRESS, ["2001:0db8::0007"], [3]),
        (By.ADDRESS, ["2001:db8::/48"], [3]),
        (By.ADDRESS, ["2001:db8::/32"], [3, 4]),
        (By.ADDRESS, ["203.0.113.1"], []),
        (By.ADDRESS, ["198.51.100.7", "198.51.101.1"], [0, 2]),
        (By.ADDRESS, ["198.51.100.0/24", "2001:db8::7", EMPTY], [0, 1, 3, 5]),
        (By.ADDRESS, [EMPTY], [5]),
        (By.SITE, ["shop.example.jp"], [0, 1]),
        (By.SITE, ["日本.example.jp", "it's.example.jp"], [2, 3]),
        (By.SITE, [EMPTY], [4, 5]),
        (By.SITE, ["shop"], []),
        (By.KIND, ["cross_site_scripting"], [0, 1]),
        (By.KIND, ["none", "bad_bot"], [2, 3, 4, 5]),
        (By.OUTCOME, ["blocked"], [0, 1]),
        (By.OUTCOME, ["allowed", "challenged"], [2, 3, 4, 5]),
        (By.COUNTRY, ["us"], [1, 2]),
        (By.COUNTRY, [EMPTY, "JP"], [0, 3, 4, 5]),
        (By.URL, ["shop.example.jp/"], [1, 3]),
        (By.URL, [EMPTY], [4, 5]),
        (By.TEXT, ["LOGIN"], [0]),
        (By.TEXT, ["検索"], [2]),
        (By.TEXT, ["login?Q="], [0]),
        (By.TEXT, ["user=admin", "検索"], [0, 2]),
        (By.TEXT, ["%"], []),
        (By.TEXT, ["' OR 1=1 --"], []),
        (By.RULE, ["SQL SELECT"], [0]),
        (By.RULE, ["2", "77"], [0, 2]),
        (By.RULE, [QUOTE.strip()], []),
        (By.RULE, ["７７"], [2]),
        (By.SITE, ["ｓｈｏｐ．example.jp"], [0, 1]),
        (By.REQUEST, ["ｒ３"], [3]),
        (By.RULE, [EMPTY], [3, 4, 5]),
        (By.REQUEST, ["r3"], [3]),
    ],
)
def test_every_filter_and_its_opposite(store: LogStore, by: By, values: list[str], expected: list[int]) -> None:
    filters = [filter_of(by, value) for value in values]
    met = sought(*filters)
    assert sorted(found(store, met)) == [f"r{n}" for n in expected]
    assert count(store, met) == len(expected)
    others = sought(*(each.opposite for each in filters))
    assert sorted(found(store, others)) == [f"r{n}" for n in range(6) if n not in expected]


@pytest.mark.parametrize("sent", ["%E5%8C%97%E6%B5%B7+%E9%81%93", "%e5%8c%97%E6%b5%b7%20%e9%81%93", "北海 道"])
def test_a_japanese_text_is_found_however_its_url_was_written(log_store: LogStore, sent: str) -> None:
    events = [
        (1, Event(time=NOON, request_id="path", url=f"shop.example.jp/{sent}/x")),
        (2, Event(time=NOON, request_id="query", url="shop.example.jp/", query=f"q={sent}")),
        (3, Event(time=NOON, request_id="other", url="shop.example.jp/%E5%8C%97")),
    ]
    log_store.append(events, contract_id=1, file_id=1)
    text = filter_of(By.TEXT, "北海 道")
    assert sorted(found(log_store, sought(text))) == ["path", "query"]
    assert found(log_store, sought(text.opposite)) == ["other"]


def test_as_many_texts_as_are_allowed_can_be_asked_for_at_once(store: LogStore) -> None:
    texts = [filter_of(By.TEXT, f"ガ　{number} １") for number in range(MOST_FILTERS)]
    assert found(store, sought(*texts)) == []
    assert MOST_FILTERS * MOST_FORMS <= 255


def test_an_ascii_text_is_asked_for_as_ever() -> None:
    assert condition_of(sought(filter_of(By.TEXT, "a b+%E5")))[1]["text"] == ["a b+%E5"]


def test_a_value_with_every_odd_sign_is_found_as_it_is(store: LogStore) -> None:
    assert found(store, sought(Filter(By.RULE, QUOTE))) == ["r1"]


def test_different_filters_must_be_met_together(store: LogStore) -> None:
    us, blocked = filter_of(By.COUNTRY, "US"), filter_of(By.OUTCOME, "blocked")
    assert found(store, sought(us, blocked)) == ["r1"]
    assert found(store, sought(us, blocked.opposite)) == ["r2"]
    assert found(store, sought(us, us.opposite)) == []


def test_a_filter_replaces_its_opposite() -> None:
    us = filter_of(By.COUNTRY, "US")
    assert sought(us).plus(us.opposite) == sought(us.opposite)
    assert sought(us).minus(us) == sought()
    assert sought(us).minus(us.opposite) == sought(us)


def test_the_period_takes_its_beginning_and_not_its_end(store: LogStore) -> None:
    query = sought(begins=NOON + timedelta(seconds=1), ends=NOON + timedelta(seconds=3))
    assert found(store, query) == ["r2", "r1"]


def test_a_period_may_run_over_days_of_japan(log_store: LogStore) -> None:
    midnight = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
    events = [(n, Event(time=midnight + timedelta(hours=n), request_id=f"r{n}")) for n in (-1, 0, 1)]
    log_store.append([(n + 2, event) for n, event in events], contract_id=1, file_id=1)
    query = sought(begins=midnight - HOUR, ends=midnight + HOUR)
    assert found(log_store, query) == ["r0", "r-1"]
    assert days(log_store, query) == [(date(2026, 10, 31), 1), (date(2026, 11, 1), 1)]
    assert names(walk(log_store, query)) == ["r-1", "r0"]
    values = condition_of(sought(begins=midnight - HOUR, ends=midnight))[1]
    assert (values["first_day"], values["last_day"]) == (date(2026, 10, 31), date(2026, 10, 31))


def test_pages(store: LogStore) -> None:
    assert found(store, sought(), offset=2, limit=2) == ["r3", "r2"]
    assert found(store, sought(), offset=6) == []


def test_nothing_of_the_reader_becomes_part_of_the_question() -> None:
    filters = [Filter(by, f"secret-{by}", exclude) for by in By for exclude in (False, True)]
    addresses = [
        Filter(By.ADDRESS, text, exclude) for text in ("192.0.2.9", "192.0.2.0/28") for exclude in (False, True)
    ]
    kept = [each for each in filters if each.by is not By.ADDRESS]
    condition, values = condition_of(sought(*kept, *addresses))
    assert "secret" not in condition
    assert "192.0.2" not in condition
    assert values["site"] == ["secret-site"]
    assert values["not_site"] == ["secret-site"]


@pytest.mark.parametrize("page", [1, 2, 3, 6, 7])
def test_a_walk_gives_every_event_once_and_the_oldest_first(log_store: LogStore, page: int) -> None:
    """Many events at one moment, in two files: the place goes on by file and line."""
    for file_id in (1, 2):
        events = [(n, Event(time=NOON, request_id=f"{file_id}.{n}")) for n in range(3)]
        log_store.append(events, contract_id=1, file_id=file_id)
    walked = walk(log_store, sought(), page=page)
    assert names(walked) == ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2"]


def test_a_walk_keeps_to_the_filters_and_gives_what_rows_give(store: LogStore) -> None:
    query = sought(filter_of(By.COUNTRY, "US"))
    assert list(walk(store, query, page=1)) == list(reversed(rows(store, query, offset=0, limit=9)))
    assert list(walk(store, sought(contract=3))) == []


def test_the_lists_say_which_values_most_events_have(store: LogStore) -> None:
    lists = tops(store, sought())
    assert lists[By.COUNTRY] == [Top(EMPTY, 3), Top("US", 2), Top("JP", 1)]
    assert lists[By.SITE][:2] == [Top(EMPTY, 2), Top("shop.example.jp", 2)]
    assert lists[By.KIND] == [
        Top("none", 3),
        Top("cross_site_scripting", 2),
        Top("bad_bot", 1),
        Top("sql_injection", 1),
    ]
    assert {each.value for each in lists[By.ADDRESS]} == {*filter(None, ADDRESSES), EMPTY}
    assert set(lists[By.RULE]) == {Top("SQL SELECT", 1), Top(QUOTE, 1), Top("77", 1)}
    assert lists[By.URL][:2] == [Top(EMPTY, 2), Top("shop.example.jp/", 2)]
    assert top(store, sought(), By.OUTCOME) == [Top("allowed", 3), Top("blocked", 2), Top("challenged", 1)]
    assert top(store, sought(), By.COUNTRY, limit=1) == [Top(EMPTY, 3)]
    assert tops(store, sought(contract=3)) == {by: [] for by in TOP_LISTS}


def test_a_value_of_a_list_finds_as_many_events_as_the_list_says(store: LogStore) -> None:
    for by, listed in tops(store, sought()).items():
        for each in listed:
            assert count(store, sought(Filter(by, each.value))) == each.count, (by, each)


def test_a_list_counts_only_what_the_filters_find(store: LogStore) -> None:
    assert top(store, sought(filter_of(By.OUTCOME, "blocked")), By.COUNTRY) == [Top("JP", 1), Top("US", 1)]


ODD = (
    *("\\", "\\\\n", "\\N", "NULL", "'", "''", '"', "`", "\t", "a\nb", "a\rb", "\x01", "{site:String}", "%s %(site)s"),
    *("$1", "[1]", "','", "']) OR 1=1 --", "*/ OR 1 /*", "; DROP TABLE events", "𠮷野家", "🦊", "\u202e", "é", "\xa0x"),
    "x" * 2000,
)


def test_every_odd_text_is_sought_as_itself_and_nothing_else(log_store: LogStore) -> None:
    """One event per text: its own filter finds it alone, its opposite all others, and the lists name it as it is."""
    events = [
        (n, Event(time=NOON + timedelta(seconds=n), site=text, url=text, country=text, rule_names=(text,)))
        for n, text in enumerate(ODD)
    ]
    log_store.append(events, contract_id=1, file_id=1)
    for n, text in enumerate(ODD):
        filters = [Filter(by, text) for by in (By.SITE, By.URL, By.COUNTRY, By.RULE, By.TEXT)]
        assert [row["line_no"] for row in search.listed(log_store, sought(*filters[:4]), offset=0, limit=9)] == [n]
        assert n in {row["line_no"] for row in search.listed(log_store, sought(filters[4]), offset=0, limit=99)}
        assert count(log_store, sought(filters[0].opposite)) == len(ODD) - 1
    assert {each.value for each in top(log_store, sought(), By.URL, limit=99)} == set(ODD)
    assert {each.value for each in top(log_store, sought(), By.RULE, limit=99)} == set(ODD)

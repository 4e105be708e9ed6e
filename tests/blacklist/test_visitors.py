"""Who attacked what many attack, asked of a real store: URL and parameter names of every form, and what is left out."""

from datetime import timedelta
from itertools import count

from sakimori.blacklist.policy import SHIPPED
from sakimori.blacklist.proxy import Hit, Target
from sakimori.blacklist.search import visitors
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore
from tests.fixtures_logstore import any_log_store, log_store
from tests.moments import START

__all__ = ["any_log_store", "log_store"]

CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"
_ids = count(1)


def event(address: str | None, url: str, query: str = "", **columns: object) -> Event:
    values: dict[str, object] = {
        "time": START,
        "request_id": str(next(_ids)),
        "site": "shop",
        "attack_kind": AttackKind.SQL_INJECTION,
        "client_ip": address,
        "url": url,
        "query": query,
        "user_agent": CHROME,
    }
    return Event(**{**values, **columns})  # type: ignore[arg-type]


def many(url: str, query: str = "", **columns: object) -> list[Event]:
    """The same from twelve addresses."""
    return [event(f"198.51.100.{number}", url, query, **columns) for number in range(12)]


def ask(
    store: LogStore, *events: Event, known: tuple[Target, ...] = (), observed: frozenset[str] = SHIPPED.observed
) -> list[Hit]:
    store.append(enumerate(events, 1), contract_id=1, file_id=1)
    minute = timedelta(minutes=1)
    moments = {"first": START - minute, "last": START + minute}
    return visitors(store, contract_id=1, **moments, known=known, observed=observed)


def test_urls_and_parameters(any_log_store: LogStore) -> None:
    forms = {
        ("shop/a", "q=1&b=2&q=3"): ("shop/a", "b&q"),
        ("shop/b?b=2&a=%27 OR", ""): ("shop/b", "a&b"),
        ("shop/c?x=1", "y=2"): ("shop/c", "y"),
        ("shop/d", ""): ("shop/d", ""),
        ("shop/e?", ""): ("shop/e", ""),
        ("shop/f", "=1&&flag&q="): ("shop/f", "flag&q"),
        ("shop/g", "さくら=1&q=\u202e"): ("shop/g", "q&さくら"),
        ("shop/h?a=1?b=2", ""): ("shop/h", "a"),
        ("shop/i\nx", "q\n=1"): ("shop/i\nx", "q\n"),
        ("", ""): ("", ""),
    }
    found = ask(any_log_store, *(made for url, query in forms for made in many(url, query)))
    assert {hit.target for hit in found} == {Target("shop", *expected) for expected in forms.values()}
    assert len(found) == 12 * len(forms)
    assert {hit.browser for hit in found} == {True}


def test_what_is_no_attack_of_many_is_left_out(log_store: LogStore) -> None:
    minutes = timedelta(minutes=5)
    found = ask(
        log_store,
        *many("shop/few", "q=1")[:10],
        *many("shop/good", attack_kind=AttackKind.NONE),
        *many("shop/acl", attack_kind=AttackKind.ACL),
        *many("shop/bots", attack_kind=AttackKind.BAD_BOT),
        *many("shop/early", time=START - minutes),
        *many("shop/later", time=START + minutes),
        *(event(None, "shop/nobody") for _ in range(12)),
        *(event("198.51.100.7", "shop/one") for _ in range(12)),
        *many("shop/asked", attack_kind=AttackKind.CUSTOM_RULE),
    )
    assert {hit.target.url for hit in found} == {"shop/asked"}


def test_what_the_contract_only_writes_down_is_left_out_and_nothing_else(any_log_store: LogStore) -> None:
    kinds = (AttackKind.NONE, AttackKind.ACL, AttackKind.BAD_BOT, AttackKind.SQL_INJECTION)
    found = ask(
        any_log_store,
        *(event for kind in kinds for event in many(f"shop/{kind}", attack_kind=kind)),
        observed=frozenset({"sql_injection"}),
    )
    assert {hit.target.url for hit in found} == {"shop/acl", "shop/bad_bot"}


def test_another_contract_is_another_matter(log_store: LogStore) -> None:
    log_store.append(enumerate(many("shop/a"), 1), contract_id=2, file_id=9)
    assert ask(log_store, *many("shop/a")[:5]) == []


def test_a_known_case_is_told_of_however_few_there_are(log_store: LogStore) -> None:
    known = Target("shop", "shop/\n'a", "q")
    found = ask(log_store, event("2001:db8::7", "shop/\n'a", "q=1"), event("198.51.100.7", "shop/b"), known=(known,))
    assert found == [Hit(known, "2001:db8::7", START, browser=True)]


def test_one_hit_for_each_address_and_minute_with_the_vendors_word_on_the_client(log_store: LogStore) -> None:
    later = START + timedelta(seconds=30)
    told = [
        *(event("198.51.100.1", "shop/a", time=later, client_type="Developer Tool") for _ in range(3)),
        *(event("198.51.100.1", "shop/a", time=START + timedelta(seconds=60), client_type="Browser") for _ in range(3)),
        *(event(f"198.51.100.{n}", "shop/a", user_agent="", captcha_support="true") for n in range(2, 8)),
        *(event(f"198.51.100.{n}", "shop/a", user_agent="", javascript_support="true") for n in range(8, 14)),
    ]
    found = ask(log_store, *told)
    assert len(found) == 14
    of_first = sorted((hit.at, hit.browser) for hit in found if hit.address == "198.51.100.1")
    assert of_first == [(later, False), (START + timedelta(seconds=60), True)]
    assert all(hit.browser for hit in found if hit.address != "198.51.100.1")


def test_many_are_those_that_come_within_the_time_however_long_the_look(log_store: LogStore) -> None:
    far, near = timedelta(minutes=30), timedelta(seconds=50)
    told = [
        *(event(f"198.51.100.{n}", "shop/slow", time=START + n * far) for n in range(20)),
        *(event(f"198.51.100.{n}", "shop/quick", time=START + n * near) for n in range(12)),
        *(event(f"198.51.100.{n}", "shop/quick", time=START + n * far) for n in (30, 31)),
    ]
    log_store.append(enumerate(told, 1), contract_id=1, file_id=1)
    found = visitors(
        log_store,
        contract_id=1,
        first=START,
        last=START + timedelta(days=2),
        known=(),
        observed=SHIPPED.observed,
        most=13,
    )
    assert {hit.target.url for hit in found} == {"shop/quick"}
    assert [hit.at for hit in found] == sorted((hit.at for hit in found), reverse=True)
    assert len(found) == 13
    assert found[0].address == "198.51.100.31"

"""Steps of the check about the log search: what a customer with the option finds, and what the SOC's desk does."""

import re
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlencode

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_LOGIN
from sakimori.run.demo.chain_steps import ATTACKER
from sakimori.run.demo.doors import Browser, expect, wait_for
from sakimori.run.demo.play import SAKURA, Play, line

LOGS, _DESK = "/portal/logs/", "/console/logs/"
_FRESH = "203.0.113.101"
_CONTRACT, _OTHER_CONTRACT = "K-2026-0001", "K-2026-0002"
_EVENT = re.compile(r'href="(/(?:portal|console)/logs/[^"/]+/\d+-\d+-\d+/\?[^"]*)"')
_LISTS = re.compile(r'hx-get="([^"]*/lists/\?[^"]*)"')


def search(browser: Browser, page: str = LOGS, **query: str) -> str:
    """What a person reads on the log page of a search."""
    return browser.text(f"{page}?{urlencode(query)}")


def log_page(play: Play) -> None:
    """A customer with the option finds events by address; one without has neither page nor menu entry."""
    play.outside.do("lines", account=SAKURA, lines=[line("Normal", _FRESH, datetime.now(UTC), "REQ_PASSED")])
    customer, other = play.browser(CUSTOMER_LOGIN), play.browser(HOKUTO_LOGIN)
    wait_for(lambda: "新しい順、1 件" in search(customer, address=_FRESH), "the event is found by its address")
    page = search(customer, address=_FRESH)
    for words in ("件数の推移（1 件", "通過", "GET shop.sakura.example.jp/"):
        expect(words in page, f"the log page shows {words}")
    whole = customer.text(_linked(_EVENT, customer.html(f"{LOGS}?address={_FRESH}")))
    for words in ("原文", "CEF:0|Incapsula", "この値で絞り込む"):
        expect(words in whole, f"the event shows {words}")
    if play.began:
        expect(
            "SQLインジェクション" in search(customer, address=ATTACKER), "the attack of the earlier step is in the log"
        )
    expect("読み取れません" in search(customer, address="さくら"), "wrong input is answered with a sentence")
    expect(other.status(LOGS) == 404, "without the option there is no page")
    expect("ログ検索" not in other.text("/portal/"), "without the option there is no menu entry")


def narrowed(play: Play) -> None:
    """Values narrow a search or are ruled out of it; lists count them; the desk sees every contract, customers not."""
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    one = {"address": _FRESH, "kind": "none", "outcome": "allowed", "text": "SHOP.sakura"}
    wait_for(lambda: "新しい順、1 件" in search(customer, **one), "all that is sought together finds the event")
    for name, value in (("not_outcome", "allowed"), ("not_kind", "none"), ("site", "elsewhere.example.jp")):
        page = search(customer, address=_FRESH, **{name: value})
        expect("条件に合うログはありません" in page, f"{name} rules it out")
    lists = customer.text(_linked(_LISTS, customer.html(f"{LOGS}?address={_FRESH}")))
    expect(_FRESH in lists and "通常アクセス" in lists, "the lists count what was found")
    expect(_OTHER_CONTRACT in analyst.text(_DESK), "the desk may choose every contract")
    expect("新しい順、1 件" in search(analyst, _DESK, contract=_CONTRACT, **one), "the desk finds the same")
    expect("ログ検索" in search(analyst, _DESK, contract=_OTHER_CONTRACT), "the desk searches without the option too")
    expect(customer.status(f"{_DESK}?contract={_CONTRACT}") == 404, "the desk's page is closed to customers")


def _linked(link: re.Pattern[str], html: str) -> str:
    found = link.search(html)
    expect(found, "the page has the link")
    return unescape(found.group(1)) if found else ""

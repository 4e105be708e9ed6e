"""Steps of the check for chapter 2-1-1 and outages: a site is visited, people are called, an analyst decides."""

import re
import time
from datetime import UTC, datetime

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_SITE, SAKURA_SECOND, SAKURA_SITE
from sakimori.run.demo.doors import expect, readable, wait_for, wait_for_words
from sakimori.run.demo.incident_doors import (
    alarmed,
    call_numbers,
    called_in_order,
    ddos,
    ended_site,
    new_calls,
    page_of,
    set_habits,
    set_site,
    told,
    wait_for_quiet,
    wait_for_row,
    wait_until_over,
)
from sakimori.run.demo.play import HOKUTO_CONTACTS, SAKURA, SAKURA_CONTACTS, Play, line

_HOKUTO_PREFIX = "011-"
_LIST = "/console/incidents/"
_TICKET = re.compile(r'href="/console/tickets/(WSP-\d+)/"')


def not_displayed(play: Play) -> None:
    """A DDoS while the site hangs up: the first contact is busy, the second presses 1, the third is never called."""
    expect(not told(play, "DDoS", "sakura"), "the DDoS attacks of earlier steps, on healthy sites, told nobody")
    wait_for_quiet(play, "shop.sakura.example.jp")
    set_habits(play)
    with ended_site(play, SAKURA_SITE):
        path = _told_and_reached(play)
    wait_until_over(play, path)
    wait_for(lambda: told(play, "【終報】DDoS", "shop.sakura") == SAKURA_CONTACTS, "all contacts know that it is over")
    ticket = _TICKET.search(play.browser(ANALYST.login).html(path))
    customer, page = play.browser(CUSTOMER_LOGIN), f"/portal/tickets/{ticket.group(1) if ticket else ''}/"
    wait_for_words(customer, page, "完了", "電話連絡:", "話し中", "終息を確認しました")


def _told_and_reached(play: Play) -> str:
    """From the attack to the key of the second contact. Returns the page of the incident."""
    calls, analyst = call_numbers(play), play.browser(ANALYST.login)
    began = time.monotonic()
    ddos(play, SAKURA_SITE, "198.51.100.180", site_mode="dead")
    row = wait_for_row(play, "DDoS 攻撃", "shop.sakura.example.jp", "進行中", "表示できない")
    expect("連絡なし" not in readable(row), "the customer is told")
    play.measured["ddos_to_told_s"] = time.monotonic() - began
    called_in_order(play, calls)
    play.measured["ddos_to_reached_s"] = time.monotonic() - began
    path = page_of(row)
    # The key is pressed a moment before its call-back is written down and followed.
    wait_for_words(analyst, path, "回中", "お客様への連絡を開始", "話し中", "確認済み", "名前解決")
    wait_for(lambda: told(play, "DDoS", "shop.sakura") == SAKURA_CONTACTS, "all contacts have the mail")
    wait_for(lambda: "/console/tickets/WSP-" in analyst.html(path), "the incident leads to its ticket")
    return path


def normal(play: Play) -> None:
    """A DDoS while the site is well: an internal incident only; nobody is mailed or called."""
    wait_for_quiet(play, "www.hokuto.example.jp")
    calls = call_numbers(play)
    ddos(play, HOKUTO_SITE, "203.0.113.150")
    row = wait_for_row(play, "DDoS 攻撃", "www.hokuto.example.jp", "進行中", "正常")
    expect("連絡なし" in readable(row), "nobody is told")
    wait_until_over(play, page_of(row))
    expect(not new_calls(play, calls, _HOKUTO_PREFIX), "nobody is called")
    expect(not told(play, "DDoS", "www.hokuto") & HOKUTO_CONTACTS, "nobody has a mail about it")


def outage(play: Play) -> None:
    """A site is down without an attack: the SOC has an alarm, nobody is told until an analyst says so."""
    wait_for_quiet(play, "www.sakura.example.jp")
    set_habits(play)
    with ended_site(play, SAKURA_SECOND):
        path = _down_and_told(play)
    wait_until_over(play, path)


def _down_and_told(play: Play) -> str:
    calls = call_numbers(play)
    analyst = play.browser(ANALYST.login)
    set_site(play, SAKURA_SECOND, "error")
    row = wait_for_row(play, "サイトの表示障害", "www.sakura.example.jp", "進行中", "判断待ち")
    alarmed(play, "サイトの表示に問題があります")
    expect("サーバーがエラー（503）を返しました" in readable(row), "the page says what was seen")
    expect(not new_calls(play, calls, ""), "nobody is called unasked")
    path = page_of(row)
    analyst.post(f"{path}tell/", {"next": _LIST}, page=path)
    called_in_order(play, calls)
    wait_for(lambda: told(play, "サイトの表示", "www.sakura") == SAKURA_CONTACTS, "all contacts have the mail")
    return path


def origin_down(play: Play) -> None:
    """The vendor's log says that all origin servers are down; the analyst says that nobody is to be told."""
    wait_for_quiet(play, "www.sakura.example.jp")
    calls = call_numbers(play)
    analyst = play.browser(ANALYST.login)
    now = datetime.now(UTC)
    entry = line("Normal", "198.51.100.181", now, "REQ_ALL_IPS_DOWN", site_id=SAKURA_SECOND)
    play.outside.do("lines", account=SAKURA, lines=[entry])
    row = wait_for_row(play, "オリジンサーバー停止", "www.sakura.example.jp", "進行中", "判断待ち")
    path = page_of(row)
    analyst.post(f"{path}keep/", {"next": _LIST}, page=path)
    expect("連絡していません" in analyst.text(path), "the page says that nobody was told")
    expect(not new_calls(play, calls, ""), "nobody is called")
    wait_until_over(play, path)


def vendor_outage(play: Play) -> None:
    """No customer's logs can be read: one alarm, one decision, and each customer reads of his own contract only."""
    calls = call_numbers(play)
    analyst = play.browser(ANALYST.login)
    play.outside.do("faults", kind="html", scope="logs", duration_seconds=600)
    row = wait_for_row(play, "WAF ベンダーの障害", "進行中", "判断待ち")
    alarmed(play, "WAF ベンダーの障害の可能性があります")
    path = page_of(row)
    wait_for(lambda: "同じ原因の契約" in analyst.text(path), "the contracts share one incident page")
    analyst.post(f"{path}tell/", {"next": _LIST}, page=path)
    subject = "WAF ベンダーの障害のお知らせ"
    for contacts, own, other in (
        (SAKURA_CONTACTS, "K-2026-0001", "K-2026-0002"),
        (HOKUTO_CONTACTS, "K-2026-0002", "K-2026-0001"),
    ):
        wait_for(lambda: told(play, subject, own) == contacts, f"all contacts of {own} have the mail")  # noqa: B023
        texts = [letter["text"] for letter in play.outside.mails() if contacts & set(letter["recipients"])]
        expect(not any(other in text for text in texts), "nobody reads of another customer")
    expect(not new_calls(play, calls, ""), "it is written, not phoned")
    play.outside.do("faults/clear")
    for contacts, own in ((SAKURA_CONTACTS, "K-2026-0001"), (HOKUTO_CONTACTS, "K-2026-0002")):
        wait_for(
            lambda: told(play, "【終報】WAF ベンダーの障害", own) == contacts,  # noqa: B023
            f"all contacts of {own} know that it is over",
        )

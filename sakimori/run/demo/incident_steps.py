"""Steps of the check for chapter 2-1-1 and outages: a site is visited, people are called, an analyst decides."""

import re
import time
from datetime import UTC, datetime
from typing import Any

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, DUTY_PHONES, HOKUTO_SITE, SAKURA_SECOND, SAKURA_SITE
from sakimori.run.demo.doors import expect, readable, wait_for
from sakimori.run.demo.play import HOKUTO_CONTACTS, SAKURA, SAKURA_CONTACTS, Play, line

FIRST, SECOND, THIRD = "03-0000-1001", "03-0000-1002", "03-0000-1003"
_HOKUTO_PREFIX = "011-"
_LIST = "/console/incidents/"
_TICKET = re.compile(r'href="/console/tickets/(WSP-\d+)/"')
_PAGE = re.compile(r'href="(/console/incidents/\d+/)"')


def not_displayed(play: Play) -> None:
    """A DDoS while the site hangs up: the first contact is busy, the second presses 1, the third is never called."""
    expect(not _told(play, "DDoS", "sakura"), "the DDoS attacks of earlier steps, on healthy sites, told nobody")
    _set_habits(play)
    calls = _call_numbers(play)
    began = time.monotonic()
    _ddos(play, SAKURA_SITE, "198.51.100.180", site_mode="dead")
    row = _wait_for_row(play, "DDoS 攻撃", "shop.sakura.example.jp", "進行中", "表示できない")
    expect("連絡なし" not in readable(row), "the customer is told")
    play.measured["ddos_to_told_s"] = time.monotonic() - began
    _called_in_order(play, calls)
    play.measured["ddos_to_reached_s"] = time.monotonic() - began
    for words in ("回中", "お客様への連絡を開始", "話し中", "確認済み", "名前解決"):
        # The key is pressed a moment before its call-back is written down and followed.
        wait_for(lambda: words in play.browser(ANALYST.login).text(_page_of(row)), f"the incident shows {words}")  # noqa: B023
    wait_for(lambda: _told(play, "DDoS", "shop.sakura") == SAKURA_CONTACTS, "all contacts have the mail")
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: "/console/tickets/WSP-" in analyst.html(_page_of(row)), "the incident leads to its ticket")
    _site(play, SAKURA_SITE, "normal")
    _wait_until_over(play, _page_of(row))
    wait_for(lambda: _told(play, "【終報】DDoS", "shop.sakura") == SAKURA_CONTACTS, "all contacts know that it is over")
    ticket = _TICKET.search(analyst.html(_page_of(row)))
    shown = play.browser(CUSTOMER_LOGIN).text(f"/portal/tickets/{ticket.group(1) if ticket else ''}/")
    for words in ("完了", "電話連絡:", "話し中", "終息を確認しました"):
        expect(words in shown, f"the customer's ticket shows {words}")


def normal(play: Play) -> None:
    """A DDoS while the site is well: an internal incident only; nobody is mailed or called."""
    calls = _call_numbers(play)
    _ddos(play, HOKUTO_SITE, "203.0.113.180")
    row = _wait_for_row(play, "DDoS 攻撃", "www.hokuto.example.jp", "正常")
    expect("連絡なし" in readable(row), "nobody is told")
    _wait_until_over(play, _page_of(row))
    expect(not _new_calls(play, calls, _HOKUTO_PREFIX), "nobody is called")
    expect(not _told(play, "DDoS", "www.hokuto") & HOKUTO_CONTACTS, "nobody has a mail about it")


def outage(play: Play) -> None:
    """A site is down without an attack: the SOC has an alarm, nobody is told until an analyst says so."""
    _set_habits(play)
    calls = _call_numbers(play)
    analyst = play.browser(ANALYST.login)
    _site(play, SAKURA_SECOND, "error")
    row = _wait_for_row(play, "サイトの表示障害", "www.sakura.example.jp", "進行中", "判断待ち")
    expect("サイトの表示に問題があります" in analyst.text("/console/alarms/"), "the alarm is on the console")
    expect("サーバーがエラー（503）を返しました" in readable(row), "the page says what was seen")
    expect(not _new_calls(play, calls, ""), "nobody is called unasked")
    path = _page_of(row)
    analyst.post(f"{path}tell/", {"next": _LIST}, page=path)
    _called_in_order(play, calls)
    wait_for(lambda: _told(play, "サイトの表示", "www.sakura") == SAKURA_CONTACTS, "all contacts have the mail")
    _site(play, SAKURA_SECOND, "normal")
    _wait_until_over(play, path)


def origin_down(play: Play) -> None:
    """The vendor's log says that all origin servers are down; the analyst says that nobody is to be told."""
    calls = _call_numbers(play)
    analyst = play.browser(ANALYST.login)
    now = datetime.now(UTC)
    entry = line("Normal", "198.51.100.181", now, "REQ_ALL_IPS_DOWN", site_id=SAKURA_SECOND)
    play.outside.do("lines", account=SAKURA, lines=[entry])
    row = _wait_for_row(play, "オリジンサーバー停止", "www.sakura.example.jp", "判断待ち")
    path = _page_of(row)
    analyst.post(f"{path}keep/", {"next": _LIST}, page=path)
    expect("連絡していません" in analyst.text(path), "the page says that nobody was told")
    expect(not _new_calls(play, calls, ""), "nobody is called")
    _wait_until_over(play, path)


def vendor_outage(play: Play) -> None:
    """No customer's logs can be read: one alarm, one decision, and each customer reads of his own contract only."""
    calls = _call_numbers(play)
    analyst = play.browser(ANALYST.login)
    play.outside.do("faults", kind="html", scope="logs", duration_seconds=600)
    row = _wait_for_row(play, "WAF ベンダーの障害", "進行中", "判断待ち")
    expect("WAF ベンダーの障害の可能性があります" in analyst.text("/console/alarms/"), "the alarm is on the console")
    path = _page_of(row)
    wait_for(lambda: "同じ原因の契約" in analyst.text(path), "the contracts share one incident page")
    analyst.post(f"{path}tell/", {"next": _LIST}, page=path)
    subject = "WAF ベンダーの障害のお知らせ"
    for contacts, own, other in (
        (SAKURA_CONTACTS, "K-2026-0001", "K-2026-0002"),
        (HOKUTO_CONTACTS, "K-2026-0002", "K-2026-0001"),
    ):
        wait_for(lambda: _told(play, subject, own) == contacts, f"all contacts of {own} have the mail")  # noqa: B023
        texts = [letter["text"] for letter in play.outside.mails() if contacts & set(letter["recipients"])]
        expect(not any(other in text for text in texts), "nobody reads of another customer")
    expect(not _new_calls(play, calls, ""), "it is written, not phoned")
    play.outside.do("faults/clear")
    for contacts, own in ((SAKURA_CONTACTS, "K-2026-0001"), (HOKUTO_CONTACTS, "K-2026-0002")):
        wait_for(
            lambda: _told(play, "【終報】WAF ベンダーの障害", own) == contacts,  # noqa: B023
            f"all contacts of {own} know that it is over",
            seconds=60,
        )


def _ddos(play: Play, site: int, source: str, **more: object) -> None:
    play.outside.do("attacks", kind="ddos", site_id=site, source=source, count=3, outcome="blocked", **more)


def _site(play: Play, site: int, mode: str) -> None:
    play.outside.do("site", site_id=site, mode=mode)


def _set_habits(play: Play) -> None:
    play.outside.habit(FIRST, "busy")
    play.outside.habit(SECOND, "1")


def _wait_for_row(play: Play, *words: str) -> str:
    """The row of the list of all incidents that shows all of these."""
    analyst = play.browser(ANALYST.login)

    def look() -> str:
        _, _, every = analyst.html(_LIST).partition("すべてのインシデント")
        rows = every.split("<tr")
        return next((row for row in rows if all(word in readable(row) for word in words)), "")

    wait_for(look, f"an incident shows {'、'.join(words)}", seconds=40)
    return look()


def _page_of(row: str) -> str:
    link = _PAGE.search(row)
    expect(link, "the row leads to the incident's page")
    return link.group(1) if link else ""


def _wait_until_over(play: Play, path: str) -> None:
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: '<span class="badge done">終了</span>' in analyst.html(path), "the incident ends", seconds=60)


def _call_numbers(play: Play) -> set[int]:
    return {call["id"] for call in play.outside.calls()}


def _new_calls(play: Play, before: set[int], prefix: str) -> list[dict[str, Any]]:
    """Calls to customers that begin with a prefix, made since then. Calls to the SOC's own people do not count."""
    new = [call for call in play.outside.calls() if call["id"] not in before and call["to"].startswith(prefix)]
    return [call for call in new if call["to"] not in DUTY_PHONES.values() and not call["parent"]]


def _called_in_order(play: Play, before: set[int]) -> None:
    """Busy at the first, reached at the second, and nobody after him."""

    def states() -> list[tuple[str, str]]:
        return [(call["to"], call["state"]) for call in reversed(_new_calls(play, before, ""))]

    wanted = [(FIRST, "busy"), (SECOND, "confirmed")]
    wait_for(lambda: states() == wanted, "the first is busy, the second is reached", seconds=40)
    expect(THIRD not in {number for number, _ in states()}, "nobody is called after that")


def _told(play: Play, kind: str, site: str) -> set[str]:
    """Who has a mail to customers whose subject names the kind, and whose text the site (perhaps with [.] for dots)."""
    defanged = site.replace(".", "[.]")
    return {
        recipient
        for letter in play.outside.mails()
        if kind in letter["subject"]
        and "SOC アラーム" not in letter["subject"]
        and (site in letter["text"] or defanged in letter["text"])
        for recipient in letter["recipients"]
    }

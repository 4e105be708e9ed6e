"""Steps of the check: planned stops, slow by a site's own measure, and many sites bad at once."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sakimori.lib.jst import JST
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, SAKURA_SECOND, SAKURA_SITE, WAF_CONTROL
from sakimori.run.demo.doors import Browser, expect, wait_for
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
from sakimori.run.demo.play import SAKURA_CONTACTS, Play

_SITES, _BOARD = "/portal/sites/", "/console/sites/"
_CANCEL = re.compile(r'action="(/portal/stops/\d+/cancel/)"')


def planned_stop(play: Play) -> None:
    """During a stop that the customer has registered nobody is called; when it ends, the site is judged anew."""
    wait_for_quiet(play, "shop.sakura.example.jp")
    set_habits(play)
    with ended_site(play, SAKURA_SITE):
        path = _told_after_the_stop(play)
    wait_until_over(play, path)


def _told_after_the_stop(play: Play) -> str:
    """Register a stop, let an attack begin, end the stop. Returns the page of the incident."""
    calls, analyst, customer = call_numbers(play), play.browser(ANALYST.login), play.browser(CUSTOMER_LOGIN)
    mails = len(play.outside.mails())
    page = _site_page(customer, _SITES, "shop.sakura.example.jp")
    now = datetime.now(UTC).astimezone(JST)
    customer.post(
        f"{page}stop/",
        {
            "starts_at": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M}",
            "ends_at": f"{now + timedelta(minutes=30):%Y-%m-%dT%H:%M}",
            "note": "サーバーの更新",
        },
        page=f"{page}stop/",
    )
    expect("計画停止中" in analyst.text(f"{_BOARD}?state=stopped"), "the board shows the planned stop")
    ddos(play, SAKURA_SITE, "198.51.100.182", site_mode="dead")
    row = wait_for_row(play, "DDoS 攻撃", "shop.sakura.example.jp", "進行中", "判断待ち")
    alarmed(play, "計画停止中に DDoS 攻撃を検知")
    expect(not new_calls(play, calls, ""), "nobody is called during the stop")
    about = [
        letter for letter in play.outside.mails()[: len(play.outside.mails()) - mails] if "DDoS" in letter["subject"]
    ]
    expect(not [letter for letter in about if set(letter["recipients"]) & SAKURA_CONTACTS], "no notice is sent")
    cancel = _CANCEL.search(customer.html("/portal/stops/"))
    customer.post(cancel.group(1) if cancel else "", {}, page="/portal/stops/")
    began = time.monotonic()
    called_in_order(play, calls)
    play.measured["stop_over_to_reached_s"] = time.monotonic() - began
    return page_of(row)


def slow(play: Play) -> None:
    """A site is extremely slow by its own measure, set by an analyst: the sentence names the time and what is usual."""
    wait_for_quiet(play, "www.sakura.example.jp")
    set_habits(play)
    calls, analyst = call_numbers(play), play.browser(ANALYST.login)
    page = _site_page(analyst, _BOARD, "www.sakura.example.jp")
    for words in ("正常に表示できた時間の割合", "95 パーセンタイル", "数値を表で見る"):
        expect(words in analyst.text(f"{page}?period=90d"), f"the site's page shows {words}")
    expect("<svg" in analyst.html(f"{page}chart/time/?period=90d"), "the history is drawn")
    with ended_site(play, SAKURA_SECOND), _slow_from(play, page, "2"):
        ddos(play, SAKURA_SECOND, "198.51.100.183", site_mode="slow", seconds=2.5)
        row = wait_for_row(play, "DDoS 攻撃", "www.sakura.example.jp", "進行中", "極端に遅い", "95 パーセンタイル")
        called_in_order(play, calls)
        wait_for(lambda: told(play, "DDoS", "www.sakura") == SAKURA_CONTACTS, "all contacts have the mail")
    wait_until_over(play, page_of(row))


@contextmanager
def _slow_from(play: Play, page: str, seconds: str) -> Iterator[None]:
    """Meanwhile so many seconds are extremely slow for the site; then again what is so for all."""
    analyst, form = play.browser(ANALYST.login), f"{page}settings/"
    same = {
        "reachable": "on",
        "watched": "on",
        "probe_url": play.outside.site_page(SAKURA_SECOND),
        "expected_text": "さきもり商店",
    }
    set_to = analyst.post(form, same | {"slow_seconds": seconds}, page=form)
    expect("サイトの設定を変更しました" in set_to, "the site has a limit of its own")
    try:
        yield
    finally:
        analyst.post(form, same, page=form)


def many(play: Play) -> None:
    """No page behind the WAF opens any more: the notice waits, and one word of the analyst releases it."""
    wait_for_quiet(play, "shop.sakura.example.jp")
    set_habits(play)
    with ended_site(play, WAF_CONTROL), ended_site(play, SAKURA_SITE):
        path = _held_and_released(play)
    wait_until_over(play, path)


def _held_and_released(play: Play) -> str:
    """The notice waits for the analyst, who releases it. Returns the page of the incident."""
    calls, analyst = call_numbers(play), play.browser(ANALYST.login)
    set_site(play, WAF_CONTROL, "dead")
    ddos(play, SAKURA_SITE, "198.51.100.184", site_mode="dead")
    row = wait_for_row(play, "DDoS 攻撃", "shop.sakura.example.jp", "進行中", "判断待ち")
    alarmed(play, "WAF 経由の対照ページも開けない")
    expect(not new_calls(play, calls, ""), "nobody is called unasked")
    hold = re.search(r'href="(/console/holds/\d+/)"', analyst.html(_BOARD))
    expect(hold, "the board leads to what is held")
    page = hold.group(1) if hold else ""
    # Two, where a visit at a quiet time has seen the site before the log told of the attack.
    expect("件すべてのお客様へ連絡する" in analyst.text(page), "the page lists what is held")
    began = time.monotonic()
    analyst.post(f"{page}release/", {}, page=page)
    called_in_order(play, calls)
    play.measured["released_to_reached_s"] = time.monotonic() - began
    return page_of(row)


def _site_page(browser: Browser, listed: str, domain: str) -> str:
    found = re.search(rf'href="({listed}\d+/)">{re.escape(domain)}<', browser.html(listed))
    expect(found, f"the list leads to {domain}")
    return found.group(1) if found else ""

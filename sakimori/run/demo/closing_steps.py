"""Steps of the check about what ends: old days of the log, and contracts. The last two are played last of all."""

import re
from datetime import UTC, datetime, timedelta

from sakimori.lib.calendar import deletion_day, first_kept_day
from sakimori.lib.jst import JST, day_of
from sakimori.run.demo.cast import (
    ANALYST,
    CUSTOMER_LOGIN,
    HOKUTO_LOGIN,
    HOKUTO_SITE,
    MANAGER,
    MINATO_CONTRACT,
    MINATO_LOGIN,
    MINATO_NAME,
)
from sakimori.run.demo.doors import Browser, NotAsExpected, expect, wait_for
from sakimori.run.demo.log_steps import search
from sakimori.run.demo.play import HOKUTO, SAKURA, Play, line

_KEPT, _OLD, _AFTER = "203.0.113.103", "203.0.113.100", "203.0.113.199"
_SAKURA_CONTRACT, _HOKUTO_CONTRACT = "K-2026-0001", "K-2026-0002"
_LIST = "/console/closing/"
_TICKET = re.compile(r"WSP-\d+")
_PROOF = re.compile(r'href="(/console/deletions/\d+/)"')
_ACKNOWLEDGE = re.compile(r'action="(/console/alarms/\d+/acknowledge/)"')


def overdue(play: Play) -> None:
    """What is due without an approval is a HIGH alarm, and the list says so. The alarm is taken, so it calls nobody."""
    analyst = play.browser(ANALYST.login)
    sentence = f"{MINATO_NAME}（契約 {MINATO_CONTRACT}）のデータ削除予定日"
    wait_for(lambda: sentence in analyst.text("/console/"), "the SOC is alarmed")
    expect("削除期限到来・未承認" in analyst.text(_LIST), "the list shows that it is due")
    alarm = next(part for part in analyst.html("/console/").split("<li") if sentence in part)
    take = _ACKNOWLEDGE.search(alarm)
    expect(take, "the alarm can be taken")
    analyst.post(take.group(1) if take else "", {"next": "/console/"}, page="/console/")
    expect(sentence not in analyst.text("/console/"), "the alarm is taken")


def old_days(play: Play) -> None:
    """A line of 100 days ago is let go of by the next run, one of 80 days ago is found."""
    now = datetime.now(UTC)
    kept, old = now - timedelta(days=80), now - timedelta(days=100)
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    gone_before = _let_go(analyst)
    lines = [line("Normal", _KEPT, kept, "REQ_PASSED"), line("Normal", _OLD, old, "REQ_PASSED")]
    play.outside.do("lines", account=SAKURA, lines=lines)
    week = {"begins": _local(kept - timedelta(days=3)), "ends": _local(kept + timedelta(days=3))}
    wait_for(lambda: "新しい順、1 件" in search(customer, address=_KEPT, **week), "what is kept is found")
    wait_for(lambda: _let_go(analyst) > gone_before, "the proof says that the old line is gone")
    shown = _retention(analyst)
    expect(f"{first_kept_day(day_of(now)):%Y/%m/%d}" in shown, "the proof says what is kept")
    expect("期限超過" not in shown, "none is left that is too old")
    expect("以降のものです" in search(customer, address=_OLD, begins=_local(old)), "nobody can ask for what is too old")


def deletion(play: Play) -> None:
    """Two people, a preview, and within seconds all of the customer is gone, with a proof; others are as before."""
    minato = play.browser(MINATO_LOGIN)
    expect("WSP-MINATO" in minato.text("/portal/"), "until the deletion the customer can read his tickets")
    analyst, manager = play.browser(ANALYST.login), play.browser(MANAGER.login)
    before = _tickets_of_others(play)
    page = f"{_LIST}{MINATO_CONTRACT}/"
    expect("削除を承認する" not in analyst.text(page), "who entered it has no button")
    refused = analyst.post(f"{page}approve/", {"typed": MINATO_CONTRACT}, page=page)
    expect("承認できるのは SOC 責任者だけです" in refused, "who entered it is refused")
    expect("ログ（保管行数） 3" in manager.text(page), "the preview counts the log")
    wrong = manager.post(f"{page}approve/", {"typed": "K-2025-0008"}, page=page)
    expect("契約番号が一致しません" in wrong, "a wrong number is refused")
    manager.post(f"{page}approve/", {"typed": MINATO_CONTRACT}, page=page)
    play.measured["approved_to_deleted_s"] = wait_for(lambda: _PROOF.search(analyst.html(_LIST)), "it is deleted")
    link = _PROOF.search(analyst.html(_LIST))
    proof = analyst.text(link.group(1) if link else "")
    for words in (MINATO_CONTRACT, "残存確認 0 件", "ログ（保管行数） 3", "添付・レポートのファイル 1", "連絡先 2"):
        expect(words in proof, f"the proof shows {words}")
    expect(analyst.status(f"{link.group(1) if link else ''}certificate.pdf") == 200, "there is a certificate")
    expect(analyst.status(page) == 404, "the contract is not there any more")
    expect(MINATO_NAME not in analyst.text("/console/"), "no alarm names the customer")
    expect("WSP-MINATO" not in minato.text("/portal/"), "his session is over")
    expect(not _may_sign_in(play, MINATO_LOGIN), "his login is no more")
    expect(_tickets_of_others(play) == before, "others see what they saw")


def cancellation(play: Play) -> None:
    """A day in the past is refused; from the day of cancellation on nobody is blocked, and tickets stay readable."""
    analyst, customer = play.browser(ANALYST.login), play.browser(HOKUTO_LOGIN)
    page, today = f"{_LIST}{_HOKUTO_CONTRACT}/", datetime.now(JST).date()
    past = analyst.post(f"{page}enter/", {"ends_on": f"{today - timedelta(days=1)}"}, page=page)
    expect("過去の日付は解約日にできません" in past, "a day in the past is refused")
    expect("契約中" in analyst.text(page), "nothing was changed")
    analyst.post(f"{page}enter/", {"ends_on": f"{today}"}, page=page)
    last = deletion_day(today)
    words = f"{last.year}年{last.month}月{last.day}日"
    expect(words in analyst.text(page), "the day of deletion is the end of next month")
    play.attack("sql_injection", _AFTER, site=HOKUTO_SITE)
    play.attack("sql_injection", _AFTER)
    wait_for(lambda: _AFTER in play.outside.blacklist(SAKURA), "who goes on with us is protected")
    expect(_AFTER not in play.outside.blacklist(HOKUTO), "who has cancelled is not")
    expect("解約済み（受信停止）" in analyst.text("/console/intake/"), "the intake page says why nothing comes")
    expect("チケット" in customer.text("/portal/"), "his portal is open until the deletion")


def _retention(analyst: Browser) -> str:
    """The row of the first customer's proof of retention."""
    rows = analyst.html("/console/intake/").split("<tr")
    return next((row for row in rows if "ログ保管あり" in row and _SAKURA_CONTRACT in row), "")


def _let_go(analyst: Browser) -> int:
    """How many rows of his log were let go of today."""
    found = re.search(r"日分・(\d+) 行", _retention(analyst))
    return int(found.group(1)) if found else 0


def _local(moment: datetime) -> str:
    return moment.astimezone(JST).strftime("%Y-%m-%dT%H:%M")


def _tickets_of_others(play: Play) -> list[set[str]]:
    return [set(_TICKET.findall(play.browser(login).text("/portal/"))) for login in (CUSTOMER_LOGIN, HOKUTO_LOGIN)]


def _may_sign_in(play: Play, login: str) -> bool:
    try:
        Browser(play.base_url).sign_in(login, play.password)
    except NotAsExpected:
        return False
    return True

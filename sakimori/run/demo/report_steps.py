"""Steps of the check for what the SOC publishes: the monthly report and security news."""

import re
from html import unescape
from urllib.parse import unquote

from sakimori.lib.calendar import Month
from sakimori.lib.jst import utc_now
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_LOGIN, MANAGER
from sakimori.run.demo.doors import Browser, expect, readable, wait_for
from sakimori.run.demo.play import HOKUTO_CONTACTS, SAKURA_CONTACTS, Play

_COMMENT = "演習用の所見です。検知した攻撃はすべて確認しました。"
_TITLE, _DRAFT = "演習：広く使われる部品の脆弱性について", "演習：承認前のお知らせ"
_SEEN = re.compile(r'name="seen" value="([^"]+)"')
_DOWNLOAD = re.compile(r'href="(/portal/reports/\d+/)"')


def report(play: Play) -> None:
    """Last month's report: drafted by an analyst, released by another person, read by the customer alone."""
    month = Month.at(utc_now()).plus(-1)
    analyst, manager = play.browser(ANALYST.login), play.browser(MANAGER.login)
    wait_for(lambda: _report_page(analyst, month), "the report is owed")
    page = _report_page(analyst, month)
    due = analyst.text(page)
    expect("期限（第 10 営業日）" in due, "the due day is shown")
    drafted = readable(analyst.post(page, {"comment": _COMMENT}, page=page))
    expect("下書きを保存しました" in drafted and "集計結果" in drafted, "the draft has its figures")
    expect(analyst.file(f"{page}pdf/").content.startswith(b"%PDF"), "the draft can be looked at")
    expect("本人は公開できません" in _release(analyst, page), "the analyst cannot release his own draft")
    expect(month.written not in play.browser(CUSTOMER_LOGIN).text("/portal/reports/"), "a draft is not shown")
    expect("公開済み" in _release(manager, page), "another person releases it")
    _read_by_the_customer(play, month)


def _read_by_the_customer(play: Play, month: Month) -> None:
    customer = play.browser(CUSTOMER_LOGIN)
    rows = customer.html("/portal/reports/").split("<tr")
    link = _DOWNLOAD.search(next((row for row in rows if month.written in row), ""))
    expect(link, "the customer sees the report")
    path = link.group(1) if link else ""
    answer = customer.file(path)
    name = unquote(answer.headers.get("Content-Disposition", ""))
    expect(answer.content.startswith(b"%PDF"), "it is a PDF")
    expect(f"月次レポート_株式会社さくら商店_{month}.pdf" in name, f"its name says whose and which month it is: {name}")
    expect(play.browser(HOKUTO_LOGIN).status(path) == 404, "another customer does not find it")
    subject = f"{month.written}分の月次レポートを掲載しました [K-2026-0001]"
    wait_for(lambda: _told(play, subject) == SAKURA_CONTACTS, "all contacts are told that it is there")


def advisory(play: Play) -> None:
    """Security news: written by one person, approved by another, mailed to all and kept on the portal."""
    analyst, manager = play.browser(ANALYST.login), play.browser(MANAGER.login)
    refused = readable(_write(analyst, "", "本文"))
    expect("件名を入力してください" in refused, "news without a title is refused")
    _write(analyst, _DRAFT, "まだ誰にも届きません。")
    _write(analyst, _TITLE, "お使いの環境の確認をお願いいたします。")
    page = _advisory_page(analyst)
    expect("本人は承認できません" in _approve(analyst, page), "the author cannot approve his own news")
    expect(_TITLE not in play.browser(CUSTOMER_LOGIN).text("/portal/advisories/"), "a draft is not shown")
    expect("承認済み" in _approve(manager, page), "another person approves it")
    everybody = SAKURA_CONTACTS | HOKUTO_CONTACTS
    # An earlier step may have brought in a further customer, whose contacts are told too.
    wait_for(lambda: _told(play, _TITLE) >= everybody, "all contacts of all customers have the mail")
    wait_for(
        lambda: f"送信済み {len(_told(play, _TITLE))} 通" in analyst.text(page), "the desk sees that all are delivered"
    )
    for login in (CUSTOMER_LOGIN, HOKUTO_LOGIN):
        shown = play.browser(login).text("/portal/advisories/")
        expect(_TITLE in shown and _DRAFT not in shown, "the portal shows what is approved and nothing else")
    expect(not _told(play, _DRAFT), "nothing is mailed without approval")


def _report_page(analyst: Browser, month: Month) -> str:
    """The page of the first customer's report; empty while there is none."""
    rows = unescape(analyst.html("/console/reports/")).split("<tr")
    row = next((row for row in rows if month.written in row and "K-2026-0001" in row), "")
    link = re.search(r'href="(/console/reports/\d+/)"', row)
    return link.group(1) if link else ""


def _advisory_page(analyst: Browser) -> str:
    links = re.findall(r'href="(/console/advisories/\d+/)">([^<]+)<', analyst.html("/console/advisories/"))
    page = next((path for path, title in links if unescape(title) == _TITLE), "")
    expect(page, "the desk lists the news")
    return page


def _write(analyst: Browser, title: str, body: str) -> str:
    page = "/console/advisories/new/"
    return analyst.post(page, {"title": title, "body": body, "sources": "https://www.example.jp/"}, page=page)


def _release(person: Browser, page: str) -> str:
    return readable(person.post(f"{page}release/", {"seen": _seen(person, page)}, page=page))


def _approve(person: Browser, page: str) -> str:
    return readable(person.post(f"{page}approve/", {"seen": _seen(person, page)}, page=page))


def _seen(person: Browser, page: str) -> str:
    found = [value for value in _SEEN.findall(person.html(page)) if "T" in value]
    expect(found, f"{page} has its button")
    return unescape(found[0]) if found else ""


def _told(play: Play, subject: str) -> set[str]:
    """Who got a mail with this subject."""
    return {
        recipient
        for letter in play.outside.mails()
        if subject in letter["subject"]
        for recipient in letter["recipients"]
    }

"""Steps of the check about contacts: hours and switchboards in a round, a test of numbers, a customer's own change."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sakimori.lib.jst import JST
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, SAKURA_SECOND
from sakimori.run.demo.doors import Browser, expect, readable, wait_for
from sakimori.run.demo.incident_doors import alarmed, ddos, ended_site, wait_for_quiet
from sakimori.run.demo.play import SAKURA_CONTACTS, Play

_FIRST, _SECOND, _THIRD = "03-0000-1001", "03-0000-1002", "03-0000-1003"
_CUSTOMER = re.compile(r'href="(/console/customers/\d+/)">株式会社さくら商店')
_CHANGE = re.compile(r'href="(/(?:console|portal)/contacts/\d+/)">変更<span class="unseen">：([^<]+)<')
_ROUND = re.compile(r'href="(/console/calls/\d+/)"[^>]*>架電票を開く')
_TEST = re.compile(r'href="(/console/drills/\d+/)">株式会社さくら商店')
_PEOPLE = {
    "桜井 花子": ("サクライ ハナコ", "hanako@sakura.example.jp", _FIRST),
    "吉野 太郎": ("ヨシノ タロウ", "taro@sakura.example.jp", _SECOND),
}


def tree(play: Play) -> None:
    """Who is outside his hours is passed over, a switchboard is dialled by an operator, and then the round goes on."""
    desk = play.browser(ANALYST.login)
    wait_for_quiet(play, "www.sakura.example.jp")
    play.outside.habit(_THIRD, "1")
    with ended_site(play, SAKURA_SECOND), _changed(desk):
        before = {call["id"] for call in play.outside.calls()}
        ddos(play, SAKURA_SECOND, "198.51.100.185", site_mode="dead")
        alarmed(play, "代表・内線の番号です")
        wait_for(lambda: _ROUND.search(desk.html("/console/calls/")), "the sheet is open")
        page = _found(_ROUND, desk.html("/console/calls/"))
        sheet = desk.text(page)
        for words in ("時間帯の外", "ヨシノ タロウ", _SECOND, "内線 12"):
            expect(words in sheet, f"the sheet shows {words}")
        desk.post(f"{page}begin/", {}, page=page)
        desk.post(f"{page}result/", {"result": "busy", "spoke_with": ""}, page=page)
        wait_for(lambda: "連絡済み" in desk.text(page), "the third contact is called and reached")
        called = [call["to"] for call in play.outside.calls() if call["id"] not in before]
        expect(_THIRD in called, "the machine has called the third")
        expect(not {_FIRST, _SECOND} & set(called), "and neither of the others")
    wait_for_quiet(play, "www.sakura.example.jp")


def drill(play: Play) -> None:
    """A test calls every number once, says that it is one; an operator finds the dead number behind a switchboard."""
    desk = play.browser(ANALYST.login)
    contacts, test = f"{_found(_CUSTOMER, desk.html('/console/customers/'))}contacts/", _test_page(desk)
    changes = {name: address for address, name in _CHANGE.findall(desk.html(contacts))}
    form = _form("情報システム部", "ジョウホウシステムブ", "it@sakura.example.jp", _THIRD)
    third = changes["情報システム部"]
    desk.post(third, form | {"phone_kind": "person", "phone_note": "代表で内線 30"}, page=third)
    for number, habit in ((_FIRST, "1"), (_SECOND, "no-answer")):
        play.outside.habit(number, habit)
    try:
        _tested(play, desk, test)
    finally:
        desk.post(third, form, page=third)
        for number in (_FIRST, _SECOND, _THIRD):
            play.outside.habit(number, "")


def _tested(play: Play, desk: Browser, test: str) -> None:
    """One test from its button to its result."""
    before = {call["id"] for call in play.outside.calls()}
    desk.post(test, {"at_night": "on"}, page=test)
    wait_for(lambda: _ROUND.search(desk.html("/console/calls/")), "the sheet is open for the third")
    page = _found(_ROUND, desk.html("/console/calls/"))
    desk.post(f"{page}begin/", {}, page=page)
    desk.post(f"{page}result/", {"result": "failed", "spoke_with": ""}, page=page)
    wait_for(lambda: "実施済み" in desk.text(test), "the test is over")
    calls = [call for call in play.outside.calls() if call["id"] not in before and call["to"] in (_FIRST, _SECOND)]
    expect(len(calls) == 2, f"each number was called once: {len(calls)}")
    heard = {call["to"]: call["say"] for call in calls}
    expect("連絡先のテストです" in heard.get(_FIRST, ""), "who answered heard that it is a test")
    shown = desk.text(test)
    expect("不通" in shown and "応答を確認" in shown, "the page names the dead number and those that answered")


def own_change(play: Play) -> None:
    """A customer changes a contact himself; every contact is told; the page says in which order we would call now."""
    portal = play.browser(CUSTOMER_LOGIN)
    page = "/portal/contacts/"
    expect("に電話する順番" in portal.text(page), "the order of this hour is shown")
    changes = {name: address for address, name in _CHANGE.findall(portal.html(page))}
    kana, mail, phone = _PEOPLE["桜井 花子"]
    form = _form("桜井 花子", kana, mail, phone)
    done = portal.post(changes["桜井 花子"], form | {"second_phone": "090-0000-0001"}, page=changes["桜井 花子"])
    expect("すべての連絡先へメールでお知らせします" in readable(done), "the change is taken")
    wait_for(lambda: _told_of_change(play) >= SAKURA_CONTACTS, "all contacts have the mail")
    portal.post(changes["桜井 花子"], form, page=changes["桜井 花子"])


@contextmanager
def _changed(desk: Browser) -> Iterator[None]:
    """The first contact is outside his hours, the second sits behind a switchboard; afterwards all is as it was."""
    page = f"{_found(_CUSTOMER, desk.html('/console/customers/'))}contacts/"
    changes = {name: address for address, name in _CHANGE.findall(desk.html(page))}
    closed = "月火水木金土日"[(datetime.now(UTC).astimezone(JST) + timedelta(days=3)).weekday()]
    hours = {
        "hours": f"{closed} 09:00-10:00",
        "hours_asked_on": "2026-04-01",
        "hours_received_by": "青木",
        "hours_note": "書面",
    }
    people = {name: _form(name, *known) for name, known in _PEOPLE.items()}
    switchboard = {"phone_kind": "person", "phone_note": "代表で内線 12"}
    try:
        _change(desk, changes["桜井 花子"], people["桜井 花子"] | hours)
        _change(desk, changes["吉野 太郎"], people["吉野 太郎"] | switchboard)
        yield
    finally:
        for name, form in people.items():
            desk.post(changes[name], form, page=changes[name])


def _change(desk: Browser, contact: str, form: dict[str, str]) -> None:
    expect("連絡先を登録しました" in readable(desk.post(contact, form, page=contact)), "the contact is changed")


def _form(name: str, kana: str, mail: str, phone: str) -> dict[str, str]:
    return {"name": name, "kana": kana, "email": mail, "phone": phone, "phone_kind": "direct", "on_holidays": "on"}


def _test_page(desk: Browser) -> str:
    return _found(_TEST, desk.html("/console/drills/"))


def _told_of_change(play: Play) -> set[str]:
    letters = [letter for letter in play.outside.mails() if "ご連絡先の登録内容が変更" in letter["subject"]]
    return {to for letter in letters if "2 番目の電話番号" in letter["text"] for to in letter["recipients"]}


def _found(pattern: re.Pattern[str], html: str) -> str:
    found = pattern.search(html)
    expect(found, f"the page has {pattern.pattern}")
    return found.group(1) if found else ""

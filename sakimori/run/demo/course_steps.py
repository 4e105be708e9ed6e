"""Steps of the check for an incident's course: first report, follow-ups, the end with its timeline; an exercise."""

import re
import time

from sakimori.run.demo.cast import ANALYST, HOKUTO_LOGIN, HOKUTO_SITE, MANAGER
from sakimori.run.demo.doors import expect, wait_for, wait_for_words
from sakimori.run.demo.incident_doors import ddos, ended_site, page_of, wait_for_quiet, wait_for_row
from sakimori.run.demo.play import HOKUTO_CONTACTS, Play

_TICKET = re.compile(r'href="/console/tickets/(WSP-\d+)/"')
_EXERCISE = re.compile(r'href="(/console/exercises/\d+/)"')
_SITE = re.compile(r'<option value="(\d+)"[^>]*>[^<]*（kunren')
_SITE_NAME = "www.hokuto.example.jp"
_PHONE, _TRAINEE, _TRAINEE_PHONE = "011-000-2001", "kunren@sakimori.example.jp", "03-0000-0901"


def followed(play: Play) -> None:
    """A DDoS whole: the customer hears of its beginning, of what goes on, and of its end with every step."""
    wait_for_quiet(play, _SITE_NAME)
    play.outside.habit(_PHONE, "1")
    before = _mails(play)
    with ended_site(play, HOKUTO_SITE):
        path = _told_while_it_lasts(play, before)
    _expect_told_of_the_end(play, before, path)


def _told_while_it_lasts(play: Play, before: int) -> str:
    """First report, follow-up, and an analyst's own. Returns the page of the incident."""
    ddos(play, HOKUTO_SITE, "203.0.113.151", site_mode="dead")
    wait_for(lambda: _told(play, before, "【第一報】") == HOKUTO_CONTACTS, "all contacts have the first report")
    began = time.monotonic()
    wait_for(lambda: _told(play, before, "【続報】") == HOKUTO_CONTACTS, "a follow-up comes while it lasts")
    play.measured["first_report_to_follow_up_s"] = time.monotonic() - began
    analyst = play.browser(ANALYST.login)
    path = page_of(wait_for_row(play, _SITE_NAME, "進行中"))
    analyst.post(f"{path}follow/", {"text": "復旧の見込みをお知らせします。", "token": "demo"}, page=path)
    wait_for(lambda: _told(play, before, "【続報】状況のお知らせ") == HOKUTO_CONTACTS, "an analyst's own follow-up")
    return path


def _expect_told_of_the_end(play: Play, before: int, path: str) -> None:
    """The end report, the incident's page and the customer's ticket show every step."""
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: _told(play, before, "【終報】DDoS") == HOKUTO_CONTACTS, "all know that it is over")
    last = next(letter for letter in play.outside.mails() if "【終報】DDoS" in letter["subject"])
    for words in ("■ 経過（日本時間）", "DDoS 攻撃を検知しました", "第一報", "続報", "確認結果: 正常", "重要度: 高"):
        expect(words in last["text"], f"the end report shows {words}")
    wait_for_words(analyst, path, "対応の時間", "期限内", "電話 15 分以内", "メールの識別番号")
    number = _TICKET.search(analyst.html(path))
    customer, page = play.browser(HOKUTO_LOGIN), f"/portal/tickets/{number.group(1) if number else ''}/"
    wait_for_words(customer, page, "経過（第一報・続報・終報）", "対応の時間", "連絡の基準", "終報")


def exercise(play: Play) -> None:
    """A manager plays a DDoS for an invented customer: mails and a call that say first that it is an exercise."""
    manager, overview = play.browser(MANAGER.login), "/console/exercises/"
    play.outside.habit(_TRAINEE_PHONE, "1")
    sandbox = {"name": "くんれん商事（訓練用）", "name1": "訓練 一郎", "mail1": _TRAINEE, "phone1": _TRAINEE_PHONE}
    if _TRAINEE not in manager.html(overview):
        manager.post(f"{overview}sandbox/", sandbox, page=overview)
    before = _mails(play)
    site = _SITE.search(manager.html(overview))
    expect(site, "the sandbox customer can be chosen")
    form = {"site": site.group(1) if site else "", "scenario": "at-once", "speed": "60"}
    manager.post(f"{overview}start/", form, page=overview)
    path = _EXERCISE.search(manager.html(overview))
    expect(path, "the exercise is on the list")
    wait_for(
        lambda: _told(play, before, "【訓練】", "【第一報】") == {_TRAINEE},
        "the trainee, and nobody else, has the first report",
    )
    wait_for(lambda: _told(play, before, "【訓練】", "【終報】") == {_TRAINEE}, "he knows that it is over")
    mails = [letter for letter in play.outside.mails() if _TRAINEE in letter["recipients"]]
    expect(all(letter["subject"].startswith("【訓練】") for letter in mails), "every subject says so")
    calls = [call for call in play.outside.calls() if call["to"] == _TRAINEE_PHONE]
    expect(calls and all(call["say"].startswith("これは訓練です。") for call in calls), "the call says so first")
    wait_for(lambda: "判定：" in manager.text(path.group(1) if path else ""), "the result page judges the clocks")


def _mails(play: Play) -> int:
    return len(play.outside.mails())


def _told(play: Play, before: int, *subject: str) -> set[str]:
    """Who outside the SOC has got a mail whose subject holds all of these since then."""
    new = play.outside.mails()
    new = new[: len(new) - before]
    return {
        recipient
        for letter in new
        if all(word in letter["subject"] for word in subject) and "SOC アラーム" not in letter["subject"]
        for recipient in letter["recipients"]
    }

"""Steps of the check about the SOC's own alarms: shown, mailed to the people on duty, phoned until somebody has it."""

import re
from typing import Any

from sakimori.run.demo.cast import ANALYST, DEPUTY, DUTY_PHONES, MANAGER
from sakimori.run.demo.doors import Browser, expect, wait_for, wait_for_words
from sakimori.run.demo.play import Play

_ACKNOWLEDGE = re.compile(r'action="(/console/alarms/\d+/acknowledge/)"')
_SENTENCE = "（契約 K-2026-0002）のログを取得できていません"
# The same as it is spoken.
_SPOKEN = "（契約 K の 2 0 2 6 の 0 0 0 2）のログを取得できていません"
_LOG_FOLDER = "4002_"
_MAILS = {f"{person.login}@sakimori.example.jp" for person in (ANALYST, DEPUTY, MANAGER)}
_FIRST, _SECOND = DUTY_PHONES[ANALYST.login], DUTY_PHONES[DEPUTY.login]


def roster(play: Play) -> None:
    """The console shows who is on duty; the roster has no gap, a manager adds shifts and an analyst cannot."""
    manager, analyst = play.browser(MANAGER.login), play.browser(ANALYST.login)
    name = f"{ANALYST.family} {ANALYST.given}"
    expect(f"現在の当番： {name}" in analyst.text("/console/"), "the person on duty is on every page")
    expect("当番のいない時間帯はありません" in analyst.text("/console/roster/"), "the roster has no gap")
    expect("当番を登録する" not in analyst.text("/console/roster/"), "an analyst cannot change it")
    page = "/console/roster/"
    refused = manager.post(page, {"starts_at": "2030-01-02T09:00", "ends_at": "2030-01-01T09:00"}, page=page)
    expect("選んでください。" in refused, "a wrong shift is refused in words")


def alarm(play: Play) -> None:
    """An alarm nobody looks at: mailed once to each person on duty; busy at the first, the deputy presses 1."""
    analyst = play.browser(ANALYST.login)
    acknowledge_all(analyst)
    play.outside.habit(_FIRST, "busy")
    play.outside.habit(_SECOND, "1")
    before = {call["id"] for call in play.outside.calls()}
    try:
        _provoke(play, analyst)
        wait_for(lambda: _mailed(play) == _MAILS, "everybody on duty has the mail")
        wait_for(lambda: newest_call(play, before, _FIRST), "the person on duty is called")
        wait_for(
            lambda: _SPOKEN in newest_call(play, before, _SECOND).get("say", ""), "the deputy is told after a busy line"
        )
        expect(newest_call(play, before, _FIRST)["state"] == "busy", "the first line was busy")
        name = f"{DEPUTY.family} {DEPUTY.given}"
        wait_for(
            lambda: acknowledged_by(analyst, _SENTENCE, name),
            "the key was the acknowledgement, and the history says whose",
        )
    finally:
        play.outside.do("faults/clear")
        for number in DUTY_PHONES.values():
            play.outside.habit(number, "")
    wait_for_words(analyst, "/console/calls/?called=soc", "話し中", "確認済み")


def acknowledged_by(browser: Browser, sentence: str, name: str) -> bool:
    """Whether the history says that this person has acknowledged an alarm that says this."""
    rows = browser.html("/console/alarms/history/").split("<tr")
    return any(sentence in row and name in row for row in rows)


def _provoke(play: Play, analyst: Browser) -> None:
    """The second customer's log index cannot be read, until the fault is cleared: an alarm tells how it stands now."""
    play.outside.do("faults", kind="html", scope="logs", path_part=_LOG_FOLDER, duration_seconds=600)
    wait_for(lambda: _SENTENCE in _bar(analyst), "the alarm is on the console")


def _bar(browser: Browser) -> str:
    return browser.text("/console/alarms/")


def acknowledge_all(browser: Browser) -> None:
    """Earlier steps leave alarms behind; taking them also ends a round of calls that may be going on."""
    for action in set(_ACKNOWLEDGE.findall(browser.html("/console/"))):
        browser.post(action, {"next": "/console/"}, page="/console/")


def _mailed(play: Play) -> set[str]:
    letters = [letter for letter in play.outside.mails() if letter["subject"].startswith("【SOC アラーム")]
    return {to for letter in letters if _SENTENCE in letter["text"] for to in letter["recipients"]}


def newest_call(play: Play, before: set[int], number: str) -> dict[str, Any]:
    """The newest call to this number since then; empty while there is none."""
    calls = [call for call in play.outside.calls() if call["id"] not in before and call["to"] == number]
    return calls[0] if calls else {}

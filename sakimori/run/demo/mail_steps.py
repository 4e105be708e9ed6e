"""Steps of the check about mails: one that went out in both parts, one that came back, who wrote one that came in."""

import re
import secrets
from typing import Any

from sakimori.run.demo.cast import ANALYST, READER_LOGIN, VENDOR_ADDRESS
from sakimori.run.demo.doors import Browser, expect, readable, wait_for
from sakimori.run.demo.incident_doors import alarmed
from sakimori.run.demo.play import SAKURA_CONTACTS, Play

_ENQUIRE = "/portal/enquiries/new/"
_BOUNCING = "it@sakura.example.jp"
_ACKNOWLEDGE = re.compile(r'action="(/console/alarms/\d+/acknowledge/)"')
_ROW = re.compile(r'<a href="(/console/(?:mails|received)/\d+/)">')


def bounced(play: Play) -> None:
    """A mail is read in both parts; its copy to one contact comes back, is marked, alarmed, and sent again."""
    about = f"メールの到達確認 {secrets.token_hex(4)}"
    play.outside.do("mailbox", bounced=_BOUNCING)
    try:
        data = {"about": about, "text": "届きますか。", "token": secrets.token_hex(16)}
        play.browser(READER_LOGIN).post(_ENQUIRE, data, page=_ENQUIRE)
        wait_for(lambda: set(_letters(play, about)) == SAKURA_CONTACTS, "all contacts have the mail")
        _expect_both_parts(_letters(play, about)[_BOUNCING], play.base_url)
        analyst = play.browser(ANALYST.login)
        alarmed(play, "様のメールが届いていません")
    finally:
        play.outside.do("mailbox", bounced="")
    link = _first(analyst, f"/console/mails/?state=bounced&address={_BOUNCING}")
    page = analyst.text(link)
    for words in ("配信不能", "User unknown", "250 2.0.0 Kept"):
        expect(words in page, f"the proof shows {words}")
    choice = re.search(r'<option value="(\d+)"[^>]*>[^<]*' + re.escape(_BOUNCING), analyst.html(link))
    expect(choice, "the contact can be chosen")
    again = analyst.post(f"{link}resend/", {"contact": choice[1] if choice else ""}, page=link)
    expect("様へ再送します" in readable(again), "it is sent again")
    wait_for(lambda: _letters(play, about)[_BOUNCING]["deliveries"] == 2, "it came again, under the same Message-ID")
    wait_for(lambda: "送信済み" in analyst.text(link), "and counts as sent")
    _acknowledge(analyst, "様のメールが届いていません")


def vendor(play: Play) -> None:
    """The vendor's signed notice is proven; the same words signed by somebody else are kept and count for nothing."""
    for forged, words in ((False, "DKIM 署名（セレクター training）を確認しました。"), (True, "一致しません。")):
        _notice(play, words, forged=forged)


def _notice(play: Play, words: str, *, forged: bool) -> None:
    """One notice comes in, and its sender is judged in these words."""
    analyst, subject = play.browser(ANALYST.login), f"Notice {secrets.token_hex(4)}"
    text = "This notice is about nothing that you have."
    play.outside.do("vendor-mail", to=VENDOR_ADDRESS, subject=subject, text=text, is_forged=forged)
    wait_for(lambda: subject in analyst.text("/console/received/"), "the notice is kept")
    rows = analyst.html("/console/received/").split("<tr>")
    link = next(_ROW.findall(row)[0] for row in rows if subject in row)
    wait_for(lambda: words in analyst.text(link), f"its sender is judged: {words}")
    expect(("差出人を確認できず" in analyst.text(link)) == forged, "a forged notice is not believed, a signed one is")


def _letters(play: Play, about: str) -> dict[str, dict[str, Any]]:
    """The letters that speak of it, by contact."""
    found = [letter for letter in play.outside.mails() if about in letter["text"]]
    return {recipient: letter for letter in found for recipient in letter["recipients"]}


def _expect_both_parts(letter: dict[str, Any], base_url: str) -> None:
    html = letter["html"]
    expect('<html lang="ja">' in html, "the HTML part says that it is Japanese")
    words = re.sub(r"\s+", "", readable(html.partition("<body")[2]))
    for line in letter["text"].splitlines():
        told = re.sub(r"\s+", "", line)
        expect(told in words or not told.strip("-"), f"the HTML part says too: {line[:60]}")
    links = set(re.findall(r'href="([^"]+)"', html))
    expect(links and all(link.startswith(base_url) for link in links), "its links lead to ourselves only")
    expect("<img" not in html and "src=" not in html, "it fetches nothing")


def _first(browser: Browser, path: str) -> str:
    found = _ROW.search(browser.html(path))
    expect(found, f"{path} lists a mail")
    return found[1] if found else ""


def _acknowledge(browser: Browser, words: str) -> None:
    """Take the alarms that say this, so that nobody is phoned about them."""
    bar = browser.html("/console/alarms/")
    for item in bar.split("<li")[1:]:
        found = _ACKNOWLEDGE.search(item)
        if words in item and found:
            browser.post(found[1], {}, page="/console/")

"""Steps of the check about enquiries with files: asked, refused, answered, and read by nobody else (chapter 2-2)."""

import re

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_LOGIN, READER_LOGIN
from sakimori.run.demo.doors import expect, readable, wait_for
from sakimori.run.demo.play import SAKURA_CONTACTS, Play

_ENQUIRE = "/portal/enquiries/new/"
_ABOUT = "管理画面に表示されるエラーについて"
_REFUSED = "受け付けられないファイルの件"
_QUESTION = "管理画面にログインすると、添付のとおりエラーが表示されます。確認をお願いいたします。"
_REPLY = "同じエラーは、今朝から続いています。"
_ANSWER = "添付を確認しました。手順書をお送りしますので、お試しください。"
_LOG = "2026-11-23 10:00:01 ERROR 画面を表示できません\n".encode() * 200
_GUIDE = "1. 画面を開きます。\r\n2. 再読み込みします。\r\n".encode("cp932")
_FILE = re.compile(r'href="(/portal/tickets/WSP-\d+/files/\d+/)">([^<]+)</a>')
_LIMIT_BYTES = 10 << 20


def ask(play: Play) -> None:
    """A reader asks with a file; sent twice it is one ticket; all contacts have the mail, the SOC an alarm."""
    reader = play.browser(READER_LOGIN)
    data = {"about": _ABOUT, "text": _QUESTION, "token": "0123456789abcdef" * 2}
    for _ in range(2):
        page = reader.post(_ENQUIRE, data, page=_ENQUIRE, files=[("エラー.log", _LOG)])
        expect("お問い合わせを受け付けました" in page, "the enquiry is taken")
    expect(reader.html("/portal/").count(_ABOUT) == 1, "sent twice it is one ticket")
    wait_for(lambda: _told(play, "お問い合わせを受け付けました", _QUESTION) == SAKURA_CONTACTS, "all contacts are told")
    desk, sentence = play.browser(ANALYST.login), f"新しいお問い合わせがあります（{_number(play)}）"
    wait_for(lambda: sentence in desk.text("/console/"), "the SOC has an alarm")


def refuse(play: Play) -> None:
    """A file over the limit, and one that is not what it says: the sentence, and nothing is left."""
    customer = play.browser(CUSTOMER_LOGIN)
    for name, content, words in (
        ("大きい.log", b"x" * (_LIMIT_BYTES + 1), "「大きい.log」は 10 MB を超えているため"),
        ("偽物.pdf", b"MZ" + bytes(100), "「偽物.pdf」は、内容が拡張子「pdf」の形式と一致しない"),
    ):
        page = customer.post(_ENQUIRE, {"about": _REFUSED, "text": "文"}, page=_ENQUIRE, files=[(name, content)])
        expect(words in readable(page), f"the page says why {name} is refused")
    expect(_REFUSED not in customer.text("/portal/"), "no ticket is left")
    expect(not any(_REFUSED in letter["text"] for letter in play.outside.mails()), "no mail is left")


def answer(play: Play) -> None:
    """The customer adds a word, the SOC answers with a file; everybody is told of both."""
    number = _number(play)
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    page = f"/portal/tickets/{number}/reply/"
    expect("ご連絡を受け付けました" in customer.post(page, {"text": _REPLY}, page=page), "the reply is taken")
    wait_for(lambda: _told(play, "チケットへのご連絡", _REPLY) == SAKURA_CONTACTS, "all contacts know of the reply")
    expect("要回答" in analyst.text("/console/tickets/"), "the ticket waits for an answer")
    page = f"/console/tickets/{number}/"
    sent = analyst.post(
        f"{page}answer/", {"text": _ANSWER, "state": "waiting"}, page=page, files=[("手順書.txt", _GUIDE)]
    )
    expect("回答を登録し" in sent, "the answer is taken")
    wait_for(lambda: _told(play, "SOC からの回答", _ANSWER) == SAKURA_CONTACTS, "all contacts have the answer")
    shown = customer.text(f"/portal/tickets/{number}/")
    for words in (_ANSWER, "SOC 担当者", "お客様確認待ち", "ウイルス検査：未実施"):
        expect(words in shown, f"the ticket shows {words}")


def download(play: Play) -> None:
    """Both files come back byte by byte; for somebody else there is neither ticket nor file."""
    ticket = f"/portal/tickets/{_number(play)}/"
    customer, stranger = play.browser(CUSTOMER_LOGIN), play.browser(HOKUTO_LOGIN)
    found = {name: link for link, name in _FILE.findall(customer.html(ticket))}
    for name, content in (("エラー.log", _LOG), ("手順書.txt", _GUIDE)):
        expect(name in found, f"the ticket has {name}")
        expect(customer.file(found[name]).content == content, f"{name} comes back as it went in")
        expect(stranger.status(found[name]) == 404, f"another customer does not get {name}")
    expect(stranger.status(ticket) == 404, "another customer's ticket is not there")


def _number(play: Play) -> str:
    rows = play.browser(CUSTOMER_LOGIN).html("/portal/").split("<tr")
    found = [re.search(r"WSP-\d+", row) for row in rows if _ABOUT in row]
    expect(found and found[0], "the enquiry is in the list")
    return found[0].group() if found and found[0] else ""


def _told(play: Play, subject: str, words: str) -> set[str]:
    """Who has a mail with these words under such a subject."""
    return {
        recipient
        for letter in play.outside.mails()
        if subject in letter["subject"] and words in letter["text"] and "K-2026-0001" in letter["text"]
        for recipient in letter["recipients"]
    }

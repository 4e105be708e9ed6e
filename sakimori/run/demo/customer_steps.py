"""Steps of the check in which a customer comes in by his hearing sheet and a user by his letter."""

import re
import secrets
from io import BytesIO

import httpx
from openpyxl import load_workbook

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.doors import Browser, expect, readable
from sakimori.run.demo.paper import text_of
from sakimori.run.demo.play import Play

_SHEET, _LIST = "/console/customers/sheet/", "/console/customers/"
_CHANGE, _CONTRACT = "/account/password/change/", "/portal/contract/"
_NUMBER, _CUSTOMER = "C-0003", "株式会社みなと商会"
_PERSON, _MAIL = "港 直美", "naomi@minato.example.jp"
_FIRST_LINE = 4
_Lines = list[list[str | int]]
_MARK = re.compile(r'name="mark" value="([0-9a-f]+)"')
_PASSWORD = re.compile(r"\b(?:[a-z0-9]{4}-){3}[a-z0-9]{4}\b")
_LOGIN = re.compile(r"\bc-0003-\d{2}\b")


def hearing_sheet(play: Play) -> None:
    """A sheet with wrong cells is refused cell by cell; the right one is shown, confirmed, and then changes nothing."""
    desk = play.browser(ANALYST.login)
    told = readable(_upload(desk, _sheet(desk, phone=300003001, mail="naomi(at)minato.example.jp")).text)
    for words in ("2 か所に誤り", "D4", "先頭の 0 が失われています", "E4", "メールアドレスの形式が正しくありません"):
        expect(words in told, f"the wrong sheet is told: {words}")
    expect(_CUSTOMER not in desk.text(_LIST), "a wrong sheet leaves nothing behind")
    shown = _upload(desk, _sheet(desk))
    expect("追加" in shown.text and _CUSTOMER in shown.text, "the preview says what will be added")
    expect(_CUSTOMER not in desk.text(_LIST), "a preview writes nothing")
    done = readable(_confirm(desk, shown.url.path, shown.text))
    for words in ("取り込みました", "www.minato.example.jp", "naomi@minato.example.jp", "発行待ち", "192.0.2.160/28"):
        expect(words in done, f"the customer's page shows {words}")
    again = _upload(desk, _sheet(desk))
    expect("変更なし" in again.text and "追加" not in readable(again.text), "the same sheet again changes nothing")
    changed = _upload(desk, _sheet(desk, night=False))
    expect("無効にする" in changed.text, "a contact that is not named any more will be inactive")


def letter(play: Play) -> None:
    """A user is issued; only the letter has his password, and it opens nothing before it is changed."""
    desk = play.browser(ANALYST.login)
    page = re.search(r'href="(/console/customers/\d+/users/issue/)\?name=', desk.html(_customer(desk)))
    expect(page, "the user of the sheet waits to be issued")
    address = page.group(1) if page else ""
    answer = desk.submit(address, {"name": _PERSON, "role": "admin"}, page=address)
    expect(answer.content.startswith(b"%PDF"), "the letter is a PDF")
    expect("no-store" in answer.headers["Cache-Control"], "the letter is kept by nobody")
    text = text_of(answer.content)
    login, first = _found(_LOGIN, text), _found(_PASSWORD, text)
    expect(first not in desk.html(_customer(desk)), "the console does not show the password")
    _first_login(play, login, first)
    expect(desk.status(_customer(desk)) == 200, "the desk goes on")


def _first_login(play: Play, login: str, first: str) -> None:
    guest = Browser(play.base_url)
    guest.post("/account/login/", {"login": login, "password": first}, page="/account/login/")
    expect("新しいパスワードの設定" in guest.text(_CONTRACT), "no page opens before the password is changed")
    own = f"minato-{secrets.token_hex(6)}"
    guest.post(_CHANGE, {"oldpassword": first, "password1": own, "password2": own}, page=_CHANGE)
    guest = Browser(play.base_url)
    guest.sign_in(login, own)
    page = guest.text(_CONTRACT)
    expect("K-2026-0003" in page and "naomi@minato.example.jp" in page, "the new user reads his own contract")
    expect("K-2026-0001" not in page, "and no other's")
    expect("K-2026-0003" not in play.browser(CUSTOMER_LOGIN).text(_CONTRACT), "nobody else reads his")


def _sheet(desk: Browser, *, phone: str | int = "03-0000-3001", mail: str = _MAIL, night: bool = True) -> bytes:
    """The blank sheet of the console, filled in for an invented third customer whom the vendor does not know yet."""
    book = load_workbook(BytesIO(desk.file(f"{_SHEET}template/").content))
    contacts: _Lines = [[1, _PERSON, "ミナト ナオミ", phone, mail]]
    if night:
        contacts.append([2, "夜間窓口", "ヤカンマドグチ", "03-0000-3002", "night@minato.example.jp"])
    lists: dict[str, _Lines] = {
        "サイト": [["www.minato.example.jp", 9301, "はい", "いいえ"]],
        "連絡先": contacts,
        "ポータル利用者": [[_PERSON, "管理者"]],
        "登録済みアドレス": [["192.0.2.160/28", "本社からの更新作業"]],
    }
    for number, answer in enumerate((_NUMBER, _CUSTOMER, "K-2026-0003", "2026/11/01", "20"), start=_FIRST_LINE):
        book["契約"].cell(number, 2).value = answer
    for name, lines in lists.items():
        for number, line in enumerate(lines, start=_FIRST_LINE):
            for place, value in enumerate(line, start=1):
                book[name].cell(number, place).value = value
    filled = BytesIO()
    book.save(filled)
    return filled.getvalue()


def _upload(desk: Browser, content: bytes) -> httpx.Response:
    return desk.submit(_SHEET, {}, page=_SHEET, files={"file": ("hearing-sheet.xlsx", content)})


def _confirm(desk: Browser, path: str, html: str) -> str:
    return desk.post(path, {"mark": _found(_MARK, html)}, page=path)


def _customer(desk: Browser) -> str:
    """The page of the third customer."""
    return _found(re.compile(rf'href="(/console/customers/\d+/)">{_CUSTOMER}'), desk.html(_LIST))


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    expect(found, f"{pattern.pattern} is found")
    return (found.group(1) if pattern.groups else found.group(0)) if found else ""

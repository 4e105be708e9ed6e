"""Steps of the check about who the service speaks to: in Japanese, in Japan Standard Time."""

import re
from datetime import UTC, datetime, timedelta

from sakimori.lib.jst import JST
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.chain_steps import begun, ticket_page
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import HOKUTO_CONTACTS, SAKURA_CONTACTS, Play

_MOMENT = re.compile(r'<time datetime="([^"]+)">(\d+)年(\d+)月(\d+)日 (\d\d):(\d\d):(\d\d)</time>')
_GREETING = "いつもご利用いただきありがとうございます"
_LATEST = timedelta(minutes=10)


def japanese(play: Play) -> None:
    """Pages say that they are Japanese, moments stand in JST, and mails greet as Japanese letters do."""
    begun(play)
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    for browser, path in ((customer, "/portal/"), (customer, ticket_page(customer)), (analyst, "/console/")):
        page = browser.html(path)
        expect('<html lang="ja">' in page, f"{path} says that it is Japanese")
        expect("時刻はすべて日本時間（JST）です" in page, f"{path} says which time it shows")
    _expect_jst(customer.html(ticket_page(customer)))
    wait_for(lambda: _letters(play), "customers have mails")
    expect(
        all("いつもご利用いただきありがとうございます" in text for text in _letters(play)), "mails greet in Japanese"
    )


def _letters(play: Play) -> list[str]:
    """Texts of the mails to customers' contacts."""
    contacts = SAKURA_CONTACTS | HOKUTO_CONTACTS
    return [letter["text"] for letter in play.outside.mails() if contacts & set(letter["recipients"])]


def _expect_jst(page: str) -> None:
    """What people read is the clock of Japan, and it is now."""
    shown = _MOMENT.search(page)
    if shown is None:
        expect(shown, "the ticket shows a moment")
        return
    year, month, day, hour, minute, second = (int(part) for part in shown.groups()[1:])
    read = datetime(year, month, day, hour, minute, second, tzinfo=JST)
    expect(read == datetime.fromisoformat(shown[1]).replace(microsecond=0), "what is read is what is meant")
    expect(abs(datetime.now(UTC) - read) < _LATEST, "it is the clock of Japan")

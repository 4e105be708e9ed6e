"""Steps of the check that show what the desk alone can do: stop everything, and look after the list."""

import re
from urllib.parse import quote

from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_LOGIN, MANAGER
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play

_SOURCE, _INSIDE = "198.51.100.209", "198.51.100.208/29"
_STOP = "/console/stop/"
_NEWEST = "/console/?page=1000"  # The list begins with the longest waiting: the last page there is.


def stopped(play: Play) -> None:
    """A manager stops everything: an attack is asked about, a yes waits; he lets it go on, and it is written."""
    manager, analyst = play.browser(MANAGER.login), play.browser(ANALYST.login)
    manager.post(f"{_STOP}on/", {"reason": "演習", "sure": "on"}, page=_STOP)
    expect("一斉停止しています" in analyst.text("/console/tickets/"), "every page of the desk says so")
    play.attack("sql_injection", _SOURCE)
    wait_for(lambda: _SOURCE in analyst.text(_NEWEST), "the attack is put to an analyst")
    row = next(row for row in analyst.html(_NEWEST).split("<tr") if _SOURCE in row)
    action = re.search(r'action="(/console/blocks/\d+/approve/)"', row)
    expect(action, "the row has a button to approve")
    said = analyst.post(action.group(1) if action else "", {"next": "/console/"}, page=_NEWEST)
    expect("再開後に登録します" in said, "the analyst is told that it waits")
    expect(_SOURCE not in play.outside.blacklist(SAKURA), "nothing was written")
    manager.post(f"{_STOP}off/", {"reason": "演習の終わり", "sure": "on"}, page=_STOP)
    wait_for(lambda: _SOURCE in play.outside.blacklist(SAKURA), "afterwards it is written by itself")


def listed(play: Play) -> None:
    """Desk and customer find the entry by a network that holds it; nobody else does, and it comes off in bulk."""
    analyst, query = play.browser(ANALYST.login), f"?address={quote(_INSIDE)}"
    wait_for(
        lambda: _SOURCE in play.browser(CUSTOMER_LOGIN).text(f"/portal/blacklist/{query}"), "the customer finds it"
    )
    expect(_SOURCE not in play.browser(HOKUTO_LOGIN).text("/portal/blacklist/?state=all"), "no other customer does")
    file = analyst.file(f"/console/blocked/csv/{query}").content.decode("utf-8-sig")
    expect(file.startswith('"お客様"') and _SOURCE in file, "it stands in the file for spreadsheets")
    page = f"/console/blocked/remove/{query}&all=1"
    expect("1 件をまとめて解除します" in analyst.text(page), "the page says what would come off")
    analyst.post(page, {"reason": "演習の後片付け", "typed": "1"}, page=page)
    wait_for(lambda: _SOURCE not in play.outside.blacklist(SAKURA), "it is off the vendor's list")

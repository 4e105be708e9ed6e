"""What steps about incidents do and look at, from outside: attacks, the list of incidents, calls and mails."""

import re
from typing import Any

from sakimori.run.demo.cast import ANALYST
from sakimori.run.demo.doors import expect, readable, wait_for
from sakimori.run.demo.play import Play

FIRST, SECOND, THIRD = "03-0000-1001", "03-0000-1002", "03-0000-1003"
_LIST = "/console/incidents/"
_PAGE = re.compile(r'href="(/console/incidents/\d+/)"')


def ddos(play: Play, site: int, source: str, **more: object) -> None:
    """Let a DDoS on a site begin."""
    play.outside.do("attacks", kind="ddos", site_id=site, source=source, count=3, outcome="blocked", **more)


def set_site(play: Play, site: int, mode: str) -> None:
    """From now on a site is in this mode."""
    play.outside.do("site", site_id=site, mode=mode)


def set_habits(play: Play) -> None:
    """The first contact is busy, the second presses 1."""
    play.outside.habit(FIRST, "busy")
    play.outside.habit(SECOND, "1")


def wait_for_row(play: Play, *words: str) -> str:
    """The row of the list of all incidents that shows all of these."""
    analyst = play.browser(ANALYST.login)

    def look() -> str:
        _, _, every = analyst.html(_LIST).partition("すべてのインシデント")
        rows = every.split("<tr")
        return next((row for row in rows if all(word in readable(row) for word in words)), "")

    wait_for(look, f"an incident shows {'、'.join(words)}", seconds=40)
    return look()


def page_of(row: str) -> str:
    """The page of the incident in a row."""
    link = _PAGE.search(row)
    expect(link, "the row leads to the incident's page")
    return link.group(1) if link else ""


def wait_until_over(play: Play, path: str) -> None:
    """Wait for the end of an incident."""
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: '<span class="badge done">終了</span>' in analyst.html(path), "the incident ends", seconds=60)


def call_numbers(play: Play) -> set[int]:
    """Every call until now."""
    return {call["id"] for call in play.outside.calls()}


def new_calls(play: Play, before: set[int], prefix: str) -> list[dict[str, Any]]:
    """Calls to customers that begin with a prefix, made since then. Calls to the SOC's own people do not count."""
    new = [call for call in play.outside.calls() if call["id"] not in before and call["to"].startswith(prefix)]
    return [call for call in new if "様のサイト" in call["say"]]


def called_in_order(play: Play, before: set[int]) -> None:
    """Busy at the first, reached at the second, and nobody after him."""

    def states() -> list[tuple[str, str]]:
        return [(call["to"], call["state"]) for call in reversed(new_calls(play, before, ""))]

    wanted = [(FIRST, "busy"), (SECOND, "confirmed")]
    wait_for(lambda: states() == wanted, "the first is busy, the second is reached", seconds=40)
    expect(THIRD not in {number for number, _ in states()}, "nobody is called after that")


def told(play: Play, kind: str, site: str) -> set[str]:
    """Who has a mail to customers whose subject names the kind, and whose text the site (perhaps with [.] for dots)."""
    defanged = site.replace(".", "[.]")
    return {
        recipient
        for letter in play.outside.mails()
        if kind in letter["subject"]
        and "SOC アラーム" not in letter["subject"]
        and (site in letter["text"] or defanged in letter["text"])
        for recipient in letter["recipients"]
    }

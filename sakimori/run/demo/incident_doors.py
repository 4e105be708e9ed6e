"""What steps about incidents do and look at, from outside: attacks, the list of incidents, calls and mails."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sakimori.run.demo.cast import ANALYST, DUTY_PHONES
from sakimori.run.demo.doors import expect, readable, wait_for, wait_for_words
from sakimori.run.demo.play import Play

FIRST, SECOND, THIRD = "03-0000-1001", "03-0000-1002", "03-0000-1003"
_LIST = "/console/incidents/"
_PAGE = re.compile(r'href="(/console/incidents/\d+/)"')


def ddos(play: Play, site: int, source: str, **more: object) -> None:
    """Let a DDoS on a site begin."""
    play.outside.do("attacks", kind="ddos", site_id=site, source=source, count=3, outcome="blocked", **more)


def alarmed(play: Play, sentence: str) -> None:
    """Wait until the SOC has an alarm that says this."""
    wait_for_words(play.browser(ANALYST.login), "/console/alarms/", sentence)


def set_site(play: Play, site: int, mode: str) -> None:
    """From now on a site is in this mode."""
    play.outside.do("site", site_id=site, mode=mode)


@contextmanager
def ended_site(play: Play, site: int) -> Iterator[None]:
    """Whatever happens inside, afterwards the site is well again, so that the next step finds it so."""
    try:
        yield
    finally:
        set_site(play, site, "normal")


def wait_for_quiet(play: Play, site: str) -> None:
    """Wait until no incident of a site is open: what an earlier step has begun does not join what this one begins."""

    def is_open() -> bool:
        rows = [readable(row) for row in _rows(play)]
        return any(site in row and "進行中" in row for row in rows)

    wait_for(lambda: not is_open(), f"no incident of {site} is open")


def set_habits(play: Play) -> None:
    """The first contact is busy, the second presses 1."""
    play.outside.habit(FIRST, "busy")
    play.outside.habit(SECOND, "1")


def wait_for_row(play: Play, *words: str) -> str:
    """The row of the list of all incidents that shows all of these."""
    found = ""

    def look() -> str:
        nonlocal found
        found = next((row for row in _rows(play) if all(word in readable(row) for word in words)), "")
        return found

    wait_for(look, f"an incident shows {'、'.join(words)}")
    return found


def _rows(play: Play) -> list[str]:
    _, _, every = play.browser(ANALYST.login).html(_LIST).partition("すべてのインシデント")
    return every.split("<tr")


def page_of(row: str) -> str:
    """The page of the incident in a row."""
    link = _PAGE.search(row)
    expect(link, "the row leads to the incident's page")
    return link.group(1) if link else ""


def wait_until_over(play: Play, path: str) -> None:
    """Wait for the end of an incident."""
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: '<span class="badge done">終了</span>' in analyst.html(path), "the incident ends")


def call_numbers(play: Play) -> set[int]:
    """Every call until now."""
    return {call["id"] for call in play.outside.calls()}


def new_calls(play: Play, before: set[int], prefix: str) -> list[dict[str, Any]]:
    """Calls to customers that begin with a prefix, made since then. Calls to the SOC's own people do not count."""
    new = [call for call in play.outside.calls() if call["id"] not in before and call["to"].startswith(prefix)]
    return [call for call in new if call["to"] not in DUTY_PHONES.values() and not call["parent"]]


def called_in_order(play: Play, before: set[int]) -> None:
    """Busy at the first, reached at the second, and nobody after him."""

    def states() -> list[tuple[str, str]]:
        return [(call["to"], call["state"]) for call in reversed(new_calls(play, before, ""))]

    wanted = [(FIRST, "busy"), (SECOND, "confirmed")]
    wait_for(lambda: states()[:2] == wanted, "the first is busy, the second is reached")
    expect(states() == wanted, f"nobody is called after that: {states()}")


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

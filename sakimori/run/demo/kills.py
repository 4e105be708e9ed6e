"""The step that kills the whole process at random moments and then looks for anything lost or done twice."""

import random
import time
from collections import Counter

import httpx

from sakimori.lib.defang import defang
from sakimori.run.demo.cast import HOKUTO_SITE, SAKURA_SITE
from sakimori.run.demo.child import Child
from sakimori.run.demo.doors import NotAsExpected, expect, wait_for
from sakimori.run.demo.play import HOKUTO, HOKUTO_CONTACTS, SAKURA, SAKURA_CONTACTS, Play

_LONGEST_LIFE_SECONDS = 6.0
_SETTLE_SECONDS = 180.0


def play_with_kills(play: Play, child: Child, kills: int) -> None:
    """Attack, wait a random moment, kill -9, start again; in the end all is as if nothing had happened."""
    chance = random.Random(f"kills-{kills}-{time.time_ns()}")  # noqa: S311 - moments, not secrets
    victims: dict[str, tuple[int, set[str]]] = {}
    for number in range(kills):
        for account, site, contacts, net in (
            (SAKURA, SAKURA_SITE, SAKURA_CONTACTS, "198.51.100"),
            (HOKUTO, HOKUTO_SITE, HOKUTO_CONTACTS, "203.0.113"),
        ):
            address = f"{net}.{224 + number}"
            _launch(play, address, site)
            victims[address] = (account, contacts)
        time.sleep(chance.uniform(0.0, _LONGEST_LIFE_SECONDS))
        child.kill()
        child.start()
    play.browsers.clear()
    try:
        wait_for(lambda: not _unfinished(play, victims), "all blocked and told", seconds=_SETTLE_SECONDS)
    except NotAsExpected as error:
        raise NotAsExpected(f"{error}; unfinished: {', '.join(_unfinished(play, victims))}") from error
    for address in victims:
        expect(play.outside.added(address) == 1, f"{address} was added {play.outside.added(address)} times")
    _count_mails(play, victims)


def _launch(play: Play, address: str, site: int) -> None:
    try:
        play.attack("sql_injection", address, site=site)
    except httpx.HTTPError as error:
        raise NotAsExpected(f"the attacker could not begin: {error}") from error


def _unfinished(play: Play, victims: dict[str, tuple[int, set[str]]]) -> list[str]:
    listed = {account: play.outside.blacklist(account) for account in (SAKURA, HOKUTO)}
    letters = play.outside.mails()
    return [
        address
        for address, (account, contacts) in victims.items()
        if address not in listed[account] or set(_letters_about(letters, address)) != contacts
    ]


def _letters_about(letters: list[dict[str, object]], address: str) -> Counter[str]:
    """How many different mails (by Message-ID) told each contact that the address was blocked."""
    return Counter(
        recipient
        for letter in letters
        if "ブラックリストへ登録" in str(letter["subject"]) and f"{defang(address)}（" in str(letter["text"])
        for recipient in letter["recipients"]  # type: ignore[attr-defined]
    )


def _count_mails(play: Play, victims: dict[str, tuple[int, set[str]]]) -> None:
    """One mail per contact and block. The same mail (Message-ID) may have been handed over twice, once per kill."""
    letters = play.outside.mails()
    for address, (_, contacts) in victims.items():
        told = _letters_about(letters, address)
        expect(set(told) == contacts, f"{address}: told {sorted(told)}")
        expect(max(told.values()) == 1, f"{address}: a contact was told twice")
    play.measured["mails_handed_over_twice"] = float(sum(letter["deliveries"] > 1 for letter in letters))

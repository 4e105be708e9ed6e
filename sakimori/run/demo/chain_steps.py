"""Steps of the check that follow one attack from the log line to the restore."""

import re
import time

from sakimori.lib.defang import defang
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_LOGIN, HOKUTO_SITE, MANAGER, READER_LOGIN
from sakimori.run.demo.doors import Browser, expect, wait_for
from sakimori.run.demo.play import HOKUTO, HOKUTO_CONTACTS, SAKURA, SAKURA_CONTACTS, Play

ATTACKER, SECOND = "198.51.100.9", "198.51.100.77"
_ABOUT_BLOCKS = "/portal/?kind=blacklist"
_RESTORE_LINK = re.compile(r'href="(/portal/tickets/[^"]+/restore/)"')
_TICKET_LINK = re.compile(r'href="(/(?:portal|console)/tickets/(WSP-\d+)/)"')


def sign_in(play: Play) -> None:
    """Three logins; each lands on his own face."""
    for person in (ANALYST, MANAGER):
        expect("要判断" in play.browser(person.login).text("/"), "the SOC lands on the console")
    expect("チケット" in play.browser(CUSTOMER_LOGIN).text("/"), "the customer lands on the portal")
    expect(play.browser(CUSTOMER_LOGIN).status("/console/") in (403, 404), "the console is closed to customers")


def block(play: Play) -> None:
    """An attack goes in; the address stands on the simulated vendor's own list."""
    play.began = time.time()
    play.attack("sql_injection", ATTACKER, count=5)
    play.measured["attack_to_blocked_s"] = wait_for(
        lambda: ATTACKER in play.outside.blacklist(SAKURA), "the attacker is on the blacklist"
    )
    expect(play.outside.added(ATTACKER) == 1, "the address was added exactly once")


def begun(play: Play) -> None:
    """The attack that these steps follow, unless an earlier step has begun it: each chapter can be played alone."""
    if not play.began:
        block(play)
        customer = play.browser(CUSTOMER_LOGIN)
        wait_for(lambda: _row_of(customer.html(_ABOUT_BLOCKS), ATTACKER), "the ticket is in the portal")


def ticket(play: Play) -> None:
    """The ticket shows the address as blocked, with the evidence."""
    begun(play)
    customer = play.browser(CUSTOMER_LOGIN)
    wait_for(lambda: _row_of(customer.html(_ABOUT_BLOCKS), ATTACKER), "the ticket is in the portal")
    page = customer.text(ticket_page(customer))
    for words in (ATTACKER, "遮断中", "SQLインジェクション", "shop.sakura.example.jp", "REQ_BLOCKED_SECURITY"):
        expect(words in page, f"the ticket shows {words}")


def mail(play: Play) -> None:
    """Every registered contact got a mail with the address, without raw payloads."""
    begun(play)
    wait_for(lambda: _told(play, ATTACKER) == SAKURA_CONTACTS, "all contacts have the mail")
    letters = [letter for letter in play.outside.mails() if SAKURA_CONTACTS & set(letter["recipients"])]
    accepted = max(letter["received_ms"] for letter in letters) / 1000
    play.measured["attack_to_mailed_s"] = accepted - play.began
    for letter in letters:
        expect("UNION" not in letter["text"] and "K-2026-0001" in letter["text"], "the mail is complete and harmless")


def isolation(play: Play) -> None:
    """The other customer, and a reader without the right, cannot touch it."""
    begun(play)
    path = ticket_page(play.browser(CUSTOMER_LOGIN))
    stranger = play.browser(HOKUTO_LOGIN)
    expect(stranger.status(path) == 404, "another customer's ticket is not there")
    expect(ATTACKER not in stranger.text("/portal/"), "another customer's list does not show it")
    expect(not _RESTORE_LINK.search(play.browser(READER_LOGIN).html(path)), "a reader has no button")


def restore(play: Play) -> None:
    """The customer presses the button; the address is off the vendor's list, ticket and mail say so."""
    customer = play.browser(CUSTOMER_LOGIN)
    path = ticket_page(customer)
    wait_for(lambda: _RESTORE_LINK.search(customer.html(path)), "the ticket has the button")
    link = _RESTORE_LINK.search(customer.html(path))
    began = time.monotonic()
    customer.post(link.group(1) if link else "", {"reason": "取引先の検査"}, page=link.group(1) if link else "")
    wait_for(lambda: ATTACKER not in play.outside.blacklist(SAKURA), "the address is off the blacklist")
    play.measured["click_to_restored_s"] = time.monotonic() - began
    wait_for(lambda: "設定を戻しました" in customer.text(path), "the ticket says so")
    wait_for(lambda: _restored_told(play, ATTACKER) == SAKURA_CONTACTS, "all contacts are told of the restore")


def ask_again(play: Play) -> None:
    """The same attacker again: not blocked, but put to an analyst, whose yes blocks."""
    analyst = play.browser(ANALYST.login)
    play.attack("sql_injection", ATTACKER)
    wait_for(lambda: ATTACKER in analyst.text("/console/"), "the analyst is asked")
    expect(ATTACKER not in play.outside.blacklist(SAKURA), "it is not blocked unasked")
    action = re.search(r'action="(/console/blocks/\d+/approve/)"', _row_of(analyst.html("/console/"), ATTACKER))
    expect(action, "the row has a button to approve")
    analyst.post(action.group(1) if action else "", {"next": "/console/"}, page="/console/")
    wait_for(lambda: ATTACKER in play.outside.blacklist(SAKURA), "after the yes it is blocked")


def legacy(play: Play) -> None:
    """A customer with legacy lists and encrypted logs: blocked on his own list, told to his own contacts."""
    play.attack("cross_site_scripting", SECOND, site=HOKUTO_SITE)
    wait_for(lambda: SECOND in play.outside.blacklist(HOKUTO), "the attacker is on the legacy list")
    wait_for(lambda: _told(play, SECOND) == HOKUTO_CONTACTS, "his contacts have the mail")
    expect("203.0.113.77" in play.outside.blacklist(HOKUTO), "an entry that somebody else made is still there")
    expect(SECOND not in play.outside.blacklist(SAKURA), "the other customer's list is untouched")


def ticket_page(customer: Browser) -> str:
    """The page of the ticket that began with our attacker; there are older ones."""
    link = _TICKET_LINK.search(_row_of(customer.html(_ABOUT_BLOCKS), ATTACKER))
    expect(link, "the ticket is in the portal")
    return link.group(1) if link else ""


def _told(play: Play, address: str) -> set[str]:
    """Who was told by mail that the address was blocked."""
    return {
        recipient
        for letter in play.outside.mails()
        if "ブラックリストへ登録" in letter["subject"] and defang(address) + "（" in letter["text"]
        for recipient in letter["recipients"]
    }


def _restored_told(play: Play, address: str) -> set[str]:
    return {
        recipient
        for letter in play.outside.mails()
        if "設定を戻しました" in letter["subject"] and defang(address) in letter["text"]
        for recipient in letter["recipients"]
    }


def _row_of(html: str, address: str) -> str:
    """The table row that shows an address, alone or in a ticket's subject."""
    return next((row for row in html.split("<tr") if re.search(rf"[>（]{re.escape(address)}[<） ]", row)), "")

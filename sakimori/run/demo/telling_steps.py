"""Steps of the check about what customers are told: what waits and why, and a restore that somebody phones for."""

import re

from sakimori.lib.defang import defang
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, SAKURA_CONTACTS, Play

_WAITS, _CALLER = "198.51.100.151", "198.51.100.152"
_TICKETS = "/portal/?kind=blacklist"
_TICKET_LINK = re.compile(r'href="(/portal/tickets/WSP-\d+/)"')
_BLOCK_LINK = re.compile(rf'href="(/console/blocks/\d+/)"[^>]*><code class="ip">{re.escape(_CALLER)}<')


def waiting(play: Play) -> None:
    """A question to the analyst stands in the customer's ticket with its reason, and in no list of the vendor."""
    play.attack("illegal_resource_access", _WAITS)
    customer = play.browser(CUSTOMER_LOGIN)

    def page() -> str:
        link = _TICKET_LINK.search(customer.html(_TICKETS))
        return customer.text(link.group(1)) if link else ""

    wait_for(lambda: _WAITS in page(), "the newest ticket shows the address")
    expect("内容の確認が必要な種類の攻撃のため" in page(), "the ticket says why it waits")
    expect(_WAITS not in play.outside.blacklist(SAKURA), "it is not on the list")


def by_phone(play: Play) -> None:
    """Somebody phones: without name and check nothing happens, with them ticket and mail tell of both."""
    play.attack("sql_injection", _CALLER)
    wait_for(lambda: _CALLER in play.outside.blacklist(SAKURA), "the address is on the list")
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: _BLOCK_LINK.search(analyst.html("/console/blocked/")), "the desk lists it")
    link = _BLOCK_LINK.search(analyst.html("/console/blocked/"))
    form = f"{link.group(1) if link else ''}restore/"
    fields = {"channel": "phone", "reason": "取引先の拠点", "requester": "桜井 花子"}
    expect("ご本人を確認した方法をお選びください" in analyst.post(form, fields, page=form), "a check is asked for")
    expect(_CALLER in play.outside.blacklist(SAKURA), "nothing was changed")
    check = "契約番号と、登録されている電話番号への折り返し"
    analyst.post(form, {**fields, "identified": check}, page=form)
    wait_for(lambda: _CALLER not in play.outside.blacklist(SAKURA), "the address is off the list")
    wait_for(lambda: _told(play, check) == SAKURA_CONTACTS, "all contacts are told, with the proof")


def _told(play: Play, check: str) -> set[str]:
    return {
        recipient
        for letter in play.outside.mails()
        if f"{defang(_CALLER)} の設定を戻しました" in letter["subject"]
        and check in letter["text"]
        and "読み戻しによる確認" in letter["text"]
        for recipient in letter["recipients"]
    }

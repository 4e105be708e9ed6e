"""The step of the check about what people do by hand to the list at the vendor."""

import re

from sakimori.run.demo.cast import ANALYST, SAKURA_SITE
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play

_LISTS = "/console/lists/"
_POLICY = "Sakimori K-2026-0001"
_PAGE = re.compile(r'href="(/console/lists/\d+/)">株式会社さくら商店')
_HISTORY = "192.0.2."  # Addresses of the invented months: they have stood on the list for long.


def drift(play: Play) -> None:
    """Somebody removes an entry of ours: seen, not put back unasked, put back at an analyst's word."""
    analyst = play.browser(ANALYST.login)
    address = min(entry for entry in play.outside.blacklist(SAKURA) if entry.startswith(_HISTORY))
    play.outside.do("edit", account=SAKURA, policy_name=_POLICY, site_id=SAKURA_SITE, remove=[address])
    link = _PAGE.search(analyst.html(_LISTS))
    expect(link, "the console compares the customer's list")
    page = link.group(1) if link else ""
    analyst.post(f"{page}compare/", {}, page=page)
    wait_for(lambda: _missing(analyst.html(page), address), "what was removed by hand is shown")
    expect(address not in play.outside.blacklist(SAKURA), "it is not put back unasked")
    wait_for(lambda: address in analyst.text("/console/"), "the SOC has an alarm that names it")
    found = _missing(analyst.html(page), address)
    analyst.post(f"/console/blocks/{found.group(1) if found else ''}/put-back/", {"next": page}, page=page)
    wait_for(lambda: address in play.outside.blacklist(SAKURA), "at an analyst's word it is on the list again")


def _missing(html: str, address: str) -> re.Match[str] | None:
    return re.search(rf'href="/console/blocks/(\d+)/"><code class="ip">{re.escape(address)}<', html)

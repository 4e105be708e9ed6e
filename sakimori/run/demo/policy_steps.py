"""Steps of the check about the blocking policy: announced scans, and trying a changed policy on the stored log."""

import re
from datetime import UTC, datetime, timedelta

from sakimori.lib.jst import JST
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play

SCANNER, INTRUDER = "198.51.100.217", "198.51.100.218"
_NEW = "/portal/scans/K-2026-0001/new/"
_FIELD = re.compile(r'<input[^>]*\bname="(?P<name>[a-z_]+)"[^>]*\bvalue="(?P<value>[^"]*)"')
_CHOICE = re.compile(r'<select[^>]*\bname="(?P<name>[a-z_]+)".*?<option value="(?P<value>[^"]*)" selected', re.DOTALL)
_POLICY = re.compile(r"/console/contracts/\d+/policy/")


def announced(play: Play) -> None:
    """A scan that the customer announced is written down and blocks nobody; another attacker is blocked."""
    customer, now = play.browser(CUSTOMER_LOGIN), datetime.now(UTC).astimezone(JST)
    form = {
        "sources": SCANNER,
        "starts_at": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "note": "脆弱性診断",
        "site": "",
    }
    customer.post(_NEW, form, page=_NEW)
    expect(SCANNER in customer.text("/portal/scans/"), "the scan stands in the portal")
    play.attack("sql_injection", SCANNER)
    play.attack("sql_injection", INTRUDER)
    wait_for(lambda: INTRUDER in play.outside.blacklist(SAKURA), "the other attacker is on the blacklist")
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: SCANNER in analyst.text("/console/findings/"), "the scan is among the findings")
    reason = "事前に登録された診断・検査"
    wait_for(lambda: reason in analyst.text("/console/findings/"), "the finding has its reason")
    expect(SCANNER not in play.outside.blacklist(SAKURA), "the scanner is not on the blacklist")


def tried(play: Play) -> None:
    """A changed policy is tried on the stored log; nothing is changed."""
    analyst = play.browser(ANALYST.login)
    table = analyst.html("/console/policies/").partition("<caption>")[2]  # Alarms above it may name contracts too.
    link = _POLICY.search(table.partition("K-2026-0001")[2])
    expect(link, "the contract has a policy")
    page = link.group() if link else ""
    html = analyst.html(page).partition('<form method="post" class="policy">')[2]
    form = {match["name"]: match["value"] for pattern in (_FIELD, _CHOICE) for match in pattern.finditer(html)}
    answer = analyst.post(page, {**form, "mode_sql_injection": "ask", "do": "try"}, page=page)
    for words in ("試した結果", "結果が変わるのは", INTRUDER):
        expect(words in answer, f"the trial shows {words}")
    expect(SCANNER not in answer, "the announced scan is left out")
    expect("SOC 全体の既定に従う" in analyst.text(page), "nothing was changed")

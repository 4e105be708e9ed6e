"""Steps of the check for visits: the WAF's own pages are no verdict on the site, and a look from the shell."""

import json
import os
import subprocess
import sys

from sakimori.run.demo.cast import ANALYST, HOKUTO_SITE
from sakimori.run.demo.doors import expect
from sakimori.run.demo.incident_doors import (
    alarmed,
    ddos,
    ended_site,
    page_of,
    set_site,
    wait_for_quiet,
    wait_for_row,
    wait_until_over,
)
from sakimori.run.demo.play import HOKUTO_CONTACTS, Play

_ATTACKER = "203.0.113.152"
_NOBODYS_SITE = 9990  # Of no customer: nobody watches it.
_HOST = "www.hokuto.example.jp"


def questioned(play: Play) -> None:
    """A DDoS while the WAF asks every visitor who he is: neither displayed nor down; the SOC looks, nobody is told."""
    wait_for_quiet(play, _HOST)
    before, analyst = _told(play), play.browser(ANALYST.login)
    with ended_site(play, HOKUTO_SITE):
        set_site(play, HOKUTO_SITE, "captcha")
        ddos(play, HOKUTO_SITE, _ATTACKER)
        path = page_of(wait_for_row(play, "DDoS 攻撃", _HOST, "進行中", "判定不能", "判断待ち"))
        expect("WAF の" in analyst.text(path), "the incident says whose page was seen")
        alarmed(play, "サイトの表示を判定できません")
    wait_until_over(play, path)
    expect(_told(play) == before, "no customer has a mail about it")


def _told(play: Play) -> int:
    """How many mails about a DDoS the customer has."""
    mails = play.outside.mails()
    return sum("DDoS" in mail["subject"] and bool(HOKUTO_CONTACTS & set(mail["recipients"])) for mail in mails)


def from_the_shell(play: Play) -> None:
    """`sakimori probe` on one page that is well, bypassed, questioned, refused by the WAF and dead."""
    page = play.outside.site_page(_NOBODYS_SITE)
    for mode, code, verdict, words in (
        ("normal", 0, "正常", "WAF 経由"),
        ("bypass", 0, "正常", "WAF を経由していない"),
        ("captcha", 2, "判定不能", "WAF の画像認証画面"),
        ("waf_error", 1, "表示できない", "WAF のエラー画面"),
        ("dead", 1, "表示できない", "応答の中断"),
    ):
        set_site(play, _NOBODYS_SITE, mode)
        done = _probe(page)
        expect(done.returncode == code, f"a page that is {mode} ends with {code}, not {done.returncode}")
        told = json.loads(done.stdout)
        expect(told["判定"].startswith(verdict), f"{mode} is {verdict}, not {told['判定']}")
        expect(words in done.stdout, f"the record of {mode} says {words}")
    set_site(play, _NOBODYS_SITE, "normal")


def _probe(page: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sakimori", "probe", page, "--text", "さきもり商店", "--json"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAKIMORI_", "DATABASE_"))}
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        command,
        env={**kept, "SAKIMORI_ALLOW_DOCUMENTATION": "1", "SAKIMORI_BROWSER": "off", "SAKIMORI_PROBE_SECONDS": "20"},
        capture_output=True,
        text=True,
        check=False,
    )

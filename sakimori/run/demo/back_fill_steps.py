"""Steps of the check about logs that come late: brought in by hand, or delivered hours after the fact."""

import re
from datetime import UTC, datetime, timedelta

from sakimori.lib.defang import defang
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN
from sakimori.run.demo.doors import Browser, expect, wait_for
from sakimori.run.demo.log_steps import search
from sakimori.run.demo.play import SAKURA, Play, line

_IMPORTED, _DELIVERED = "198.51.100.221", "198.51.100.222"
_LATE, _INTAKE = "/console/late/", "/console/intake/"
_CONTRACT = "K-2026-0001"
_IMPORT = re.compile(r'href="(/console/intake/import/\d+/)"')


def imported(play: Play) -> None:
    """What an analyst brings in can be found, and blocks, mails and calls nobody: one list asks him."""
    analyst, name = play.browser(ANALYST.login), "found-again.log"
    path = next((page for page in _IMPORT.findall(analyst.html(_INTAKE)) if _CONTRACT in analyst.text(page)), "")
    expect(path, "the intake page leads to the import of the contract")
    content = "\n".join(_attacks(_IMPORTED, datetime.now(UTC) - timedelta(hours=30))).encode()
    answer = analyst.submit(path, {}, page=path, files={"file": (name, content)})
    expect("受け付けました" in answer.text, "the file is taken")
    wait_for(lambda: "5 行 ＝ 保存 5" in analyst.text(path), "all its lines are stored")
    again = analyst.submit(path, {}, page=path, files={"file": (name, content)})
    expect("すでに受け付けています" in again.text, "the same file is not taken twice")
    customer = play.browser(CUSTOMER_LOGIN)
    wait_for(lambda: "5 件" in search(customer, address=_IMPORTED, period="7d"), "the customer finds them")
    _asks(play, analyst, _IMPORTED)
    told = [mail for mail in play.outside.mails() if defang(_IMPORTED) in mail["text"]]
    expect(not told, "nobody was mailed")


def delivered_late(play: Play) -> None:
    """So it is with lines that the vendor delivers hours later; an analyst may block their address all the same."""
    analyst = play.browser(ANALYST.login)
    lines = _attacks(_DELIVERED, datetime.now(UTC) - timedelta(hours=3))
    play.outside.do("lines", account=SAKURA, lines=lines)
    row = _asks(play, analyst, _DELIVERED)
    analyst.post("/console/late/block/", {"chosen": row}, page=_LATE)
    wait_for(lambda: _DELIVERED in play.outside.blacklist(SAKURA), "the analyst blocks it with one key")
    expect(_DELIVERED not in analyst.text(_LATE), "and the list asks no more")


def _attacks(source: str, at: datetime) -> list[str]:
    return [line("SQL Injection", source, at + timedelta(seconds=number)) for number in range(5)]


def _asks(play: Play, analyst: Browser, address: str) -> str:
    """The address waits on the list and is not blocked. Returns the row's number."""
    wait_for(lambda: address in analyst.text(_LATE), f"{address} is on the list of what came late")
    expect(address not in play.outside.blacklist(SAKURA), f"{address} is not blocked by itself")
    row = re.search(rf'name="chosen" value="(\d+)"[^>]*aria-label="{re.escape(address)}', analyst.html(_LATE))
    expect(row, "the row can be chosen")
    return row.group(1) if row else ""

"""Steps of the check about people who share: an address of a mobile carrier, and visitors sent by a hostile page."""

from datetime import UTC, datetime

from sakimori.run.demo.cast import ANALYST
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play, line

_MOBILE = "126.33.0.44"
_VISITORS = frozenset(f"203.0.113.{number}" for number in range(180, 192))
_CASE = "踏み台攻撃の疑い"


def shared(play: Play) -> None:
    """The address of a mobile carrier is not blocked, but put to an analyst, who is told what it is."""
    play.outside.do("lines", account=SAKURA, lines=[line("SQL Injection", _MOBILE, datetime.now(UTC))])
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: _MOBILE in analyst.text("/console/"), "the mobile carrier's address is put to the analyst")
    expect("携帯電話会社の回線" in analyst.text("/console/"), "the kind of shared address is named")
    expect(_MOBILE not in play.outside.blacklist(SAKURA), "it is not blocked unasked")


def by_proxy(play: Play) -> None:
    """Twelve browsers with the same attack: none is blocked, and the analyst sees one case."""
    now = datetime.now(UTC)
    lines = [
        line("SQL Injection", visitor, now, extra=r" qstr=word\=%27 dproc=Browser").replace(
            "request=shop.sakura.example.jp/ ", "request=shop.sakura.example.jp/campaign "
        )
        for visitor in sorted(_VISITORS)
    ]
    play.outside.do("lines", account=SAKURA, lines=lines)
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: _CASE in analyst.text("/console/"), "the case is on the work list")
    page = analyst.text("/console/")
    expect("shop.sakura.example.jp/campaign" in page and not any(visitor in page for visitor in _VISITORS), "one row")
    expect(not _VISITORS & play.outside.blacklist(SAKURA), "no visitor is blocked")

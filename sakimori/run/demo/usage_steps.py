"""Steps of the check about bandwidth, upgrades, how sites are set up, and certificates."""

import re
from collections.abc import Callable

from sakimori.lib.calendar import Month
from sakimori.lib.jst import milliseconds, utc_now
from sakimori.run.demo.cast import ANALYST, CUSTOMER_LOGIN, HOKUTO_SITE, READER_LOGIN, SAKURA_SECOND
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import HOKUTO_CONTACTS, SAKURA_CONTACTS, Play

_SAKURA, _HOKUTO = "K-2026-0001", "K-2026-0002"
_PORTAL, _CONSOLE = "/portal/usage/", "/console/usage/"
_CONFIRM = re.compile(r'href="(/console/usage/upgrades/\d+/)"')
_PLAN, _LARGER = 3, 5
_BPS = "api.stats.bandwidth_timeseries.bps"


def percentile(play: Play) -> None:
    """Last month's figure on both faces is what the vendor's own statistics come to."""
    month = Month.at(utc_now()).plus(-1)
    bits = _percentile_at_vendor(play, month)
    over = -(-bits // 1_000_000) - _PLAN
    expect(over > 0, f"the demo's first customer is over his plan: {bits} bit/s")
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    row = f"{month.written} {bits / 1_000_000:.2f} Mbps 確定 {_PLAN} Mbps 超過 {over} Mbps"
    play.measured["back_fill_s"] = wait_for(lambda: row in customer.text(_PORTAL), f"the portal shows {row}")
    expect(row in analyst.text(_CONSOLE), "the console shows the same")
    expect("暫定値（集計中）" in customer.text(_PORTAL), "this month is provisional")
    expect("<svg" in customer.html(f"{_PORTAL}{_SAKURA}/chart.svg"), "there is a chart")


def upgrade(play: Play) -> None:
    """The customer agrees to a larger plan, the SOC confirms, last month's overage is waived."""
    month = Month.at(utc_now()).plus(-1)
    form = f"{_PORTAL}{_SAKURA}/upgrade/"
    customer, analyst = play.browser(CUSTOMER_LOGIN), play.browser(ANALYST.login)
    expect(play.browser(READER_LOGIN).status(form) == 403, "a reader may not ask")
    customer.post(form, {"month": str(month), "to_mbps": str(_LARGER)}, page=form)
    expect("SOC が確認中" in customer.text(_PORTAL), "the application waits for the SOC")
    _told(play, "アップグレードのお申し込みを受け付けました", SAKURA_CONTACTS)
    wait_for(lambda: "アップグレードのお申し込みがあります" in analyst.text("/console/"), "the SOC has an alarm")
    link = _CONFIRM.search(analyst.html(_CONSOLE))
    expect(link, "the console has the application")
    page = link.group(1) if link else ""
    analyst.post(page, {}, page=page)
    shown = customer.text(_PORTAL)
    expect("免除（アップグレード）" in shown and f"契約帯域 {_PLAN} → {_LARGER} Mbps" in shown, "the month is waived")
    expect(f"契約帯域 {_LARGER} Mbps" in analyst.text(_CONSOLE), "the plan is larger from now on")
    _told(play, "契約帯域のアップグレードが確定しました", SAKURA_CONTACTS)
    expect("アップグレードのお申し込みがあります" not in analyst.text("/console/"), "who confirmed has taken the alarm")


def balancing(play: Play) -> None:
    """Three servers without the licence are seen, and gone when they are put right."""
    play.outside.do("setup", site_id=SAKURA_SECOND, servers=3, algorithm="RANDOM", persistent=False)
    words = "稼働サーバーが 3 台、負荷分散の方式が Random、セッション維持（Persistence）がオフ"
    _look(play, _SAKURA, lambda page: words in page, "what deviates is named")
    customer = play.browser(CUSTOMER_LOGIN)
    expect(words in customer.text(_PORTAL), "the customer sees it too")
    _told(play, "負荷分散構成に関するご確認のお願い", SAKURA_CONTACTS)
    expect("負荷分散構成に関するご確認のお願い" in customer.text("/portal/"), "there is a ticket")
    play.outside.do("setup", site_id=SAKURA_SECOND, servers=2, algorithm="LB_LEAST_PENDING_REQUESTS", persistent=True)
    _look(play, _SAKURA, lambda page: words not in page, "two active servers are fine")
    expect("稼働 2 台、方式 Least Pending Requests" in customer.text(_PORTAL), "and shown")
    _told(play, "負荷分散構成がご契約の内容と一致したことを確認しました", SAKURA_CONTACTS)
    play.outside.do("setup", site_id=SAKURA_SECOND, servers=1)


def bypass(play: Play) -> None:
    """A site that is taken off inspection alarms the SOC, on whatever page it is, and the customer is told."""
    play.outside.do("setup", site_id=HOKUTO_SITE, bypassed=True)
    analyst = play.browser(ANALYST.login)
    _look(play, _HOKUTO, lambda page: "WAF を迂回中" in page, "the bypass is seen")
    sentence = "www.hokuto.example.jp が WAF を迂回しています"
    wait_for(lambda: sentence in analyst.text("/console/"), "the alarm stands on the desk")
    _told(play, "WAF を経由しない通信に関するお知らせ", HOKUTO_CONTACTS)
    play.outside.do("setup", site_id=HOKUTO_SITE, bypassed=False)
    _look(play, _HOKUTO, lambda page: "WAF を迂回中" not in page, "it is inspected again")
    _told(play, "通信が再び WAF を経由していることを確認しました", HOKUTO_CONTACTS)


def certificate(play: Play) -> None:
    """A certificate with twenty days left becomes a ticket that reminds; a newer one ends the matter."""
    play.outside.do("setup", site_id=HOKUTO_SITE, certificate_days=20)
    _look(
        play, _HOKUTO, lambda page: "に切れます。更新の手続きが必要です。" in page, "the end of the certificate is seen"
    )
    _told(play, "SSL 証明書の更新手続きのお願い", HOKUTO_CONTACTS)
    expect("SSL 証明書の更新手続きのお願い" in play.browser(ANALYST.login).text("/console/tickets/"), "in a ticket")
    play.outside.do("setup", site_id=HOKUTO_SITE, certificate_days=365)
    _look(play, _HOKUTO, lambda page: "に切れます" not in page, "the newer certificate is seen")
    _told(play, "SSL 証明書が更新されたことを確認しました", HOKUTO_CONTACTS)


def _percentile_at_vendor(play: Play, month: Month) -> int:
    """Computed here and not by our code: drop the highest twentieth, rounded down, take the highest of the rest."""
    answer = play.outside.ask_vendor(
        "/api/stats/v1",
        api_id="11001",
        account="sakura",
        time_range="custom",
        start=str(milliseconds(month.begins_at)),
        end=str(milliseconds(month.ends_at)),
        granularity="300000",
        stats="bandwidth_timeseries",
    )
    series = next(row["data"] for row in answer["bandwidth_timeseries"] if row["id"] == _BPS)
    rising = sorted(bits for _, bits in series)
    return int(rising[len(rising) - 1 - int(len(rising) * 0.05)])


def _told(play: Play, subject: str, contacts: set[str]) -> None:
    """Wait until all contacts of a customer, and nobody else, have the mail."""

    def recipients() -> set[str]:
        letters = [letter for letter in play.outside.mails() if subject in letter["subject"]]
        return {recipient for letter in letters for recipient in letter["recipients"]}

    wait_for(lambda: recipients() == contacts, f"all contacts have the mail: {subject}")


def _look(play: Play, contract: str, seen: Callable[[str], bool], what: str) -> None:
    """Press いま確認する for a contract and wait until its page shows it."""
    analyst = play.browser(ANALYST.login)
    analyst.post(f"{_CONSOLE}{contract}/look/", {"next": _CONSOLE}, page=_CONSOLE)
    wait_for(lambda: seen(analyst.text(_CONSOLE)), what)

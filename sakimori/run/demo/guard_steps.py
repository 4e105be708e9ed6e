"""Steps of the check in which nothing may be overlooked, nobody innocent blocked, and nothing lost."""

from datetime import UTC, datetime, timedelta

from sakimori.run.demo.cast import ANALYST, HOKUTO_SITE
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import HOKUTO, SAKURA, Play, line

SECOND, SHARED, FRIEND = "198.51.100.122", "198.51.100.120", "192.0.2.201"

KINDS = {
    "sql_injection": "SQL Injection",
    "cross_site_scripting": "Cross Site Scripting",
    "illegal_resource_access": "Illegal Resource Access",
    "bot_access_control": "Bot Access Control",
    "ddos": "DDoS",
    "backdoor_protect": "Backdoor Protect",
    "remote_file_inclusion": "Remote File Inclusion",
    "incap_rule": "IncapRules(",
    "api_specification_violation": "API Specification Violation",
    "account_takeover_protection": "Account Takeover Protection",
    "bad_bot": "Bad Bot",
    "blocked_country": "Blocked country",
    "accepted_country": "Accepted country",
    "new_name": "その他",
    "multi_rule": "",
}


def every_kind(play: Play) -> None:
    """Every name that the vendor uses, blocked and passed, becomes a finding; an unknown name goes to the analyst."""
    for number, kind in enumerate(KINDS):
        play.attack(kind, f"198.51.100.{130 + number}", count=2, outcome="mixed")
    analyst = play.browser(ANALYST.login)

    def missing() -> list[str]:
        page = " ".join(analyst.text(f"/console/findings/?page={number}") for number in (1, 2))
        addresses = [f"198.51.100.{130 + number}" for number in range(len(KINDS))]
        return [words for words in (*KINDS.values(), *addresses) if words not in page]

    wait_for(lambda: not missing(), "every kind is among the findings")
    new_name = f"198.51.100.{130 + list(KINDS).index('new_name')}"
    wait_for(lambda: new_name in analyst.text("/console/"), "the unknown name waits for an analyst")


def innocents(play: Play) -> None:
    """An address with many good requests is asked about, one that the customer registered is refused."""
    now = datetime.now(UTC)
    lines = [line("Normal", SHARED, now - timedelta(seconds=i), "REQ_PASSED") for i in range(30)]
    lines += [line("SQL Injection", SHARED, now), line("SQL Injection", FRIEND, now)]
    play.outside.do("lines", account=SAKURA, lines=lines)
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: SHARED in analyst.text("/console/"), "the shared address is put to the analyst")
    expect("正常な通信" in analyst.text("/console/"), "the reason is shown")
    wait_for(lambda: FRIEND in analyst.text("/console/findings/"), "the registered address is a finding")
    reason = "お客様が登録されたアドレス"
    wait_for(lambda: reason in analyst.text("/console/findings/"), "the refusal has its reason")
    expect(not {SHARED, FRIEND} & play.outside.blacklist(SAKURA), "neither is on the blacklist")


def forged(play: Play) -> None:
    """A victim named in X-Forwarded-For, or a foreign site, blocks nobody."""
    now = datetime.now(UTC)
    victim, foreign = "203.0.113.140", "203.0.113.141"
    play.outside.do(
        "lines",
        account=SAKURA,
        lines=[
            line("SQL Injection", "198.51.100.121", now, extra=f" xff={victim}"),
            line("SQL Injection", foreign, now, site_id=HOKUTO_SITE),
        ],
    )
    wait_for(lambda: "198.51.100.121" in play.outside.blacklist(SAKURA), "the real source is blocked")
    expect(
        not {victim, foreign} & (play.outside.blacklist(SAKURA) | play.outside.blacklist(HOKUTO)),
        "no victim is blocked",
    )


def bad_lines(play: Play) -> None:
    """Lines that cannot be read are quarantined with their reason; the sums agree."""
    play.outside.do(
        "lines",
        account=SAKURA,
        lines=["nonsense", "CEF:0|Incapsula|broken", line("Normal", SECOND, datetime.now(UTC))],
    )
    analyst = play.browser(ANALYST.login)
    wait_for(
        lambda: "行のヘッダーが壊れています" in analyst.text("/console/intake/"), "the reason is on the intake page"
    )
    wait_for(lambda: analyst.text("/console/intake/").count("一致") >= 2, "lines = rows + quarantined")
    expect("不一致" not in analyst.text("/console/intake/"), "no sum is off")


def vendor_faults(play: Play) -> None:
    """The vendor's API fails in several ways; in the end the address is on the list, added once."""
    for number, fault in enumerate(("server_error", "html", "too_many", "lost_answer")):
        source = f"198.51.100.{160 + number}"
        play.outside.do("faults", kind=fault, scope="policies", calls=2, seconds=0)
        play.attack("sql_injection", source)
        wait_for(lambda: source in play.outside.blacklist(SAKURA), f"{fault}: blocked in the end")  # noqa: B023
        expect(play.outside.added(source) == 1, f"{fault}: added once")
    play.outside.do("faults/clear")


def seen_by_the_soc(play: Play) -> None:
    """While the vendor answers with HTML or errors the SOC sees an alarm; afterwards everything goes on by itself."""
    address = "198.51.100.170"
    analyst = play.browser(ANALYST.login)
    play.outside.do("faults", kind="html", scope="logs", duration_seconds=600)
    wait_for(lambda: "ログを取得できていません" in analyst.text("/console/"), "the alarm is on the console")
    play.outside.do("faults/clear")
    play.attack("sql_injection", address)
    wait_for(lambda: address in play.outside.blacklist(SAKURA), "the log is read again by itself")


def foreign_entries(play: Play) -> None:
    """What somebody else put on the customer's lists is still there, and nothing that must not was ever written."""
    expect("203.0.113.66" in play.outside.blacklist(SAKURA), "the customer's own policy is untouched")
    expect("203.0.113.77" in play.outside.blacklist(HOKUTO), "the customer's own list entry is untouched")
    expect(play.outside.added(FRIEND) == 0, "the registered address was never sent to the vendor")

"""Steps of the check for signals that no log line gives: the vendor's statistics, network events, alert mails."""

from sakimori.run.demo.cast import ANALYST, HOKUTO_SITE, SAKURA_SECOND
from sakimori.run.demo.doors import expect, readable, wait_for
from sakimori.run.demo.play import HOKUTO, Play

_LIST, _MAILS, _PATTERNS = "/console/incidents/", "/console/vendor-mails/", "/console/mail-patterns/"


def by_statistics(play: Play) -> None:
    """An attack that only the vendor's statistics tell of: the site is visited, and it is one incident."""
    before = _incidents(play, "www.hokuto.example.jp")
    play.outside.do("flood", site_id=HOKUTO_SITE, state="start", blocked_per_second=5000, incidents_per_minute=600)
    try:
        seconds = wait_for(
            lambda: _incidents(play, "www.hokuto.example.jp") == before + 1, "the statistics open an incident"
        )
        play.measured["statistics_to_incident_s"] = seconds
        wait_for(lambda: "正常" in _newest(play, "www.hokuto.example.jp"), "the site was visited")
        expect("DDoS 攻撃" in _newest(play, "www.hokuto.example.jp"), "it is a DDoS")
        play.outside.do("network", account=HOKUTO, kind="DDOS_START_IP_RANGE", target="203.0.113.0/24")
    finally:
        play.outside.do("flood", site_id=HOKUTO_SITE, state="stop")
    expect(_incidents(play, "www.hokuto.example.jp") == before + 1, "all of it is one incident")


def by_mail(play: Play, *, port: int, recipient: str) -> None:
    """An attack that only an alert mail tells of; a forged end closes nothing, an unknown mail is a task."""
    site = {"site_id": SAKURA_SECOND, "port": port, "recipient": recipient}
    before = _incidents(play, "www.sakura.example.jp")
    play.outside.do("vendor-mail", kind="start", **site)
    wait_for(lambda: _incidents(play, "www.sakura.example.jp") == before + 1, "the mail opens an incident")
    play.outside.do("vendor-mail", kind="end", signed=False, **site)
    wait_for(lambda: "偽の通知の可能性" in _mails(play), "the forged end waits for the SOC")
    play.outside.do("vendor-mail", kind="unknown", **site)
    wait_for(lambda: "どのパターンにも当てはまらない" in _mails(play), "the unknown mail waits for the SOC")
    play.outside.do("vendor-mail", kind="end", **site)
    wait_for(lambda: "攻撃の終息として記録しました" in _mails(play), "the signed end is noted on the incident")


def tried_patterns(play: Play) -> None:
    """An analyst tries the patterns on a pasted mail: the page says what would happen, and nothing does."""
    before = _incidents(play, "www.sakura.example.jp")
    data = {"mail_subject": "DDoS attack detected", "mail_text": "Site: www.sakura.example.jp"}
    analyst = play.browser(ANALYST.login)
    page = readable(analyst.post(_PATTERNS, data, page=_PATTERNS))
    for words in ("一致", "site ：www.sakura.example.jp", "攻撃の開始として記録し", "差出人を DKIM または SPF で確認"):
        expect(words in page, f"the trial shows {words}")
    wrong = {"name": "誤り", "kind": "start", "subject": "(a+", "text": "", "do": "save"}
    refused = readable(analyst.post(f"{_PATTERNS}new/", wrong, page=f"{_PATTERNS}new/"))
    expect("閉じ括弧「)」が足りません" in refused, "a wrong expression is refused in Japanese")
    expect(_incidents(play, "www.sakura.example.jp") == before, "nothing has happened")


def _rows(play: Play, site: str) -> list[str]:
    """Rows of DDoS incidents of a site in the list, the open ones first, then the newest."""
    _, _, every = play.browser(ANALYST.login).html(_LIST).partition("すべてのインシデント")
    return [row for row in every.split("<tr") if "DDoS 攻撃" in row and site in row]


def _incidents(play: Play, site: str) -> int:
    return len(_rows(play, site))


def _newest(play: Play, site: str) -> str:
    rows = _rows(play, site)
    return readable(rows[0]) if rows else ""


def _mails(play: Play) -> str:
    return play.browser(ANALYST.login).text(_MAILS)

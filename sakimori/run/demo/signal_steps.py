"""Steps of the check for signals that no log line gives: the vendor's statistics, network events, alert mails."""

import re

from sakimori.run.demo.cast import ANALYST, HOKUTO_SITE
from sakimori.run.demo.doors import expect, readable, wait_for
from sakimori.run.demo.incident_doors import wait_for_quiet
from sakimori.run.demo.play import HOKUTO, Play

_MAIL_SITE, _VENDOR = "www.sakura.example.jp", "vendor@sakimori.example.jp"
_SEE = re.compile(r'action="(/console/vendor-mails/\d+/see/)"')
_LIST, _MAILS, _PATTERNS = "/console/incidents/", "/console/vendor-mails/", "/console/mail-patterns/"


def by_statistics(play: Play) -> None:
    """An attack that only the vendor's statistics tell of: the site is visited, and it is one incident."""
    wait_for_quiet(play, "www.hokuto.example.jp")
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


def by_mail(play: Play) -> None:
    """An attack that only an alert mail tells of; a forged end closes nothing, an unknown mail is a task."""
    wait_for_quiet(play, _MAIL_SITE)
    before = _incidents(play, _MAIL_SITE)
    _notice(play, "DDoS attack detected")
    play.measured["alert_mail_to_incident_s"] = wait_for(
        lambda: _incidents(play, _MAIL_SITE) == before + 1, "the mail opens an incident"
    )
    _notice(play, "DDoS attack ended", is_forged=True)
    wait_for(lambda: "「攻撃の終息」の通知ですが" in _mails(play), "the forged end waits for the SOC")
    expect("攻撃の終息として記録しました" not in _mails(play), "and is not believed")
    _notice(play, "Something has changed")
    wait_for(lambda: "どのパターンにも当てはまらない" in _mails(play), "the unknown mail waits for the SOC")
    _notice(play, "DDoS attack ended")
    wait_for(lambda: "攻撃の終息として記録しました" in _mails(play), "the signed end is noted on the incident")
    analyst = play.browser(ANALYST.login)
    while found := _SEE.search(analyst.html(_MAILS)):
        analyst.post(found[1], {}, page=_MAILS)
    expect("確認を待っている通知メールはありません" in _mails(play), "each is done by a click")


def _notice(play: Play, subject: str, **more: object) -> None:
    """The vendor, or whoever pretends to be, writes."""
    text = f"Hello,\nSite: {_MAIL_SITE}\n"
    play.outside.do("vendor-mail", to=_VENDOR, subject=subject, text=text, **more)


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

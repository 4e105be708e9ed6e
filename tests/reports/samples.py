"""Figures of an invented month for tests: a busy one, a quiet one, a silent one, and a hostile one."""

from datetime import UTC, date, datetime, timedelta

from sakimori.lib.calendar import Month
from sakimori.reports.figures import Count, Figures, LogNote, SourceFigure, Tally, TicketFigure, summarise
from sakimori.reports.wording import Letterhead

OCTOBER = Month(2026, 10)
AS_OF = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
LETTER = Letterhead("Webサイトプロテクションサービス", "株式会社さくら商店", "K-2026-0001", "03-0000-0000")
HOSTILE = "</script>#panic(1) $x$ *太字* \u202egnp.exe\x07 ' OR 1=1-- " + "/very-long-path" * 12
DAYS = (date(2026, 10, 1), date(2026, 10, 31))
SITES = ("shop.sakura.example.jp", "www.sakura.example.jp")
LONG = (
    "10月12日 03時14分から 03時52分にかけて、攻撃元 IP アドレス 198.51.100.23 から、商品検索の入力欄に対して"
    "データベースを不正に操作しようとする通信を 128 件検知しました。すべて WAF が遮断しており、"
    "応答の内容からも、情報が流出した形跡は認められません。"
)


def ticket(number: int, **columns: str) -> TicketFigure:
    """A ticket about a blocked address."""
    values = {
        "number": f"WSP-{number:06d}",
        "kind": "BlackList 対応",
        "subject": f"攻撃元 IP アドレスのブラックリスト登録のお知らせ（198.51.100.{number % 250} ほか 2 件）",
        "opened": "2026年10月12日 03:15:20",
        "state": "完了",
        "detected": LONG,
        "handled": "攻撃元 IP アドレスをブラックリストへ登録し、WAF への反映を確認しました。\n"
        "ご登録の連絡先 3 件へメールでお知らせしました。",
        "result": "登録後、同じアドレスからの攻撃が遮断されていることを確認しました。",
    }
    return TicketFigure(**{**values, **columns})


def busy_counts() -> list[Count]:
    """Attacks on every day, with a wave in the middle of the month, and good traffic."""
    counts = []
    for number in range(31):
        day = DAYS[0] + timedelta(days=number)
        wave = 900 if number in (11, 12) else 0
        counts += [
            Count(day, SITES[0], "sql_injection", "blocked", 20 + number * 7 % 40 + wave),
            Count(day, SITES[0], "cross_site_scripting", "blocked", 12 + number * 5 % 17),
            Count(day, SITES[1], "bad_bot", "challenged", 30 + number * 3 % 11),
            Count(day, SITES[1], "illegal_resource_access", "allowed", number % 4),
            Count(day, SITES[0], "ddos", "denied", 5 if number == 12 else 0),
            Count(day, SITES[0], "none", "allowed", 41_000 + number * 113),
            Count(day, SITES[1], "none", "allowed", 9_000 + number * 71),
        ]
    return [count for count in counts if count.events]


def sources() -> list[SourceFigure]:
    """Ten addresses, one of them of the longest form."""
    found = [
        SourceFigure(
            f"198.51.100.{20 + number}",
            ("JP", "US", "AE")[number % 3],
            ["sql_injection"],
            Tally(blocked=900 - number * 71, passed=number),
        )
        for number in range(9)
    ]
    return [
        *found,
        SourceFigure(
            "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe", "", ["bad_bot", "cross_site_scripting"], Tally(challenged=3)
        ),
    ]


def make_figures(
    counts: list[Count],
    *,
    tickets: tuple[TicketFigure, ...] = (),
    log: LogNote | None = None,
    keeps_access_lines: bool = True,
    attackers: list[SourceFigure] | None = None,
    files_by_day: dict[date, int] | None = None,
) -> Figures:
    """Figures of October."""
    return summarise(
        counts,
        days=DAYS,
        sites=SITES,
        sources=attackers or [],
        source_count=137 if attackers else 0,
        tickets=tickets,
        log=log or LogNote(),
        files_by_day=files_by_day or {},
        keeps_access_lines=keeps_access_lines,
    )


def busy(tickets: int = 6) -> Figures:
    """A month with everything."""
    listed = [ticket(number) for number in range(1, tickets + 1)]
    listed.append(
        ticket(
            900,
            kind="DDoS 通知対応",
            state="お客様確認待ち",
            subject="DDoS 攻撃による表示遅延のお知らせ（shop.sakura.example.jp）",
        )
    )
    return make_figures(
        busy_counts(),
        tickets=tuple(listed),
        attackers=sources(),
        log=LogNote(files=44_120, lines=1_633_210, rows=1_633_208, quarantined_lines=2),
    )


def quiet() -> Figures:
    """Files came in, attacks did not; the contract delivers no access lines."""
    return make_figures([], log=LogNote(files=31), files_by_day=dict.fromkeys([DAYS[0]], 31), keeps_access_lines=False)


def silent() -> Figures:
    """Nothing came in at all."""
    return make_figures([], keeps_access_lines=True)


def hostile() -> Figures:
    """Text of attackers wherever text may stand."""
    return make_figures(
        [Count(DAYS[0], HOSTILE, HOSTILE, "blocked", 3)],
        tickets=tuple(
            ticket(number, subject=HOSTILE[:200], detected=HOSTILE * 6, handled="\n".join([HOSTILE] * 60), result="")
            for number in range(3)
        ),
        attackers=[SourceFigure(HOSTILE, HOSTILE, [HOSTILE], Tally(blocked=3))],
    )

"""How a report speaks: its sentences, its file name, and the mail that says that it is there. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from sakimori.lib.calendar import Month, written_day
from sakimori.lib.defang import visible
from sakimori.logs.attack_kinds import AttackKind
from sakimori.reports.figures import Figures

UNKNOWN = "判定不能"
NO_LOG = "ログを受信していません"
NO_ATTACK = "この月は検知がありませんでした"
_LISTED = 10
_UNSAFE_IN_FILE_NAMES = set('\\/:*?"<>|')


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every report and mail."""

    service_name: str
    customer_name: str
    contract_number: str
    soc_phone: str


def kind_label(kind: str) -> str:
    """The Japanese word for a kind of attack; a word that is not known is shown as it is."""
    known = next((known for known in AttackKind if known.value == kind), None)
    return known.label if known else visible(kind)


def headline(figures: Figures) -> str:
    """The month in one sentence."""
    if not figures.received:
        return f"{NO_LOG}。この月の検知件数は集計できませんでした。"
    if figures.total.total == 0:
        return f"{NO_ATTACK}。"
    total = figures.total
    chief = kind_label(figures.kinds[0].kind)
    text = f"攻撃を {total.total:,} 件検知し、{total.blocked:,} 件を遮断しました。最も多かったのは「{chief}」です。"
    if total.passed:
        text += f"通過した {total.passed:,} 件の内訳は、本文をご覧ください。"
    return text


def attacks(figures: Figures) -> str:
    """The number of attacks with what became of them, or that it could not be counted."""
    if not figures.received:
        return "集計できません"
    total = figures.total
    parts = f"遮断 {total.blocked:,}・通過 {total.passed:,}・チャレンジ {total.challenged:,}・その他 {total.other:,}"
    return f"{total.total:,} 件（{parts}）"


def good_traffic(good: int | None) -> str:
    """The number of good requests, or that it cannot be known."""
    return UNKNOWN if good is None else f"{good:,}"


def period(figures: Figures) -> str:
    """First and last day that the figures cover."""
    first, last = (written_day(date.fromisoformat(day)) for day in (figures.first_day, figures.last_day))
    return f"{first}から{last}まで"


def completeness(figures: Figures) -> list[str]:
    """What the reader must know of the log from which the figures were counted."""
    log = figures.log
    if not figures.received:
        return [f"期間を通じて{NO_LOG}。件数がないことは、攻撃がなかったことを意味しません。"]
    notes = [
        f"期間中に受信したログファイルは {log.files:,} 件（{log.lines:,} 行）です。",
        f"このうち {log.rows:,} 行を保存し、{log.quarantined_lines:,} 行は読み取れないため隔離しました。",
        f"集計の対象とした記録は {figures.events:,} 件です（複数のファイルで重複して届いた記録は 1 件と数えます）。",
    ]
    if log.unkept_lines:
        notes.append(f"アクセスログ {log.unkept_lines:,} 行は、ご契約により保存していません。")
    if log.quarantined_files:
        notes.append(f"ファイル全体を読み取れなかったものが {log.quarantined_files:,} 件あります。")
    if log.waiting_files:
        notes.append(f"集計時点で取り込みを終えていないファイルが {log.waiting_files:,} 件あります。")
    if log.silent_days:
        notes.append(
            f"ログを受信していない日が {len(log.silent_days)} 日あります（{_listed(log.silent_days)}）。"
            "記録の対象となる通信がなかった日を含みます。"
        )
    if figures.good is None:
        notes.append(
            "正常な通信の件数は、期間を通したアクセスログがないため判定できません（0 件という意味ではありません）。"
        )
    return notes + _scans(figures)


def _scans(figures: Figures) -> list[str]:
    """Attacks that were announced: they are counted, and nobody was blocked for them."""
    if not figures.scans:
        return []
    shown = [f"{scan.begins}～{scan.ends}（{_named(scan.networks)}）" for scan in figures.scans[:_LISTED]]
    more = " ほか" if len(figures.scans) > _LISTED else ""
    return [
        f"事前に登録された診断・検査の予定：{'、'.join(shown)}{more}。",
        f"検知した攻撃のうち {figures.scanned:,} 件はこの診断・検査によるもので、記録のみとし、遮断していません。",
    ]


def _named(networks: list[str]) -> str:
    return "、".join(networks[:_LISTED]) + (" ほか" if len(networks) > _LISTED else "")


def _listed(days: list[str]) -> str:
    """Days that follow each other as spans: 10月2日、10月5日～10月9日."""
    spans: list[list[date]] = []
    for day in map(date.fromisoformat, days):
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    shown = [_span(span[0], span[-1]) for span in spans[:_LISTED]]
    return "、".join(shown) + (" ほか" if len(spans) > _LISTED else "")


def _span(first: date, last: date) -> str:
    ends = dict.fromkeys((first, last))
    return "～".join(f"{day.month}月{day.day}日" for day in ends)


def file_name(customer_name: str, month: str) -> str:
    """The name under which a report is saved: with customer and month."""
    safe = "".join("＿" if sign in _UNSAFE_IN_FILE_NAMES else sign for sign in visible(customer_name))
    return f"月次レポート_{safe}_{month}.pdf"


def mail_subject(letter: Letterhead, month: Month) -> str:
    """Subject of the mail that says that a report is there."""
    return f"【{letter.service_name}】{month.written}分の月次レポートを掲載しました [{letter.contract_number}]"


def mail_body(letter: Letterhead, month: Month, *, headline: str, url: str) -> str:
    """Body of that mail."""
    return f"""{letter.customer_name}
ご担当者様

いつもご利用いただきありがとうございます。
{letter.service_name} SOC です。

{month.written}分の月次レポートを、MSS ポータルに掲載いたしました。
下記のページからダウンロードしてご確認ください。

■ {month.written}の概要
{headline}

■ 月次レポート（ログインが必要です）
{url}

----------------------------------------
契約番号: {letter.contract_number}
SOC 電話番号: {letter.soc_phone}（24 時間 365 日）
{letter.service_name}"""

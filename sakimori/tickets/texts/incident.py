"""Texts of tickets about incidents: DDoS (chapter 2-1-1) and outages (chapter 1-3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sakimori.incidents.models import IncidentKind
from sakimori.lib.jst import written
from sakimori.tickets.texts.letter import Letterhead, harmless, mail, subject


class Ending(Enum):
    """How an incident is over. QUIET: nothing is reported any more, but nobody has seen the site."""

    WELL = auto()
    QUIET = auto()
    CANCELLED = auto()


@dataclass(frozen=True, slots=True)
class Happening:
    """An incident as its ticket tells of it. site: empty for all sites. verdict: its Japanese word, or empty.

    proved: whether visits could say how the site is. severity: its line of the table, or empty.
    """

    kind: IncidentKind
    site: str
    opened_at: datetime
    ended_at: datetime | None
    verdict: str
    sentence: str
    signals: int
    ending: Ending = Ending.WELL
    proved: bool = True
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Excess:
    """Traffic above the contracted bandwidth."""

    at: datetime
    bits_per_second: int
    plan_mbps: int


def ticket_subject(happening: Happening) -> str:
    """Subject of the ticket."""
    return f"{title(happening)}（{_place(happening)}）"


def first_subject(letter: Letterhead, happening: Happening) -> str:
    """Subject of the first mail."""
    return subject(letter, f"【第一報】{title(happening)}")


def first_mail(letter: Letterhead, happening: Happening, excess: Excess | None, proof: str = "") -> str:
    """Body of the first mail: what was seen, since when, what proves it, what we do."""
    return mail(
        letter,
        _seen(happening),
        f"■ 検知内容\n{harmless(detected(happening, None))}",
        _excess_part(excess),
        proof,
        f"■ 弊社の対応\n{_DOING[happening.kind]}",
    )


def first_note(happening: Happening) -> str:
    """What the ticket's record says when the customer is told."""
    told = "ご登録の連絡先すべてへ、メール（第一報）でお知らせしました。"
    return f"{_seen_on_a_page(happening)}\n{told}\n{_DOING[happening.kind]}"


def excess_subject(letter: Letterhead) -> str:
    """Subject of the mail about traffic above the plan, where the first mail could not tell of it yet."""
    return subject(letter, "【続報】契約帯域を超える通信量を確認しました")


def excess_mail(letter: Letterhead, excess: Excess) -> str:
    """Body of that mail."""
    return mail(letter, "お知らせした DDoS 攻撃について、新たに次のことを確認いたしました。", _excess_part(excess))


def excess_text(excess: Excess) -> str:
    """How high traffic is against the plan, and what that means (chapter 3-2)."""
    measured = f"{excess.bits_per_second / 1_000_000:,.1f}"
    return (
        f"登録されたすべてのサイトの合計通信量（受信と送信の合計）が、契約帯域 {excess.plan_mbps} Mbps を上回る "
        f"{measured} Mbps に達しました（{written(excess.at)}）。\n"
        "契約帯域を超える DDoS トラフィックを検出した場合、Imperva 社の制約により、全通信が検査されずに"
        "お客様の Web サーバーへバイパスされる可能性がございます。"
    )


def last_subject(letter: Letterhead, happening: Happening) -> str:
    """Subject of the last mail."""
    return subject(letter, f"【終報】{_ended(happening)}")


def last_mail(letter: Letterhead, happening: Happening, timeline: str = "") -> str:
    """Body of the last mail: it is over, and how it went. timeline: one line per step."""
    return mail(
        letter,
        f"お知らせした件について、{_ended(happening)}。",
        f"■ 結果\n{harmless(result(happening))}",
        f"■ 経過（日本時間）\n{harmless(timeline)}" if timeline else "",
        "ご不明な点がございましたら、下記のチケットまたはお電話でお問い合わせください。",
    )


def last_note(happening: Happening) -> str:
    """What the ticket's record says when it is over."""
    return f"{_ended(happening)}。ご登録の連絡先すべてへ、メール（終報）でお知らせしました。\n{result(happening)}"


def whole_subject(letter: Letterhead, happening: Happening) -> str:
    """Subject of the only mail about an incident that was over before the customer was to be told."""
    return subject(letter, f"【発生・復旧】{title(happening)}")


def whole_mail(letter: Letterhead, happening: Happening, excess: Excess | None) -> str:
    """Body of that mail: what was, and that it is over."""
    return mail(
        letter,
        _seen(happening),
        f"■ 検知内容\n{harmless(detected(happening, None))}",
        _excess_part(excess),
        f"■ 結果\n{harmless(result(happening))}",
        "ご不明な点がございましたら、下記のチケットまたはお電話でお問い合わせください。",
    )


def whole_note(happening: Happening) -> str:
    """What the ticket's record says of it."""
    return f"{_seen_on_a_page(happening)}\nご登録の連絡先すべてへ、メールでお知らせしました。\n{result(happening)}"


def detected(happening: Happening, excess: Excess | None) -> str:
    """What was detected, for ticket and report."""
    lines = [
        f"種別: {happening.kind.label}",
        f"対象サイト: {_place(happening)}",
        f"発生日時: {written(happening.opened_at)}",
    ]
    if happening.severity:
        lines.append(happening.severity)
    if happening.verdict:
        lines.append(f"確認結果: {happening.verdict}")
    if happening.sentence:
        lines.append(f"確認内容: {happening.sentence}")
    if excess:
        lines.append(excess_text(excess))
    return "\n".join(lines)


def handled(happening: Happening, calls: str) -> str:
    """What we did. calls: what came of the phone calls, or empty while nobody was reached."""
    return "\n".join(part for part in (_DONE[happening.kind], calls) if part)


def reached(name: str, at: datetime | None, spoke_with: str) -> str:
    """Whom we reached by phone."""
    whom = f"{name} 様" + (f"（お話しした方: {spoke_with} 様）" if spoke_with and spoke_with != name else "")
    return f"電話連絡: {whom}へご連絡しました" + (f"（{written(at)}）。" if at else "。")


def nobody_reached() -> str:
    """Every contact was called, and none was reached."""
    return "電話連絡: ご登録の連絡先すべてへお電話しましたが、ご連絡が取れませんでした。"


def result(happening: Happening) -> str:
    """What came of it, once it is over."""
    lines = [f"{_ended(happening)}。", f"対象サイト: {_place(happening)}", f"発生日時: {written(happening.opened_at)}"]
    if happening.ended_at:
        lines.append(f"終了日時: {written(happening.ended_at)}")
    if happening.kind is IncidentKind.DDOS and happening.signals:
        lines.append(f"攻撃の検知: {happening.signals} 件")
    return "\n".join(lines)


def _seen_on_a_page(happening: Happening) -> str:
    """The same without line breaks: only a mail is broken by hand."""
    return _seen(happening).replace("\n", "")


def _excess_part(excess: Excess | None) -> str:
    return f"■ 契約帯域の超過について\n{excess_text(excess)}" if excess else ""


def title(happening: Happening) -> str:
    """What it is about, for subjects."""
    if happening.kind is IncidentKind.DDOS and not happening.proved:
        return "DDoS 攻撃の検知のお知らせ"
    return _SUBJECTS[happening.kind]


def _seen(happening: Happening) -> str:
    """What was seen. Where visits proved nothing, a person has decided to tell of the attack all the same."""
    if happening.kind is IncidentKind.DDOS and not happening.proved:
        return (
            "Imperva Cloud WAF にて DDoS 攻撃を検知いたしました。監視対象サイトの表示は、自動の確認では\n"
            "判定できておりません。お手数ですが、お客様にてもサイトの表示をご確認ください。"
        )
    return _SEEN[happening.kind]


def _ended(happening: Happening) -> str:
    """That it is over, without claiming what nobody has seen."""
    if happening.ending is Ending.CANCELLED:
        return "ご契約の終了に伴い、監視と対応を終了しました"
    if happening.ending is Ending.QUIET:
        return "新たな検知がなくなったことを確認しました"
    return _ENDED[happening.kind]


def _place(happening: Happening) -> str:
    return happening.site or "ご契約のすべてのサイト"


_SUBJECTS = {
    IncidentKind.DDOS: "DDoS 攻撃の検知とサイト表示の異常のお知らせ",
    IncidentKind.SITE_DOWN: "サイトの表示に関する異常のお知らせ",
    IncidentKind.ORIGIN_DOWN: "オリジンサーバー停止のお知らせ",
    IncidentKind.VENDOR: "WAF ベンダーの障害のお知らせ",
    IncidentKind.OWN: "当サービスの障害のお知らせ",
}
_SEEN = {
    IncidentKind.DDOS: "Imperva Cloud WAF にて DDoS 攻撃を検知したため、監視対象サイトへアクセスして\n"
    "表示を確認したところ、異常が見られました。",
    IncidentKind.SITE_DOWN: "監視対象サイトの表示に異常があることを検知いたしました。",
    IncidentKind.ORIGIN_DOWN: "お客様のオリジンサーバーが応答していないことを検知いたしました。",
    IncidentKind.VENDOR: "Imperva 社のサービスに障害が発生している可能性がございます。\n"
    "お客様のサイトの表示や、弊社によるセキュリティ監視に影響が出ることがあります。",
    IncidentKind.OWN: "当サービスの設備に障害が発生し、監視と対応を行えない時間帯が生じました。\n"
    "ご迷惑をおかけし、お詫び申し上げます。",
}
_CALLS = "お電話でも、ご登録の連絡先へ優先度の高い方から順にご連絡いたします。"
_DOING = {
    IncidentKind.DDOS: "サイトの表示を継続して確認し、攻撃が収まりましたらチケットとメールでお知らせいたします。\n"
    f"{_CALLS}",
    IncidentKind.SITE_DOWN: "サイトの表示を継続して確認し、回復しましたらチケットとメールでお知らせいたします。\n"
    f"{_CALLS}",
    IncidentKind.ORIGIN_DOWN: "応答の状況を継続して確認し、回復しましたらチケットとメールでお知らせいたします。\n"
    f"お手数ですが、サーバーと回線の状況をご確認ください。\n{_CALLS}",
    IncidentKind.VENDOR: "ベンダーの復旧状況を継続して確認し、復旧しましたらチケットとメールでお知らせいたします。",
    IncidentKind.OWN: "復旧作業を進め、復旧しましたらチケットとメールでお知らせいたします。",
}
_DONE = {
    IncidentKind.DDOS: "監視対象サイトへアクセスして表示を確認し、ご登録の連絡先すべてへメールでお知らせしました。",
    IncidentKind.SITE_DOWN: "サイトの表示を確認し、ご登録の連絡先すべてへメールでお知らせしました。",
    IncidentKind.ORIGIN_DOWN: "WAF のログとサイトの表示を確認し、ご登録の連絡先すべてへメールでお知らせしました。",
    IncidentKind.VENDOR: "ベンダーからのログの取得状況を確認し、ご登録の連絡先すべてへメールでお知らせしました。",
    IncidentKind.OWN: "当サービスの復旧作業を行い、ご登録の連絡先すべてへメールでお知らせしました。",
}
_ENDED = {
    IncidentKind.DDOS: "DDoS 攻撃の終息を確認しました",
    IncidentKind.SITE_DOWN: "サイトの表示の回復を確認しました",
    IncidentKind.ORIGIN_DOWN: "オリジンサーバーの応答の回復を確認しました",
    IncidentKind.VENDOR: "WAF ベンダーの障害の復旧を確認しました",
    IncidentKind.OWN: "当サービスの障害から復旧しました",
}

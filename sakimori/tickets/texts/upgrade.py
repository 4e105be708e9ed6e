"""Texts of tickets about a larger plan (chapter 3-2: whoever agrees to it pays no overage)."""

from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.jst import written
from sakimori.tickets.texts.letter import Letterhead, mail, subject


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A customer's wish for a larger plan. month: as a reader expects it, 2026年11月."""

    month: str
    from_mbps: int
    to_mbps: int
    asked_at: datetime
    asked_by: str
    confirmed_at: datetime | None


def ticket_subject(upgrade: Upgrade) -> str:
    """Subject of the ticket."""
    return f"契約帯域のアップグレード（{upgrade.from_mbps} Mbps から {upgrade.to_mbps} Mbps へ）"


def first_subject(letter: Letterhead) -> str:
    """Subject of the mail that says that the wish has arrived."""
    return subject(letter, "契約帯域のアップグレードのお申し込みを受け付けました")


def first_mail(letter: Letterhead, upgrade: Upgrade) -> str:
    """Body of that mail."""
    return mail(
        letter,
        "契約帯域のアップグレードのお申し込みを受け付けました。",
        f"■ お申し込みの内容\n{detected(upgrade)}",
        "内容を確認のうえ、手続きが完了しましたら、チケットとメールでお知らせいたします。\n"
        f"アップグレードが確定した場合、{upgrade.month}分の超過料金は発生いたしません。",
    )


def first_note(upgrade: Upgrade) -> str:
    """What the ticket's record says."""
    return f"{upgrade.asked_by} 様より、契約帯域のアップグレードのお申し込みをいただきました。\n{detected(upgrade)}"


def last_subject(letter: Letterhead) -> str:
    """Subject of the mail that says that the plan is larger."""
    return subject(letter, "契約帯域のアップグレードが確定しました")


def last_mail(letter: Letterhead, upgrade: Upgrade) -> str:
    """Body of that mail."""
    return mail(letter, "お申し込みいただいた契約帯域のアップグレードについて、お知らせいたします。", result(upgrade))


def last_note(upgrade: Upgrade) -> str:
    """What the ticket's record says when the plan is larger."""
    return f"{result(upgrade)}\nご登録の連絡先すべてへメールでお知らせしました。"


def detected(upgrade: Upgrade) -> str:
    """What was asked for, for ticket and report."""
    return (
        f"お申し込み日時: {written(upgrade.asked_at)}\n"
        f"お申し込みの方: {upgrade.asked_by} 様\n"
        f"契約帯域: {upgrade.from_mbps} Mbps から {upgrade.to_mbps} Mbps へ\n"
        f"対象月: {upgrade.month}"
    )


def handled() -> str:
    """What we did."""
    return "お申し込みを受け付け、ご登録の連絡先すべてへメールでお知らせしました。"


def alarm(customer: str, number: str) -> str:
    """What the SOC is told."""
    return f"{customer} 様から契約帯域のアップグレードのお申し込みがあります（{number}）。内容を確認してください。"


def result(upgrade: Upgrade) -> str:
    """What came of it."""
    moment = f"（{written(upgrade.confirmed_at)}）" if upgrade.confirmed_at else ""
    return (
        f"契約帯域 {upgrade.to_mbps} Mbps へのアップグレードが確定しました{moment}。\n"
        f"{upgrade.month}分の超過料金は発生いたしません。"
    )

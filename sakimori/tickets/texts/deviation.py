"""Texts of tickets about a site that is not as the contract has it (chapters 3-2 and 3-3)."""

from dataclasses import dataclass
from datetime import date, datetime

from sakimori.lib.calendar import written_day
from sakimori.lib.jst import written
from sakimori.tickets.texts.letter import Letterhead, harmless, mail, subject
from sakimori.usage.models import DeviationKind


@dataclass(frozen=True, slots=True)
class Difference:
    """A deviation as its ticket tells of it. last_day: of a certificate, where it is known."""

    kind: DeviationKind
    site: str
    sentence: str
    found_at: datetime
    ended_at: datetime | None
    last_day: date | None


def ticket_subject(difference: Difference) -> str:
    """Subject of the ticket."""
    return f"{_SUBJECTS[difference.kind]}（{difference.site}）"


def first_subject(letter: Letterhead, difference: Difference) -> str:
    """Subject of the mail that tells of it."""
    return subject(letter, _SUBJECTS[difference.kind])


def first_mail(letter: Letterhead, difference: Difference) -> str:
    """Body of the mail that tells of it: what was seen, what it means, what we ask for."""
    return mail(
        letter,
        _SEEN[difference.kind],
        f"■ 検知内容\n{harmless(detected(difference))}",
        f"■ ご確認いただきたいこと\n{_MEANS[difference.kind]}",
    )


def first_note(difference: Difference) -> str:
    """What the ticket's record says when the customer is told."""
    return f"{_SEEN[difference.kind]}\nご登録の連絡先すべてへメールでお知らせしました。\n{_MEANS[difference.kind]}"


def last_subject(letter: Letterhead, difference: Difference) -> str:
    """Subject of the mail that says that it is over."""
    return subject(letter, _ENDED[difference.kind])


def last_mail(letter: Letterhead, difference: Difference) -> str:
    """Body of that mail."""
    return mail(letter, f"お知らせした件について、次のとおり{_ENDED[difference.kind]}。", harmless(result(difference)))


def last_note(difference: Difference) -> str:
    """What the ticket's record says when it is over."""
    return f"{_ENDED[difference.kind]}。ご登録の連絡先すべてへメールでお知らせしました。"


def detected(difference: Difference) -> str:
    """What was detected, for ticket and report."""
    lines = [f"対象サイト: {difference.site}", f"検知日時: {written(difference.found_at)}"]
    if difference.last_day:
        lines.append(f"証明書の有効期限: {written_day(difference.last_day)}")
    if difference.sentence:
        lines.append(f"内容: {difference.sentence}")
    return "\n".join(lines)


def handled(difference: Difference) -> str:
    """What we did."""
    return f"{_DONE[difference.kind]}ご登録の連絡先すべてへメールでお知らせしました。"


def result(difference: Difference) -> str:
    """What came of it, once it is over."""
    lines = [f"対象サイト: {difference.site}"]
    if difference.ended_at:
        lines.append(f"確認日時: {written(difference.ended_at)}")
    return "\n".join([f"{_ENDED[difference.kind]}。", *lines])


_SUBJECTS = {
    DeviationKind.BALANCING: "負荷分散構成に関するご確認のお願い",
    DeviationKind.BYPASS: "WAF を経由しない通信に関するお知らせ",
    DeviationKind.CERTIFICATE: "SSL 証明書の更新手続きのお願い",
}
_SEEN = {
    DeviationKind.BALANCING: "サイトの負荷分散・冗長構成が、ご契約の内容と異なっていることを確認いたしました。",
    DeviationKind.BYPASS: "サイトの通信が WAF の検査を受けずに、お客様の Web サーバーへ直接届く状態であることを\n"
    "確認いたしました。",
    DeviationKind.CERTIFICATE: "サイトの SSL 証明書の有効期限が近づいています。証明書の更新手続きをお願いいたします。",
}
_MEANS = {
    DeviationKind.BALANCING: "Load Balancing ライセンスのないご契約では、単一サーバー構成および 2 台の\n"
    "Active-Active 構成のみをご利用いただけます。負荷分散の方式は Least Pending Requests と\n"
    "L7 セッション維持（Persistence）に固定されます。構成を元に戻していただくか、ライセンスの追加をご検討ください。",
    DeviationKind.BYPASS: "この状態の間、対象サイトへの攻撃は検知も遮断もされません。お客様にて設定を変更された覚えが\n"
    "ない場合や、意図した変更でない場合は、SOC までご連絡ください。",
    DeviationKind.CERTIFICATE: "ベンダーより更新通知が届いておりましたら、その内容に沿って、\n"
    "速やかに更新手続きをお願いいたします。\n"
    "有効期限を過ぎると、サイトを閲覧される方に警告が表示され、表示できなくなることがあります。\n"
    "更新を確認できましたら、あらためてお知らせいたします。",
}
_DONE = {
    DeviationKind.BALANCING: "ベンダーの設定を読み取り、ご契約の内容と照合して、",
    DeviationKind.BYPASS: "ベンダーの設定を読み取って状態を確認し、",
    DeviationKind.CERTIFICATE: "証明書の有効期限を確認し、更新手続きのお願いを",
}
_ENDED = {
    DeviationKind.BALANCING: "負荷分散構成がご契約の内容と一致したことを確認しました",
    DeviationKind.BYPASS: "通信が再び WAF を経由していることを確認しました",
    DeviationKind.CERTIFICATE: "SSL 証明書が更新されたことを確認しました",
}

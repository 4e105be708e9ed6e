"""Texts of follow-ups (続報): what is so now, what was seen since the last word, how the calls stand, what is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.incidents.models import Verdict
from sakimori.lib.jst import written
from sakimori.tickets.texts.incident import Happening, title
from sakimori.tickets.texts.letter import Letterhead, harmless, mail, subject

_STATES = {
    Verdict.NOT_DISPLAYED: "サイトを表示できない状態が続いています。",
    Verdict.SLOW: "サイトの表示が極端に遅い状態が続いています。",
    Verdict.NORMAL: "サイトは正常に表示されています。攻撃や障害が収まったことを確認するまで、監視を続けます。",
    Verdict.INCONCLUSIVE: "サイトの表示を自動の確認では判定できていません。SOC の担当者が確認しています。",
    Verdict.NOT_PROBED: "インターネットから接続できないサイトのため、表示の確認は行っていません。",
}
CALLING = "電話連絡: ご登録の連絡先へ、優先度の高い方から順にお電話しています。まだご連絡が取れておりません。"
_CHANGES = {
    Verdict.NOT_DISPLAYED: "サイトを表示できない状態になりました",
    Verdict.SLOW: "サイトの表示が極端に遅い状態になりました",
    Verdict.NORMAL: "サイトが再び表示されるようになりました",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What a follow-up tells. since: the moment of the last word; steps: what was seen since then, in order.

    shows: what visits show now (None: nobody looks). next_at: when the next one comes; None where it is not known.
    """

    at: datetime
    since: datetime
    shows: Verdict | None
    sentence: str
    steps: Sequence[tuple[datetime, str]]
    signals: int
    calls: str
    proof: str = ""
    next_at: datetime | None = None


def follow_subject(letter: Letterhead, happening: Happening, changed: Verdict | None) -> str:
    """Subject of a follow-up. changed: what is so from now on, where that is its reason."""
    return subject(letter, f"【続報】{_CHANGES[changed] if changed else title(happening)}")


def follow_mail(letter: Letterhead, happening: Happening, progress: Progress) -> str:
    """Body of a follow-up."""
    steps = "\n".join(f"{written(at)} {harmless(words)}" for at, words in progress.steps)
    place = harmless(happening.site) or "ご契約のすべてのサイト"
    return mail(
        letter,
        f"お知らせした件（{place}）について、その後の状況をお知らせいたします。",
        f"■ 現在の状況（{written(progress.at)} 現在）\n{harmless(state(happening, progress))}",
        f"■ 前回のお知らせ（{written(progress.since)}）以降の経過\n{steps or '新たな変化はありません。'}",
        f"■ お電話の状況\n{progress.calls}" if progress.calls else "",
        progress.proof,
        _outlook(progress),
    )


def follow_note(happening: Happening, progress: Progress, changed: Verdict | None) -> str:
    """What the ticket's record says of it."""
    head = f"{_CHANGES[changed]}。\n" if changed else ""
    steps = "\n".join(f"{written(at)} {words}" for at, words in progress.steps)
    told = "ご登録の連絡先すべてへ、メール（続報）でお知らせしました。"
    return "\n".join(part for part in (f"{head}{state(happening, progress)}", steps, progress.calls, told) if part)


def state(happening: Happening, progress: Progress) -> str:
    """How it is now, in one or two sentences."""
    lines = [_STATES[progress.shows]] if progress.shows in _STATES else []
    if progress.sentence and progress.shows != Verdict.INCONCLUSIVE:
        lines.append(f"最新の確認: {progress.sentence}")
    if not happening.site:
        lines.append("復旧の状況を確認しています。")
    if progress.signals:
        lines.append(f"攻撃の検知: これまでに {progress.signals:,} 件")
    return "\n".join(lines) or "引き続き、状況を確認しています。"


def hand_subject(letter: Letterhead) -> str:
    """Subject of a follow-up that an analyst wrote."""
    return subject(letter, "【続報】状況のお知らせ")


def hand_mail(letter: Letterhead, text: str) -> str:
    """Body of that mail: his words, unbroken."""
    return mail(letter, "お知らせした件について、SOC の担当者からご連絡いたします。", harmless(text))


def hand_note(text: str) -> str:
    """What the ticket's record says of it."""
    return f"{text}\nご登録の連絡先すべてへ、メール（続報）でお知らせしました。"


def draft(happening: Happening, progress: Progress) -> str:
    """What an analyst finds in the text box, for him to change."""
    parts = [f"{written(progress.at)} 現在の状況をお知らせいたします。", state(happening, progress)]
    return "\n".join(part for part in (*parts, progress.calls) if part)


def _outlook(progress: Progress) -> str:
    at_once = "状況が変わりましたら、すぐにお知らせいたします。"
    return f"次の続報は {written(progress.next_at)} 頃の予定です。{at_once}" if progress.next_at else at_once

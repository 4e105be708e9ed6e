"""Texts about what people write to each other in a ticket (chapter 2-2: enquiries, files)."""

from collections.abc import Sequence

from sakimori.lib.defang import defang
from sakimori.tickets.texts.letter import Letterhead, mail, quoted, subject

_MOST_KEPT = 600


def received_subject(letter: Letterhead) -> str:
    """Subject of the mail that says that an enquiry has arrived."""
    return subject(letter, "お問い合わせを受け付けました")


def received_mail(letter: Letterhead, *, about: str, author: str, text: str, files: Sequence[str]) -> str:
    """Body of that mail."""
    return mail(
        letter,
        f"{author} 様より、次のお問い合わせをいただきました。\n確認のうえ、担当者よりご回答いたします。",
        f"■ 件名\n{quoted(about)}",
        f"■ 内容\n{quoted(text)}",
        _files_part(files),
    )


def reply_subject(letter: Letterhead) -> str:
    """Subject of the mail that says that somebody of the customer has written."""
    return subject(letter, "チケットへのご連絡を受け付けました")


def reply_mail(letter: Letterhead, *, about: str, author: str, text: str, files: Sequence[str]) -> str:
    """Body of that mail."""
    return mail(
        letter,
        f"{author} 様より、次のチケットにご連絡をいただきました。",
        f"■ 件名\n{quoted(about)}",
        f"■ 内容\n{quoted(text)}",
        _files_part(files),
    )


def answer_subject(letter: Letterhead) -> str:
    """Subject of the mail with the SOC's answer."""
    return subject(letter, "SOC からの回答をお知らせします")


def answer_mail(letter: Letterhead, *, about: str, state: str, text: str, files: Sequence[str]) -> str:
    """Body of that mail. state: where the ticket stands now, in its Japanese word."""
    return mail(
        letter,
        "次のチケットについて、SOC の担当者より回答いたします。",
        f"■ 件名\n{quoted(about)}",
        f"■ 回答\n{quoted(text)}",
        _files_part(files),
        f"■ チケットの状態\n{state}",
    )


def detected(about: str, text: str) -> str:
    """What was asked, for ticket and report."""
    return f"お問い合わせ: {about}\n{_kept(text)}"


def handled(text: str) -> str:
    """The SOC's last answer."""
    return f"回答: {_kept(text)}"


def result(state: str) -> str:
    """Where the enquiry stands after an answer."""
    return f"回答済み（{state}）"


def alarm(customer: str, number: str, *, new: bool) -> str:
    """What the SOC is told."""
    what = "新しいお問い合わせ" if new else "チケットへの返信"
    return f"{customer} 様から{what}があります（{number}）。"


def _files_part(files: Sequence[str]) -> str:
    if not files:
        return ""
    names = "\n".join(f"- {defang(name)}" for name in files)
    return f"■ 添付ファイル（{len(files)} 件、チケットからご覧いただけます）\n{names}"


def _kept(text: str) -> str:
    return text if len(text) <= _MOST_KEPT else f"{text[:_MOST_KEPT]}…"

"""Texts about addresses that are off the blacklist: what was done, the proof, and what still stands in the way.

We write that the setting is back, never that the address gets through: that we do not know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.blacklist.models import RestoreChannel
from sakimori.lib.defang import defang, visible
from sakimori.lib.jst import written
from sakimori.tickets.texts.letter import Letterhead, harmless, mail, subject

DONE = "設定を戻しました（反映に数分）"
_MOST_NOTED = 20
_MOST_INSIDE = 10
_FROM_OUTSIDE = {RestoreChannel.PHONE: "お電話", RestoreChannel.MAIL: "メール"}
_EXPIRED = {
    RestoreChannel.DESK: "SOC の判断により登録を終了したもの",
    RestoreChannel.EXPIRY: "登録の期限を迎えたもの",
    RestoreChannel.FULL: "登録できる件数の上限に近づいたため、長く通信のない古い登録を終了したもの",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """One address that is off the list.

    asked_at: when we took the request; None where nobody asked. requester: a person's name, without a title.
    written_at: when the removal was written to the vendor; None when nothing of ours stood there. api: by which of
    the vendor's doors it was read back. covered_by: an entry that still covers the address; covered_by_us: it is ours.
    inside: entries of ours within a network, which stay.
    stopped, stopped_kinds: requests that the WAF's own rules have stopped lately.
    """

    address: str
    channel: RestoreChannel
    asked_at: datetime | None
    requester: str
    identified: str
    written_at: datetime | None
    restored_at: datetime
    api: str
    covered_by: str = ""
    covered_by_us: bool = False
    inside: Sequence[str] = ()
    stopped: int = 0
    stopped_kinds: Sequence[str] = ()
    ask_days: float = 0


def asked_note(address: str, *, channel: RestoreChannel, requester: str, identified: str, reason: str) -> str:
    """What the ticket's record says when a restore is asked for."""
    if channel == RestoreChannel.DESK:
        return f"SOC の判断により、IP アドレス {address} の設定を戻す対応を始めました。"
    how = f"{_FROM_OUTSIDE[channel]}にて、" if channel in _FROM_OUTSIDE else ""
    lines = [f"{how}{visible(requester)} 様から、IP アドレス {address} の解除をご依頼いただきました。"]
    if identified:
        lines.append(f"ご本人の確認: {visible(identified)}")
    if reason:
        lines.append(f"理由: {reason}")
    return "\n".join(lines)


def restored_subject(letter: Letterhead, entry: Restored) -> str:
    """Subject of the mail about one restored address."""
    still = "（別の設定が残っています）" if entry.covered_by else ""
    return subject(letter, f"IP アドレス {defang(entry.address)} の設定を戻しました{still}")


def restored_mail(letter: Letterhead, entry: Restored) -> str:
    """Body of that mail: first what the reader must know, then the proof."""
    by_us = entry.channel == RestoreChannel.DESK
    opening = "次の IP アドレスについて、" if by_us else "ご依頼いただいた IP アドレスについて、"
    told = "\n".join(["■ ご確認ください", *(f"・{line}" for line in remainder(entry))]) if remainder(entry) else ""
    return mail(
        letter,
        f"{opening}{DONE}。\n\nIP アドレス: {defang(entry.address)}",
        harmless(told),
        harmless("\n".join(["■ 経過", *(f"  {line}" for line in time_line(entry))])),
        "" if by_us else "このご依頼にお心当たりがないときは、SOC までお電話ください。",
    )


def restored_note(entry: Restored) -> str:
    """What the ticket's record says when an address is off the list."""
    return "\n".join([f"IP アドレス {entry.address} の{DONE}。", *time_line(entry), *remainder(entry)])


def time_line(entry: Restored) -> list[str]:
    """The proof, step by step: asked, written, read back."""
    lines = []
    if entry.asked_at is not None:
        lines.append(f"{_request(entry)}: {written(entry.asked_at)}{_who(entry)}")
    if entry.written_at is not None:
        lines.append(f"WAF の更新: {written(entry.written_at)}")
    else:
        lines.append("WAF の更新: 弊社が登録した設定は WAF になかったため、更新していません")
    return [*lines, f"読み戻しによる確認: {written(entry.restored_at)}（{entry.api}）"]


def remainder(entry: Restored) -> list[str]:
    """What the customer must know: what still blocks the address, what the WAF goes on doing, what we do next time."""
    lines = []
    if entry.covered_by:
        lines.append(_covered(entry))
    if entry.inside:
        more = f" ほか {len(entry.inside) - _MOST_INSIDE} 件" if len(entry.inside) > _MOST_INSIDE else ""
        lines.append(
            f"この範囲のうち {'、'.join(entry.inside[:_MOST_INSIDE])}{more}は、弊社が個別に登録しているため、"
            "引き続き遮断されます。業務に必要なアドレスが含まれるときは、SOC へご連絡ください。"
        )
    if entry.stopped:
        kinds = "、".join(entry.stopped_kinds)
        lines.append(
            f"WAF の検査は続きます。このアドレスからの通信のうち、直近 7 日間に {entry.stopped} 件"
            f"（{kinds}）が WAF のルールで遮断されており、同じ内容の通信は今後も遮断されます。"
            "業務の通信が遮断されるときは、SOC へご連絡ください。"
        )
    if entry.ask_days:
        lines.append(
            f"今後 {entry.ask_days:g} 日間は、このアドレスを自動では登録せず、アナリストが確認のうえ判断いたします。"
        )
    return lines


def expired_subject(letter: Letterhead, count: int) -> str:
    """Subject of the mail about addresses that came off by themselves."""
    return subject(letter, f"IP アドレス {count} 件のブラックリスト登録を終了しました")


def expired_mail(letter: Letterhead, entries: Sequence[Restored], *, more: int) -> str:
    """Body of that mail: grouped by why, each address in a line."""
    parts = [
        (
            "次の IP アドレスについて、ブラックリストへの登録を終了し、設定を戻しました（反映に数分）。\n"
            "お客様のご対応は必要ありません。攻撃が再び検知されたときは、あらためて登録を判断いたします。"
        )
    ]
    for channel, which in _EXPIRED.items():
        same = [entry for entry in entries if entry.channel == channel]
        if same:
            parts.append(harmless("\n".join([f"■ {which}（{len(same)} 件）", *map(_expired_line, same)])))
    if more:
        parts.append(f"ほか {more} 件は、下記のチケットの一覧をご覧ください。")
    return mail(letter, *parts)


def expired_note(entries: Sequence[Restored]) -> str:
    """What the ticket's record says of addresses that came off by themselves."""
    parts = []
    for channel, which in _EXPIRED.items():
        same = [entry for entry in entries if entry.channel == channel]
        if same:
            more = [f"  ほか {len(same) - _MOST_NOTED} 件"] if len(same) > _MOST_NOTED else []
            lines = [*map(_expired_line, same[:_MOST_NOTED]), *more]
            parts.append("\n".join([f"次の IP アドレスの{DONE}。{which}です。", *lines]))
    return "\n".join(parts)


def _expired_line(entry: Restored) -> str:
    still = f"\n    {_covered(entry)}" if entry.covered_by else ""
    return f"  {entry.address} 読み戻しによる確認: {written(entry.restored_at)}（{entry.api}）{still}"


def _request(entry: Restored) -> str:
    return "SOC の判断" if entry.channel == RestoreChannel.DESK else "ご依頼の受付"


def _who(entry: Restored) -> str:
    if entry.channel == RestoreChannel.DESK:
        return ""
    how = f"、{_FROM_OUTSIDE[entry.channel]}" if entry.channel in _FROM_OUTSIDE else "、ポータル"
    identified = f"、ご本人の確認: {visible(entry.identified)}" if entry.identified else ""
    return f"（{visible(entry.requester)} 様{how}{identified}）"


def _covered(entry: Restored) -> str:
    whose = "弊社が登録した別の設定" if entry.covered_by_us else "弊社以外が登録した設定"
    what = "同じアドレス" if entry.covered_by == entry.address else f"範囲 {entry.covered_by}"
    return f"{whose}（{what}）が WAF に残っているため、このアドレスからの通信は引き続き遮断されます。"

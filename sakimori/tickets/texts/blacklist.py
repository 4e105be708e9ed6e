"""Texts of tickets about blocked addresses (chapter 2-1-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.defang import defang, visible
from sakimori.lib.jst import written
from sakimori.tickets.texts.letter import Letterhead, mail, subject

RESTORE_BUTTON = "この IP は業務に必要"
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class BlockedAddress:
    """One address as a mail names it. Counts are requests."""

    address: str
    kinds: Sequence[str]
    sites: Sequence[str]
    country: str
    blocked: int
    passed: int
    first_at: datetime
    last_at: datetime
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Attacks:
    """What was seen of all addresses of a ticket together. Counts are requests."""

    kinds: Sequence[str]
    sites: Sequence[str]
    blocked: int
    passed: int
    first_at: datetime | None
    last_at: datetime | None


def ticket_subject(first_address: str, *, others: int) -> str:
    """Subject of a ticket about a blocked address and so many others."""
    more = f" ほか {others} 件" if others else ""
    return f"攻撃元 IP アドレスのブラックリスト登録のお知らせ（{first_address}{more}）"


def opened_note(addresses: Sequence[str]) -> str:
    """What the ticket's record says when addresses join it."""
    return f"次の IP アドレスをブラックリストへ登録し、WAF への反映を確認しました: {'、'.join(addresses)}"


def blocked_subject(letter: Letterhead, count: int) -> str:
    """Subject of the mail about blocked addresses."""
    return subject(letter, f"攻撃元 IP アドレス {count} 件をブラックリストへ登録しました")


def blocked_mail(letter: Letterhead, blocked: Sequence[BlockedAddress]) -> str:
    """Body of the mail about blocked addresses: each of them, with what was seen and done."""
    listed = "\n\n".join(_one(entry) for entry in blocked)
    return mail(
        letter,
        f"""Imperva Cloud WAF にて攻撃を検知したため、攻撃元の IP アドレスを
ブラックリストへ登録し、登録されたことを確認いたしました。

{listed}

■ お客様へのお願い
登録した IP アドレスが業務上必要な通信の場合は、下記のチケットを開き、
「{RESTORE_BUTTON}」を押してください。速やかに設定を元に戻します。
お電話でも承ります。""",
    )


def restored_subject(letter: Letterhead, address: str) -> str:
    """Subject of the mail about a restored address."""
    return subject(letter, f"IP アドレス {defang(address)} の設定を戻しました")


def restored_mail(
    letter: Letterhead, address: str, *, asked_at: datetime, restored_at: datetime, asked_by: str, others_entry: bool
) -> str:
    """Body of the mail that says that an address is off the list, and what that does not mean."""
    return mail(
        letter,
        f"""ご依頼いただいた IP アドレスについて、設定を戻しました（反映に数分）。

IP アドレス: {defang(address)}
ご依頼: {written(asked_at)} {asked_by} 様
設定を戻した日時: {written(restored_at)}

{_remainder(others_entry=others_entry)}
このアドレスを再び登録する場合は、アナリストが確認のうえ判断いたします。""",
    )


def restored_note(address: str, *, others_entry: bool) -> str:
    """What the ticket's record says when an address is off the list."""
    return f"IP アドレス {address} の設定を戻しました（反映に数分）。{_remainder(others_entry=others_entry)}"


def _remainder(*, others_entry: bool) -> str:
    if others_entry:
        return "なお、弊社以外が登録した同じアドレスの設定が WAF に残っているため、通信は引き続き遮断されます。"
    return "ブラックリストから削除されたことを、WAF から読み戻して確認いたしました。"


def _one(entry: BlockedAddress) -> str:
    return f"""■ {defang(entry.address)}（国: {entry.country or "不明"}）
  攻撃種別: {"、".join(entry.kinds)}
  対象サイト: {"、".join(defang(site) for site in entry.sites)}
  検知件数: 遮断 {entry.blocked} 件 / 通過 {entry.passed} 件
  {_period(entry.first_at, entry.last_at)}
  登録日時: {written(entry.active_at)}"""


def _period(first_at: datetime, last_at: datetime) -> str:
    """From when to when; one moment is not called a period."""
    first, last = written(first_at), written(last_at)
    return f"検知日時: {first}" if first == last else f"検知期間: {first} から {last} まで"


def detected(story: Attacks, addresses: Sequence[str]) -> str:
    """What was detected: kinds, sites, addresses, counts and period."""
    lines = [
        f"攻撃種別: {'、'.join(story.kinds) or '不明'}",
        f"対象サイト: {'、'.join(visible(site) for site in story.sites) or '不明'}",
        f"攻撃元 IP アドレス（{len(addresses)} 件）: {_listed(addresses)}",
        f"検知件数: 遮断 {story.blocked} 件 / 通過 {story.passed} 件",
    ]
    if story.first_at and story.last_at:
        lines.append(_period(story.first_at, story.last_at))
    return "\n".join(lines)


def handled(addresses: Sequence[str], asked: Sequence[str]) -> str:
    """What we did: the blocks, and the restores that somebody asked for."""
    text = f"攻撃元の IP アドレス {len(addresses)} 件を WAF のブラックリストへ登録し、反映を確認しました。"
    if asked:
        text += f"\nご依頼により、IP アドレス {len(asked)} 件の設定を戻す対応を行いました: {_listed(asked)}"
    return text


def result(states: Mapping[str, Sequence[str]]) -> str:
    """Where the blocks stand: addresses by the word of their state, in the order given."""
    return "\n".join(f"{word}: {len(addresses)} 件（{_listed(addresses)}）" for word, addresses in states.items())


def _listed(addresses: Sequence[str]) -> str:
    more = f" ほか {len(addresses) - _MOST_LISTED} 件" if len(addresses) > _MOST_LISTED else ""
    return "、".join(addresses[:_MOST_LISTED]) + more

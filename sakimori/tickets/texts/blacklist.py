"""Texts of tickets about addresses of attackers (chapter 2-1-2): subject, record, and what the report prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.defang import visible
from sakimori.lib.jst import written

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Attacks:
    """What was seen of all addresses of a ticket together. Counts are requests."""

    kinds: Sequence[str]
    sites: Sequence[str]
    blocked: int
    passed: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a ticket: on the list (or once on it), waiting for a decision, and left off it."""

    listed: Sequence[str] = ()
    waiting: Sequence[str] = ()
    left: Sequence[str] = ()

    @property
    def all(self) -> Sequence[str]:
        """All of them, those on the list first."""
        return [*self.listed, *self.waiting, *self.left]


def ticket_subject(found: Addresses) -> str:
    """Subject of a ticket: what most matters of its addresses, and how many they are."""
    if found.listed:
        return f"攻撃元 IP アドレスのブラックリスト登録のお知らせ（{_first(found.listed)}）"
    if found.waiting:
        return f"攻撃元とみられる IP アドレスの確認（{_first(found.waiting)}）"
    return f"ブラックリストに登録しなかった IP アドレスのお知らせ（{_first(found.left)}）"


def opened_note(addresses: Sequence[str]) -> str:
    """What the ticket's record says when addresses are on the list."""
    return f"次の IP アドレスをブラックリストへ登録し、WAF への反映を確認しました: {_listed(addresses)}"


def waiting_note(reasons: Mapping[str, Sequence[str]]) -> str:
    """What it says of addresses on which somebody must decide first: addresses by reason."""
    return _by_reason("次の IP アドレスは、登録する前に SOC が確認しています。", reasons)


def left_note(reasons: Mapping[str, Sequence[str]]) -> str:
    """What it says of addresses that were not put on the list: addresses by reason."""
    return _by_reason("次の IP アドレスは、ブラックリストに登録していません。", reasons)


def detected(story: Attacks, addresses: Sequence[str]) -> str:
    """What was detected: kinds, sites, addresses, counts and period."""
    lines = [
        f"攻撃種別: {'、'.join(story.kinds) or '不明'}",
        f"対象サイト: {'、'.join(visible(site) for site in story.sites) or '不明'}",
        f"攻撃元 IP アドレス（{len(addresses)} 件）: {_listed(addresses)}",
        f"検知件数: 遮断 {story.blocked} 件 / 通過 {story.passed} 件",
    ]
    if story.first_at and story.last_at:
        lines.append(period(story.first_at, story.last_at))
    return "\n".join(lines)


def handled(found: Addresses, asked: Sequence[str]) -> str:
    """What we did: the blocks, what waits and was left, and the restores that somebody asked for."""
    lines = []
    if found.listed:
        lines.append(
            f"攻撃元の IP アドレス {len(found.listed)} 件を WAF のブラックリストへ登録し、反映を確認しました。"
        )
    if found.waiting:
        lines.append(
            f"登録する前に、SOC が {len(found.waiting)} 件の IP アドレスを確認しています: {_listed(found.waiting)}"
        )
    if found.left:
        lines.append(f"確認の結果、{len(found.left)} 件の IP アドレスは登録していません: {_listed(found.left)}")
    if asked:
        lines.append(f"ご依頼により、IP アドレス {len(asked)} 件の設定を戻す対応を行いました: {_listed(asked)}")
    return "\n".join(lines)


def result(states: Mapping[str, Sequence[str]]) -> str:
    """Where the blocks stand: addresses by the word of their state, in the order given."""
    return "\n".join(f"{word}: {len(addresses)} 件（{_listed(addresses)}）" for word, addresses in states.items())


def period(first_at: datetime, last_at: datetime) -> str:
    """From when to when; one moment is not called a period."""
    first, last = written(first_at), written(last_at)
    return f"検知日時: {first}" if first == last else f"検知期間: {first} から {last} まで"


def _by_reason(opening: str, reasons: Mapping[str, Sequence[str]]) -> str:
    return "\n".join([opening, *(f"{_listed(addresses)}: {why}" for why, addresses in reasons.items())])


def _first(addresses: Sequence[str]) -> str:
    more = f" ほか {len(addresses) - 1} 件" if len(addresses) > 1 else ""
    return f"{addresses[0]}{more}"


def _listed(addresses: Sequence[str]) -> str:
    more = f" ほか {len(addresses) - _MOST_LISTED} 件" if len(addresses) > _MOST_LISTED else ""
    return "、".join(addresses[:_MOST_LISTED]) + more

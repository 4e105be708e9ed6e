"""The mail about addresses that were put on the blacklist, and of those that were not (yet).

Every address is named. The first ones are told in full, the others in a line each, so that a long mail can still be
read; above `MOST_NAMED` the list goes on in the portal: a mail of that many lines stays below the size at which mail
programs cut a text off (about 100 KB), and nobody reads more by mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.blacklist.explanations import KindText
from sakimori.lib.defang import defang
from sakimori.lib.jst import written
from sakimori.tickets.texts.blacklist import period
from sakimori.tickets.texts.letter import Letterhead, mail, subject

MOST_TOLD_IN_FULL = 10
MOST_NAMED = 500
_LISTED = "攻撃元の IP アドレスをブラックリストへ登録し、登録されたことを確認しました。"


@dataclass(frozen=True, slots=True)
class SeenAddress:
    """An address and what was seen of it. Counts are requests; sites: where it attacked."""

    address: str
    kinds: Sequence[KindText]
    sites: Sequence[str]
    country: str
    blocked: int
    passed: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class BlockedAddress(SeenAddress):
    """An address on the list.

    only_sites: where the entry holds, if not everywhere. others: other customers that the address attacked lately.
    url: the page of this very address. until: when it comes off by itself, as far as that is known.
    """

    network: str
    active_at: datetime
    url: str
    until: datetime | None = None
    only_sites: Sequence[str] = ()
    others: int = 0


@dataclass(frozen=True, slots=True)
class UnlistedAddress:
    """An address that is not on the list, and why."""

    seen: SeenAddress
    why: str


@dataclass(frozen=True, slots=True)
class Wave:
    """What one mail tells of: addresses on the list, those that wait, those that were left off it.

    The counts are of all, also of those that the mail does not name. passed: requests of those on the list and of
    those that wait. more: addresses beyond `MOST_NAMED`, which the mail only counts.
    """

    blocked: Sequence[BlockedAddress]
    waiting: Sequence[UnlistedAddress]
    left: Sequence[UnlistedAddress]
    blocked_count: int
    waiting_count: int
    passed: int
    more: int
    kinds: Sequence[KindText]


def wave_subject(letter: Letterhead, wave: Wave) -> str:
    """Subject of the mail about a wave."""
    if wave.blocked_count:
        return subject(letter, f"攻撃元 IP アドレス {wave.blocked_count} 件をブラックリストへ登録しました")
    return subject(letter, f"攻撃元とみられる IP アドレス {wave.waiting_count} 件を確認しています")


def wave_mail(letter: Letterhead, wave: Wave) -> str:
    """Body of that mail."""
    return mail(
        letter,
        _opening(wave),
        _blocked(wave.blocked),
        _unlisted("登録せずに確認している IP アドレス", wave.waiting),
        _unlisted("登録しなかった IP アドレス", wave.left),
        _more(wave.more),
        _if_needed(letter) if wave.blocked_count else "",
        _kinds(wave),
    )


def others_words(count: int) -> str:
    """In how many other customers' sites an address was seen; nothing when in none."""
    return f"直近 24 時間に、ほか {count} 社のお客様のサイトでも攻撃を検知しています。" if count else ""


def _opening(wave: Wave) -> str:
    if not wave.blocked_count:
        return f"""お客様のサイトへの攻撃とみられる通信を検知しました。
攻撃元の IP アドレス {wave.waiting_count} 件について、ブラックリストへ登録してよいかを
SOC が確認しています。いまのところ、登録は行っておりません。
結果はチケットでお知らせします。業務で使用しているアドレスがありましたら、
このメールへの返信またはお電話でお知らせください。"""
    return f"""Imperva Cloud WAF にて攻撃を検知したため、攻撃元の IP アドレス {wave.blocked_count} 件を
ブラックリストへ登録し、登録されたことを確認いたしました。
登録したアドレスからの通信は、攻撃かどうかにかかわらず遮断されます。
{_passed(wave.passed)}"""


def _passed(count: int) -> str:
    """What matters most to whoever reads no further."""
    if not count:
        return "登録または確認中のアドレスから検知した通信のうち、WAF を通過したものはありません。"
    return f"""登録または確認中のアドレスから検知した通信のうち {count} 件は WAF を通過しています。
「攻撃の説明」のご確認をお願いいたします。"""


def _blocked(entries: Sequence[BlockedAddress]) -> str:
    full, brief = entries[:MOST_TOLD_IN_FULL], entries[MOST_TOLD_IN_FULL:]
    told = [_in_full(entry) for entry in full]
    if brief:
        told.append("\n".join([f"■ ほか {len(brief)} 件", *(_in_brief(entry) for entry in brief)]))
    return "\n\n".join(told)


def _in_full(entry: BlockedAddress) -> str:
    lines = [
        f"■ {defang(entry.address)}（国: {defang(entry.country)}、ネットワーク: {defang(entry.network)}）",
        f"  攻撃種別: {_labels(entry.kinds)}",
        f"  対象サイト: {'、'.join(defang(site) for site in entry.sites) or '不明'}",
        f"  検知件数: 遮断 {entry.blocked} 件 / 通過 {entry.passed} 件",
        f"  {period(entry.first_at, entry.last_at)}",
        f"  登録日時: {written(entry.active_at)}{_how_long(entry)}",
    ]
    if entry.only_sites:
        lines.append(f"  登録の範囲: {'、'.join(defang(site) for site in entry.only_sites)} のみ")
    if entry.others:
        lines.append(f"  参考: {others_words(entry.others)}")
    return "\n".join([*lines, f"  業務に必要なとき: {entry.url}"])


def _how_long(entry: BlockedAddress) -> str:
    """Nothing where no end is written down (yet): that it lasts for ever is more than we know."""
    return f"（{written(entry.until)} まで）" if entry.until else ""


def _in_brief(entry: SeenAddress) -> str:
    counts = f"遮断 {entry.blocked} 件・通過 {entry.passed} 件"
    return f"  {defang(entry.address)}（{defang(entry.country)} / {_labels(entry.kinds)} / {counts}）"


def _labels(kinds: Sequence[KindText]) -> str:
    return "、".join(kind.label for kind in kinds) or "不明"


def _kinds(wave: Wave) -> str:
    """Of each kind what it is, what could happen, what we did and what the customer should look at."""
    if not wave.kinds:
        return ""
    listed = {kind for entry in wave.blocked for kind in entry.kinds}
    waiting = {kind for entry in wave.waiting for kind in entry.seen.kinds}
    told = [
        f"""【{kind.label}】
・どのような攻撃か: {kind.explanation}
・起こりうること: {kind.risk}
・弊社の対応: {_done(listed=kind in listed, waiting=kind in waiting)}
・ご確認いただきたいこと: {kind.check}"""
        for kind in wave.kinds
    ]
    return "\n\n".join(["■ 攻撃の説明", *told])


def _done(*, listed: bool, waiting: bool) -> str:
    """What became of the addresses from which attacks of a kind came, whatever the policy says of the kind."""
    if listed and waiting:
        return f"{_LISTED}まだ登録していないアドレスは、SOC が確認を進めています。"
    return _LISTED if listed else "攻撃元の IP アドレスはまだ登録しておらず、SOC が確認を進めています。"


def _unlisted(title: str, entries: Sequence[UnlistedAddress]) -> str:
    """Addresses by reason: one sentence for all that share it."""
    if not entries:
        return ""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        reasons.setdefault(entry.why, []).append(_in_brief(entry.seen))
    told = [line for why, addresses in reasons.items() for line in (f"・{why}", *addresses)]
    return "\n".join([f"■ {title}（{len(entries)} 件）", *told])


def _more(count: int) -> str:
    if not count:
        return ""
    return f"""■ このメールに載せていない IP アドレス（{count} 件）
件数が多いため、残りは下記のチケットの一覧（CSV でも取得できます）をご覧ください。"""


def _if_needed(letter: Letterhead) -> str:
    return f"""■ 業務に必要なアドレスが含まれるとき
次のいずれかの方法でお知らせください。速やかに設定を元に戻します。
・ポータル: 各アドレスの「業務に必要なとき」のページを開き（ログインが必要です）、
  「解除を依頼する」を押す。チケットの一覧からも開けます
・メール: このメールに、アドレスを書いて返信する
・電話: {letter.soc_phone}（24 時間 365 日）"""

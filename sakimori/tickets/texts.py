"""What customers read in tickets and mails: polite Japanese, complete in plain text, payloads never in the clear.

Pure: rows go in as small records, text comes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.defang import defang
from sakimori.lib.jst import written

RESTORE_BUTTON = "この IP は業務に必要"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands in every mail."""

    service_name: str
    customer_name: str
    contract_number: str
    ticket_number: str
    ticket_url: str
    soc_phone: str


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


def ticket_subject(first_address: str, *, others: int) -> str:
    """Subject of a ticket about a blocked address and so many others."""
    more = f" ほか {others} 件" if others else ""
    return f"攻撃元 IPアドレスのブラックリスト登録のお知らせ（{first_address}{more}）"


def opened_note(addresses: Sequence[str]) -> str:
    """What the ticket's record says when addresses join it."""
    return f"次の IPアドレスをブラックリストへ登録し、WAF への反映を確認しました: {'、'.join(addresses)}"


def blocked_subject(letter: Letterhead, count: int) -> str:
    """Subject of the mail about blocked addresses."""
    return (
        f"【{letter.service_name}】攻撃元 IPアドレス {count} 件をブラックリストへ登録しました [{letter.ticket_number}]"
    )


def blocked_mail(letter: Letterhead, blocked: Sequence[BlockedAddress]) -> str:
    """Body of the mail about blocked addresses: each of them, with what was seen and done."""
    listed = "\n\n".join(_one(entry) for entry in blocked)
    return f"""{_greeting(letter)}

Imperva Cloud WAF にて攻撃を検知したため、攻撃元の IPアドレスを
ブラックリストへ登録し、登録されたことを確認いたしました。

{listed}

■ お客様へのお願い
登録した IPアドレスが業務上必要な通信の場合は、下記のチケットを開き、
「{RESTORE_BUTTON}」を押してください。速やかに設定を元に戻します。
お電話でも承ります。

{_footer(letter)}"""


def restored_subject(letter: Letterhead, address: str) -> str:
    """Subject of the mail about a restored address."""
    return f"【{letter.service_name}】IPアドレス {defang(address)} の設定を戻しました [{letter.ticket_number}]"


def restored_mail(
    letter: Letterhead, address: str, *, asked_at: datetime, restored_at: datetime, asked_by: str, others_entry: bool
) -> str:
    """Body of the mail that says that an address is off the list, and what that does not mean."""
    return f"""{_greeting(letter)}

ご依頼いただいた IPアドレスについて、設定を戻しました（反映に数分）。

IPアドレス: {defang(address)}
ご依頼: {written(asked_at)} {asked_by} 様
設定を戻した日時: {written(restored_at)}

{_remainder(others_entry=others_entry)}
このアドレスを再び登録する場合は、アナリストが確認のうえ判断いたします。

{_footer(letter)}"""


def restored_note(address: str, *, others_entry: bool) -> str:
    """What the ticket's record says when an address is off the list."""
    return f"IPアドレス {address} の設定を戻しました（反映に数分）。{_remainder(others_entry=others_entry)}"


def _remainder(*, others_entry: bool) -> str:
    if others_entry:
        return "なお、弊社以外が登録した同じアドレスの設定が WAF に残っているため、通信は引き続き遮断されます。"
    return "ブラックリストから削除されたことを、WAF から読み戻して確認いたしました。"


def _greeting(letter: Letterhead) -> str:
    return f"""{letter.customer_name}
ご担当者様

いつもご利用いただきありがとうございます。
{letter.service_name} SOC です。"""


def _one(entry: BlockedAddress) -> str:
    return f"""■ {defang(entry.address)}（国: {entry.country or "不明"}）
  攻撃種別: {"、".join(entry.kinds)}
  対象サイト: {"、".join(defang(site) for site in entry.sites)}
  検知件数: 遮断 {entry.blocked} 件 / 通過 {entry.passed} 件
  検知期間: {written(entry.first_at)} から {written(entry.last_at)} まで
  登録日時: {written(entry.active_at)}"""


def _footer(letter: Letterhead) -> str:
    return f"""----------------------------------------
チケット番号: {letter.ticket_number}
契約番号: {letter.contract_number}
詳細（ログインが必要です）: {letter.ticket_url}
SOC 電話番号: {letter.soc_phone}（24 時間 365 日）
{letter.service_name}"""

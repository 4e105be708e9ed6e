"""The mail of an advisory: complete in plain text. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands in every mail."""

    service_name: str
    customer_name: str
    contract_numbers: Sequence[str]
    soc_phone: str


def subject(letter: Letterhead, title: str) -> str:
    """Subject of the mail."""
    return f"【{letter.service_name}】【情報提供】{title}"


def body(letter: Letterhead, title: str, text: str, sources: Sequence[str], url: str) -> str:
    """Body of the mail. Sources stand in the clear: two people have read them."""
    listed = "\n".join(["", "■ 情報源", *sources, ""]) if sources else ""
    return f"""{letter.customer_name}
ご担当者様

いつもご利用いただきありがとうございます。
{letter.service_name} SOC です。

セキュリティに関する情報をお届けいたします。

■ {title}

{text}
{listed}
----------------------------------------
契約番号: {"、".join(letter.contract_numbers)}
お知らせの一覧（ログインが必要です）: {url}
SOC 電話番号: {letter.soc_phone}（24 時間 365 日）
{letter.service_name}"""

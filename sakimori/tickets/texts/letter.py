"""What every mail about a ticket carries: opening, ticket and contract number, link, the SOC's phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.lib.defang import defang_prose


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands in every mail. others: heads of further tickets that the same mail tells of.

    severity: 高, 中 or 低, or empty.
    """

    service_name: str
    customer_name: str
    contract_number: str
    ticket_number: str
    ticket_url: str
    soc_phone: str
    others: Sequence["Letterhead"] = ()
    severity: str = ""


def subject(letter: Letterhead, text: str) -> str:
    """Subject of a mail: whose service, what it is about, which ticket."""
    more = f" ほか {len(letter.others)} 件" if letter.others else ""
    return f"【{letter.service_name}】{text} [{letter.ticket_number}{more}]"


def mail(letter: Letterhead, *parts: str) -> str:
    """Body of a mail: greeting, the parts that are not empty, footer; a blank line between."""
    return "\n\n".join([_greeting(letter), *(part for part in parts if part), _footer(letter)])


def harmless(text: str) -> str:
    """Lines whose links, domains and addresses no mail program makes clickable."""
    return "\n".join(defang_prose(line) for line in text.splitlines())


def quoted(text: str) -> str:
    """What a person wrote, harmless and marked line by line."""
    return "\n".join(f"> {line}" for line in harmless(text).splitlines())


def _greeting(letter: Letterhead) -> str:
    return f"""{letter.customer_name}
ご担当者様

いつもご利用いただきありがとうございます。
{letter.service_name} SOC です。"""


def _footer(letter: Letterhead) -> str:
    tickets = "\n".join(_ticket(head) for head in (letter, *letter.others))
    return f"""----------------------------------------
{tickets}
SOC 電話番号: {letter.soc_phone}（24 時間 365 日）
{letter.service_name}"""


def _ticket(letter: Letterhead) -> str:
    severity = f"重要度: {letter.severity}\n" if letter.severity else ""
    return f"""チケット番号: {letter.ticket_number}
{severity}契約番号: {letter.contract_number}
詳細（ログインが必要です）: {letter.ticket_url}"""

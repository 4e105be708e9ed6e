"""The mail that tells all contacts of a change among them. Pure. No number and no address stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.lib.defang import visible


@dataclass(frozen=True, slots=True)
class ContactNews:
    """What was done to whom, by whom. changed: the columns that differ, in words."""

    what: str
    name: str
    changed: Sequence[str]
    by: str


def subject(service_name: str) -> str:
    """One line."""
    return f"【{service_name}】ご連絡先の登録内容が変更されました"


def body(news: ContactNews, *, customer: str, service_name: str, base_url: str, soc_phone: str, at: str) -> str:
    """Who is told, and what to do when nobody of them wanted it."""
    lines = [
        f"{visible(customer)} ご担当者 各位",
        "",
        f"{service_name}にご登録の連絡先が変更されましたので、お知らせいたします。",
        "",
        f"  変更内容：{news.what}",
        f"  対象の方：{visible(news.name)} 様",
    ]
    if news.changed:
        lines.append(f"  変更した項目：{'、'.join(news.changed)}")
    lines += [
        f"  変更した方：{visible(news.by)}",
        f"  変更日時：{at}",
        f"  現在の登録内容：{base_url}/portal/contacts/",
        "",
        "このお知らせは、登録中のすべての連絡先と、今回の変更で外れた方にお送りしています。",
        f"お心当たりのない変更の場合は、SOC（{soc_phone}）まですぐにご連絡ください。",
    ]
    return "\n".join(lines) + "\n"

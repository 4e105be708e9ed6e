"""Regular expressions by which the vendor's alert mails are understood. Pure.

They run on RE2 (through pyarrow), whose time grows with the text and never explodes, whoever wrote the expression
or the mail; what RE2 does not know (back references, looking ahead) is refused. Case does not matter, and ^ and $
mean lines. The group `(?P<site>...)` names the site.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.incidents.mail_rows import MailKind

SITE = "site"
MOST_READ = 20_000  # Signs of a mail's text that are looked at.
_WHOLE = "whole"
_FLAGS = "(?im)"
_LONGEST_DOMAIN = 253
_GROUP = re.compile(r"\(\?P?<(\w+)>")


class WrongPattern(ValueError):
    """The expression cannot be used. The text is a Japanese sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Expressions:
    """One pattern. subject, text: regular expressions; an empty one fits everything."""

    name: str
    kind: MailKind
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Fit:
    """A pattern that fits a mail. groups: the named groups of both expressions, as they stand in the mail.

    site: the domain in lower case; empty where the pattern names none.
    """

    pattern: Expressions
    groups: Mapping[str, str]
    site: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a mail says. kind None: nobody knows, and `reason` says why."""

    kind: MailKind | None
    pattern: str = ""
    site: str = ""
    reason: str = ""


def check_expression(expression: str) -> None:
    """Raise WrongPattern unless it can be used in a pattern."""
    _check_known(expression)
    if expression and _found(expression, "") is not None:
        raise WrongPattern("空の文章にも当てはまる正規表現です。必ず現れる文言を含めてください。")


def check_pattern(pattern: Expressions) -> None:
    """Raise WrongPattern where the two expressions do not make a pattern; each of them is fine by itself."""
    if not pattern.subject and not pattern.text:
        raise WrongPattern("件名と本文の少なくとも一方に正規表現を入力してください。")
    naming = [expression for expression in (pattern.subject, pattern.text) if f"(?P<{SITE}>" in expression]
    if len(naming) > 1:
        raise WrongPattern("サイトを表す (?P<site>…) は、件名か本文のどちらか一方に入れてください。")
    if pattern.kind != MailKind.IGNORE and not naming:
        raise WrongPattern("攻撃の開始・終息のパターンには、サイトを表す (?P<site>…) が必要です。")


def fit(pattern: Expressions, *, subject: str, text: str) -> Fit | None:
    """How a pattern fits a mail; None where it does not. An expression that cannot be used fits nothing."""
    try:
        found = [
            _found(expression, part)
            for expression, part in ((pattern.subject, subject), (pattern.text, text[:MOST_READ]))
        ]
    except WrongPattern:
        return None
    groups: dict[str, str] = {}
    for part in found:
        if part is None:
            return None
        groups |= part
    return Fit(pattern, groups, site_of(groups.get(SITE, "")))


def understand(patterns: Iterable[Expressions], *, subject: str, text: str) -> Understanding:
    """What a mail says by all patterns together. Patterns that contradict each other leave it to a person."""
    fits = [found for found in (fit(pattern, subject=subject, text=text) for pattern in patterns) if found]
    if not fits:
        return Understanding(None, reason="どのパターンにも当てはまらない通知です。")
    first = fits[0]
    names = "・".join(found.pattern.name for found in fits)[:60]
    if len({(found.pattern.kind, found.site) for found in fits}) > 1:
        return Understanding(None, names, reason=f"内容の異なる複数のパターンに当てはまりました（{names}）。")
    if first.pattern.kind != MailKind.IGNORE and not first.site:
        return Understanding(None, names, reason="サイトのドメイン名を読み取れませんでした。")
    return Understanding(first.pattern.kind, names, first.site)


def site_of(text: str) -> str:
    """A domain as it is registered: lower case, without the dot at its end and what protects it from a click."""
    name = text.strip().lower().replace("[.]", ".").rstrip(".")
    return name if len(name) <= _LONGEST_DOMAIN else ""


def _found(expression: str, text: str) -> dict[str, str] | None:
    """The named groups of the first place that fits, an empty one where there is no expression."""
    if not expression:
        return {}
    _check_known(expression)
    plain = text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    row = pc.extract_regex(pa.scalar(plain), pattern=_wrapped(expression)).as_py()
    return {name: value or "" for name, value in row.items() if name != _WHOLE} if row is not None else None


def _wrapped(expression: str) -> str:
    return f"{_FLAGS}(?P<{_WHOLE}>{expression})"


@lru_cache(maxsize=500)
def _trouble(expression: str) -> str:
    """What is wrong with an expression, in Japanese; empty where nothing is."""
    names = _GROUP.findall(expression)
    if len(set(names)) < len(names):
        return "同じ名前の括弧が 2 つあります。"
    if _WHOLE in names:
        return f"括弧の名前「{_WHOLE}」は使えません。"
    try:
        # By itself first: in its brackets a stray one of its own would find a partner.
        pc.match_substring_regex(pa.scalar(""), pattern=_FLAGS + expression)
        pc.extract_regex(pa.scalar(""), pattern=_wrapped(expression))
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        return _words(str(error))
    return ""


def _check_known(expression: str) -> None:
    if expression and (trouble := _trouble(expression)):
        raise WrongPattern(trouble)


def _words(error: str) -> str:
    for part, words in (
        ("unnamed groups", "名前のない括弧は使えません。( ) の代わりに (?: ) を使ってください。"),
        ("missing )", "閉じ括弧「)」が足りません。"),
        ("unexpected )", "閉じ括弧「)」が余っています。"),
        ("missing ]", "閉じ括弧「]」が足りません。"),
        ("repetition size", "繰り返しの回数が大きすぎます。"),
        ("repetition", "「*」「+」「?」の前に、繰り返す文字がありません。"),
        ("too large", "正規表現が複雑すぎます。"),
        ("perl operator", "先読みなど、使えない書き方が含まれています。"),
        ("escape sequence", "後方参照など、使えない「\\」の書き方が含まれています。"),
        ("trailing", "「\\」の後に文字がありません。"),
    ):
        if part in error:
            return words
    return "正規表現として読み取れません。"

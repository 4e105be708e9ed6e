"""From what stands in a cell to a value, or a sentence that says what is wrong with it. Pure.

Full-width digits, the many dashes of Japanese keyboards and surrounding spaces are taken as what they mean.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sakimori.customers.hours import BadHours, read_hours, write_hours
from sakimori.lib.addresses import canonical, parse_address, parse_network
from sakimori.lib.defang import visible
from sakimori.lib.phone_numbers import without_extension

Read = Callable[[object], object]

_DASHES = re.compile("[‐‑‒–—―−ー﹣－]")
_SPACES = re.compile(r"\s+")
_CODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_PHONE = re.compile(r"(\+[1-9]|0)[0-9-]+[0-9]")
_KANA = re.compile(r"[ァ-ヶー・ ]+")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_REIWA = re.compile(r"令和(\d{1,2}|元)年(\d{1,2})月(\d{1,2})日")
_REIWA_BEGINS = 2018
_YES = {"はい", "あり", "有", "有り", "する", "可", "○", "◯", "true", "yes"}
_NO = {"いいえ", "なし", "無", "無し", "しない", "不可", "×", "✕", "false", "no"}
# Wider than this, a registered network would keep half the internet from ever being blocked.
_WIDEST = {4: 16, 6: 32}


class BadCell(Exception):
    """What stands in the cell cannot be taken. The text is one Japanese sentence."""


def is_blank(value: object) -> bool:
    """Whether nobody wrote anything."""
    return value is None or (isinstance(value, str) and not value.strip())


def name(longest: int) -> Read:
    """Words for people, kept sign by sign (rare kanji stay what they are); runs of space become one."""

    def read(value: object) -> str:
        words = _SPACES.sub(" ", _text(value)).strip()
        if len(words) > longest:
            raise BadCell(f"{longest} 文字以内で入力してください（現在 {len(words)} 文字）。")
        return words

    return read


def code(value: object) -> str:
    """A number of ours such as C-0001."""
    text = _plain(value)
    if not _CODE.fullmatch(text):
        raise BadCell("半角の英数字とハイフンで、32 文字以内で入力してください。")
    return text


def whole(lowest: int, highest: int) -> Read:
    """A whole number; 10.0 of a spreadsheet is 10."""

    def read(value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _plain(value)
        digits = text.replace(",", "")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
            raise BadCell("整数で入力してください。")
        if not lowest <= int(digits) <= highest:
            raise BadCell(f"{lowest} から {highest} までの整数で入力してください。")
        return int(digits)

    return read


def day(value: object) -> date:
    """A date of the spreadsheet, or one in words: 2026/4/1, 2026年4月1日, 令和8年4月1日."""
    if isinstance(value, datetime):
        return _sensible(value.date())
    if isinstance(value, date):
        return _sensible(value)
    text = _plain(value).replace(" ", "") if isinstance(value, str) else ""
    try:
        return _sensible(_day(text))
    except ValueError as error:
        raise BadCell("日付を「2026/04/01」の形式で入力してください。") from error


def yes_or_no(value: object) -> bool:
    """はい or いいえ, and what else people write for it."""
    if isinstance(value, bool):
        return value
    text = _plain(value).casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise BadCell("「はい」または「いいえ」を入力してください。")


def one_of(words: Mapping[str, str]) -> Read:
    """One of some words; `words` says what each stands for."""

    def read(value: object) -> str:
        text = _plain(value)
        if text not in words:
            raise BadCell(f"{'、'.join(f'「{word}」' for word in words)}のいずれかを入力してください。")
        return words[text]

    return read


def mail(value: object) -> str:
    """A mail address."""
    text = _plain(value)
    try:
        validate_email(text)
    except ValidationError as error:
        raise BadCell("メールアドレスの形式が正しくありません。") from error
    if len(text) > 254:
        raise BadCell("メールアドレスが長すぎます（254 文字以内）。")
    return text


def phone(value: object) -> str:
    """A phone number that can be called from Japan, with its hyphens, and the extension that stands behind it."""
    if isinstance(value, int | float):
        raise BadCell("数値になっているため、先頭の 0 が失われています。セルの書式を「文字列」にして入力してください。")
    plain, extension = without_extension(_plain(value))
    text = _DASHES.sub("-", plain).replace("(", "-").replace(")", "-").replace(" ", "-")
    text = re.sub("-+", "-", text).strip("-")
    if not _PHONE.fullmatch(text) or not 10 <= sum(sign.isdecimal() for sign in text) <= 15:
        raise BadCell("電話番号は「03-0000-0000」のように市外局番から入力してください。")
    return f"{text} 内線 {extension}" if extension else text


def kana(value: object) -> str:
    """How a name is read, in katakana; hiragana and half-width signs are turned into it."""
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", _text(value))).strip()
    text = "".join(chr(ord(sign) + 0x60) if "ぁ" <= sign <= "ゖ" else sign for sign in text)
    if len(text) > 100 or not _KANA.fullmatch(text):
        raise BadCell("フリガナは全角カタカナで、100 文字以内で入力してください。")
    return text


def domain(value: object) -> str:
    """A host name without scheme and path; Japanese domains in their ASCII form."""
    text = _plain(value).casefold().removesuffix(".")
    try:
        text = text.encode("idna").decode()
    except UnicodeError:
        text = ""
    if len(text) > 253 or not _DOMAIN.fullmatch(text) or parse_address(text):
        raise BadCell("ドメインを「www.example.jp」の形式で入力してください（https:// やパスは不要です）。")
    return text


def domains(value: object) -> tuple[str, ...]:
    """Host names, one after the other."""
    parts = [part for part in re.split(r"[、,;\s]+", _plain(value)) if part]
    return tuple(sorted({domain(part) for part in parts}))


def call_hours(value: object) -> str:
    """Hours at which somebody may be called, in their one form."""
    try:
        return write_hours(read_hours(_text(value)))
    except BadHours as error:
        raise BadCell(str(error)) from error


def page(value: object) -> str:
    """The address of a web page."""
    text = _text(value).strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(text) > 300 or not all("!" <= sign <= "~" for sign in text):
        raise BadCell("URL を「https://www.example.jp/」の形式で、300 文字以内で入力してください。")
    return text


def network(value: object) -> str:
    """An address or a network in its one text form."""
    text = _plain(value).replace(" ", "")
    address = parse_address(text)
    if address is not None:
        return canonical(address)
    found = parse_network(text)
    if found is None:
        raise BadCell("IP アドレスまたはネットワークを「192.0.2.1」「192.0.2.0/24」の形式で入力してください。")
    if found.prefixlen < _WIDEST[found.version]:
        raise BadCell(f"ネットワークが広すぎます（/{_WIDEST[found.version]} より狭い範囲で入力してください）。")
    return str(found)


def _text(value: object) -> str:
    """A cell as text. Numbers that a spreadsheet made of digits are digits again."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadCell("文字で入力してください。")
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = _SPACES.sub(" ", text)
    if visible(text) != text:
        raise BadCell("使用できない文字（制御文字や外字）が含まれています。")
    return text


def _plain(value: object) -> str:
    """A cell as text in its plainest signs."""
    return unicodedata.normalize("NFKC", _text(value)).strip()


def _day(text: str) -> date:
    if found := _DAY.fullmatch(text):
        year, month, number = found.groups()
        return date(int(year), int(month), int(number))
    if found := _REIWA.fullmatch(text):
        year, month, number = found.groups()
        return date(_REIWA_BEGINS + (1 if year == "元" else int(year)), int(month), int(number))
    raise ValueError("not a day")


def _sensible(found: date) -> date:
    if not 2000 <= found.year <= 2100:
        raise BadCell("日付の年を確認してください。")
    return found

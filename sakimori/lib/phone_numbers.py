"""Which phone numbers may be dialled, and how a number that people wrote becomes one that a provider dials. Pure.

Numbers in Japan as people write them (full-width signs, hyphens, +81, an extension behind them), and numbers of other
countries with + where a setting allows the country. Emergency and premium numbers are never dialled by a machine.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from sakimori.lib.phone_account import CALLING_CODES

JAPAN = "JP"
_SIGNS = re.compile(r"[\s\-‐-―−ー()]")
_EXTENSION = re.compile(
    r"(?P<number>.*[0-9].*?)[\s(,、]*(?:内線|ext(?:ension)?\.?|x|#)(?:番号)?[\s:.]*(?P<digits>[0-9]{1,8})[\s)]*",
    re.IGNORECASE,
)
_ABROAD = re.compile(r"\+(?!81)[0-9]*")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{7,14}")
# Ten digits, or eleven where the number begins with 050 to 090 or 0800.
_NATIONAL = re.compile(r"0(?:[56789]0[0-9]{8}|800[0-9]{7}|(?![5789]0)[1-9][0-9]{8})")
_ELEVEN = re.compile(r"\A(0[5-9]0)([0-9]{4})([0-9]{4})\Z")
_SHORT = re.compile(r"1[0-9]{2,3}")
_EMERGENCY = {"110": "警察", "118": "海上保安庁", "119": "消防"}
_NEVER = {
    "0990": "有料の情報番号（0990）には発信できません。",
    "0180": "テレドーム（0180）には発信できません。",
    "020": "無線呼び出し・データ通信の番号（020）には発信できません。",
}
_WARNINGS = {
    "0570": "ナビダイヤル（0570）は、発信サービスからつながらないことがあり、通話料もかかります。",
    "0120": "フリーダイヤル（0120）は、発信サービスからつながらないことがあります。",
    "0800": "フリーダイヤル（0800）は、発信サービスからつながらないことがあります。",
}


class NotDialable(ValueError):
    """A number that nobody will dial; the text is a Japanese sentence that says why."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that may be dialled. e164: such as +81312345678. shown: as it is dialled in its own country.

    extension: digits that a person would dial after the answer, or empty. warning: a Japanese sentence, or empty.
    """

    e164: str
    shown: str
    country: str = JAPAN
    extension: str = ""
    warning: str = ""


def normalised(text: str, countries: Collection[str] = (JAPAN,)) -> Number:
    """The number that was meant. countries: those whose numbers may be dialled. Raises NotDialable."""
    written, extension = without_extension(unicodedata.normalize("NFKC", text))
    plain = _SIGNS.sub("", written)
    if not plain:
        raise NotDialable("電話番号が空です。")
    if plain.startswith("010"):
        plain = f"+{plain.removeprefix('010')}"
    if _ABROAD.fullmatch(plain):
        return _abroad(plain, extension, countries)
    if plain.startswith("+81"):
        plain = "0" + plain.removeprefix("+81").removeprefix("0")
    if not (plain.isascii() and plain.isdigit()):
        raise NotDialable("電話番号には数字、ハイフン、先頭の + のみ使えます。")
    return _in_japan(plain, extension, countries)


def dialable(text: str, countries: Collection[str] = (JAPAN,)) -> str:
    """The number as digits that begin with 0 (in Japan), or with + (elsewhere). Raises NotDialable."""
    return normalised(text, countries).shown


def calls_itself(text: str, countries: Collection[str] = (JAPAN,)) -> Number:
    """As `normalised`, for a machine that dials: an extension is for a person. Raises NotDialable."""
    number = normalised(text, countries)
    if number.extension:
        raise NotDialable(f"内線（{number.extension}）のある番号には、人が電話をかけます。")
    return number


def with_hyphens(text: str) -> str:
    """A number of ours as people in Japan write it, where its parts are certain; any other as it stands there."""
    try:
        digits = normalised(text).shown
    except NotDialable:
        return text.strip()
    if len(digits) == 11:
        cuts = (3, 7)
    elif digits.startswith(("0120", "0570")):
        cuts = (4, 7)
    elif digits.startswith(("03", "06")):
        cuts = (2, 6)
    else:
        return text.strip() if text.strip().startswith("0") else digits
    return f"{digits[: cuts[0]]}-{digits[cuts[0] : cuts[1]]}-{digits[cuts[1] :]}"


def without_extension(text: str) -> tuple[str, str]:
    """The number, and the extension that was written behind it or an empty text. The text is in its NFKC form."""
    found = _EXTENSION.fullmatch(text)
    return (found["number"], found["digits"]) if found else (text, "")


def _in_japan(plain: str, extension: str, countries: Collection[str]) -> Number:
    if plain in _EMERGENCY:
        raise NotDialable(f"緊急通報の番号（{plain}・{_EMERGENCY[plain]}）には発信できません。")
    if _SHORT.fullmatch(plain):
        raise NotDialable(f"特別な番号（{plain}）には発信できません。")
    for prefix, reason in _NEVER.items():
        if plain.startswith(prefix):
            raise NotDialable(reason)
    if not _NATIONAL.fullmatch(plain):
        raise NotDialable("日本の電話番号（0 から始まる 10 桁または 11 桁）ではありません。")
    if JAPAN not in countries:
        raise NotDialable(_not_allowed(countries))
    warning = next((words for prefix, words in _WARNINGS.items() if plain.startswith(prefix)), "")
    return Number(f"+81{plain[1:]}", plain, JAPAN, extension, warning)


def _abroad(plain: str, extension: str, countries: Collection[str]) -> Number:
    country = next((name for name, code in _BY_LENGTH if plain.startswith(f"+{code}")), "")
    if country not in countries:
        raise NotDialable(_not_allowed(countries))
    if not _INTERNATIONAL.fullmatch(plain):
        raise NotDialable("国際電話番号（+ と 8 桁から 15 桁の数字）ではありません。")
    return Number(plain, plain, country, extension)


def _not_allowed(countries: Collection[str]) -> str:
    if tuple(countries) == (JAPAN,):
        return "日本国外の電話番号には発信できません。"
    return f"発信が許可されていない国の電話番号です。（許可：{'、'.join(countries)}）"


_BY_LENGTH = sorted(CALLING_CODES.items(), key=lambda pair: -len(pair[1]))

"""Which phone numbers may be dialled: numbers in Japan, as people write them. Pure."""

import re
import unicodedata

_SIGNS = re.compile(r"[\s\-‐-―−ー()]")
_NATIONAL = re.compile(r"0[0-9][0-9]{8,9}")
_ABROAD = re.compile(r"\+(?!81)[0-9]*")


class NotDialable(ValueError):
    """A number that nobody will dial; the text is a Japanese sentence that says why."""


def dialable(text: str) -> str:
    """The number as ten or eleven digits that begin with 0. Raises NotDialable."""
    plain = _SIGNS.sub("", unicodedata.normalize("NFKC", text))
    if not plain:
        raise NotDialable("電話番号が空です。")
    if _ABROAD.fullmatch(plain):
        raise NotDialable("日本国外の電話番号には発信できません。")
    if plain.startswith("+81"):
        plain = "0" + plain.removeprefix("+81").removeprefix("0")
    if not (plain.isascii() and plain.isdigit()):
        raise NotDialable("電話番号には数字、ハイフン、先頭の + のみ使えます。")
    if not _NATIONAL.fullmatch(plain):
        raise NotDialable("日本の電話番号（0 から始まる 10 桁または 11 桁）ではありません。")
    return plain

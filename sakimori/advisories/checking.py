"""What may stand in an advisory. Pure: text in, clean text out, or a sentence that says what is wrong."""

import unicodedata
from urllib.parse import urlsplit

LONGEST_TITLE, LONGEST_BODY, LONGEST_URL, MOST_SOURCES = 100, 10_000, 500, 10
# Control signs, signs that turn or hide text, and what has no meaning at all.
_REFUSED = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


class Unfit(ValueError):
    """A text cannot be taken; the sentence is for people."""


def clean_line(text: str, what: str, *, longest: int = LONGEST_TITLE) -> str:
    """One line of text. Raises Unfit."""
    text = text.strip()
    if not text:
        raise Unfit(f"{what}を入力してください。")
    _insist_on_plain(text, what)
    if len(text) > longest:
        raise Unfit(f"{what}は {longest:,} 文字以内で入力してください（現在 {len(text):,} 文字）。")
    return text


def clean_body(text: str) -> str:
    """Plain text of several lines. Raises Unfit."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    text = "\n".join(lines).strip("\n")
    if not text.strip():
        raise Unfit("本文を入力してください。")
    for line in lines:
        _insist_on_plain(line.replace("\t", " "), "本文")
    if len(text) > LONGEST_BODY:
        raise Unfit(f"本文は {LONGEST_BODY:,} 文字以内で入力してください（現在 {len(text):,} 文字）。")
    return text


def clean_sources(text: str) -> str:
    """Web addresses, one per line; none at all is fine. Raises Unfit."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_SOURCES:
        raise Unfit(f"情報源は {MOST_SOURCES} 件までです（現在 {len(lines)} 件）。")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_URL or not _is_web_address(line):
            raise Unfit(f"情報源の {number} 行目は、https:// または http:// で始まる URL を入力してください。")
    return "\n".join(lines)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    return named and text.isascii() and text.isprintable() and not set(" <>\"'\\") & set(text)


def _insist_on_plain(text: str, what: str) -> None:
    sign = next((sign for sign in text if unicodedata.category(sign) in _REFUSED), None)
    if sign is not None:
        raise Unfit(f"{what}に使用できない制御文字（U+{ord(sign):04X}）が含まれています。削除してください。")

"""Why a line cannot become an event. The only error that a parser raises."""

from enum import StrEnum
from typing import Self

MAX_LINE_BYTES = 256 * 1024


class Reason(StrEnum):
    """A fixed list: the code is stored with the quarantined line, the sentence is shown."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason

    TOO_LONG = "too_long", "行が長すぎます。"
    NUL = "nul", "行にNUL文字が含まれています。"
    BAD_UTF8 = "bad_utf8", "行がUTF-8として読み取れません。"
    UNKNOWN_FORMAT = "unknown_format", "ログの形式を判別できません。"
    NO_HEADER = "no_header", "行のヘッダーが壊れています。"
    TOO_MANY_KEYS = "too_many_keys", "行の項目が多すぎます。"
    NO_FIELD_ORDER = "no_field_order", "W3C形式の項目の並びが示されていません。"
    FIELD_COUNT = "field_count", "W3C形式の値の数が項目の数と一致しません。"
    BAD_JSON = "bad_json", "JSONとして読み取れません。"
    NO_TIME = "no_time", "時刻がないか、時刻として読み取れません。"


class UnreadableLine(Exception):
    """The line cannot be read; trying again does not help."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


def decode_line(line: bytes, *, max_line_bytes: int = MAX_LINE_BYTES) -> str:
    """Turn a line into text. Limits come first, so that a hostile line costs nothing."""
    if len(line) > max_line_bytes:
        raise UnreadableLine(Reason.TOO_LONG)
    if b"\0" in line:
        raise UnreadableLine(Reason.NUL)
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UnreadableLine(Reason.BAD_UTF8) from None

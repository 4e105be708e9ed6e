"""Why a file cannot be read. Reading the same bytes again does not help; fetching the file again may."""

from enum import StrEnum
from typing import Self


class FileReason(StrEnum):
    """A fixed list: the code is stored in the ledger, the sentence is shown."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason

    UNKNOWN_KEY_ID = "unknown_key_id", "ファイルの暗号化に使われた公開鍵に対応する秘密鍵が登録されていません。"
    UNUSABLE_KEY = "unusable_key", "登録されている秘密鍵を読み取れません。鍵を登録し直してください。"
    WRONG_KEY = "wrong_key", "登録されている秘密鍵ではファイルを復号できません。"
    BROKEN_COMPRESSION = "broken_compression", "ファイルの圧縮データが壊れています。"
    TRUNCATED = "truncated", "ファイルが途中で切れています。"
    TOO_LARGE = "too_large", "ファイルを展開すると上限の大きさを超えます。"
    TOO_MANY_BAD_LINES = "too_many_bad_lines", "読み取れない行が多すぎるため、ファイル全体を隔離しました。"
    WRONG_CHECKSUM = "wrong_checksum", "ファイルのチェックサムが一致しません。"


class UnreadableFile(Exception):
    """Nothing of the file may be kept, including lines that were given out before."""

    def __init__(self, reason: FileReason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason

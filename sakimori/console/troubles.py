"""Sentences for the technical errors that workers write down. The original text stays beside them."""

from dataclasses import dataclass

from sakimori.logs.formats.unreadable import Reason

_BEGINNINGS = {
    "WafUnavailable": "WAF ベンダーに接続できませんでした。自動で再試行します。",
    "WafDoubtful": "WAF ベンダーからの応答が途切れました。状態を読み直して確認します。",
    "WafUnauthorised": "WAF ベンダーの認証に失敗しました。API の資格情報を確認してください。",
    "WafMissing": "WAF ベンダー側に対象が見つかりませんでした。",
    "WafRefused": "WAF ベンダーが要求を受け付けませんでした。",
    "WafFull": "WAF のリストが登録上限に達しています。",
    "the vendor's list is full": "WAF のリストが登録上限に達しているため、空きを待っています。",
    "the vendor's list is an old copy": "WAF から古い内容が返されたため、読み直しています。",
    "not yet seen in the vendor's list": "WAF のリストへの反映を確認しています。",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence for people and the original text for the search engine."""

    sentence: str
    original: str


def trouble_of(text: str) -> Trouble:
    """Words for a stored error. A text that is Japanese already is its own sentence."""
    if any(sign > "\u3000" for sign in text):
        return Trouble(text, "")
    for beginning, sentence in _BEGINNINGS.items():
        if text.startswith(beginning):
            return Trouble(sentence, text)
    return Trouble("エラーが発生しました。", text)


def line_sentence(code: str) -> str:
    """Why a line could not be read."""
    return _LINE_SENTENCES.get(code, f"理由コード {code}")


_LINE_SENTENCES = {reason.value: reason.sentence for reason in Reason}

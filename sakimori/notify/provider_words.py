"""What a provider that speaks as Twilio does means by its words: states of calls, who answered, refusals. Pure."""

from collections.abc import Mapping

from sakimori.notify.interface import PhoneState, PhoneStatus

ORDER = ("", "queued", "initiated", "ringing", "in-progress")
FINAL = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
NEVER_RANG = frozenset({"", "queued", "initiated"})
IN_PROGRESS = "in-progress"
# Numbers that this provider will never call, by its own error numbers.
_REFUSALS = {
    21211: "発信サービスが、この電話番号を無効と判断しました。",
    21217: "発信サービスが、この電話番号を無効と判断しました。",
    13223: "発信サービスが、この電話番号を無効と判断しました。",
    13224: "発信サービスが、この電話番号を無効と判断しました。",
    21214: "この電話番号へは、発信サービスから発信できません。",
    21216: "この電話番号への発信は、発信サービスが禁止しています。",
    13225: "この電話番号への発信は、発信サービスが禁止しています。",
}
# Numbers that our account may not call until somebody changes a setting at the provider.
_NOT_ALLOWED = {
    21215: "発信サービスの設定（地域ごとの発信許可）で、この電話番号への発信が許可されていません。",
    13227: "発信サービスの設定（地域ごとの発信許可）で、この電話番号への発信が許可されていません。",
    21219: "発信サービスが試用のため、あらかじめ確認された電話番号にしか発信できません。",
}
_ENDED = {
    "completed": PhoneState.ANSWERED,
    "busy": PhoneState.BUSY,
    "no-answer": PhoneState.NO_ANSWER,
    "canceled": PhoneState.NO_ANSWER,
    "failed": PhoneState.FAILED,
}


def refusal(code: int) -> str:
    """Why a number will never be called: a Japanese sentence, or empty where the number is not to blame."""
    return _numbered(_REFUSALS, code)


def not_allowed(code: int) -> str:
    """Which setting of our account at the provider forbids the call: a Japanese sentence, or empty."""
    return _numbered(_NOT_ALLOWED, code)


def _numbered(sentences: Mapping[int, str], code: int) -> str:
    sentence = sentences.get(code, "")
    return f"{sentence.removesuffix('。')}（{code}）。" if sentence else ""


def is_known(status: str) -> bool:
    """Whether this is a state of a call at all."""
    return status in ORDER[1:] or status in FINAL


def is_later(new: str, old: str) -> bool:
    """Whether a state may follow another: call-backs overtake each other, but no call begins again."""
    if old in FINAL or not is_known(new):
        return False
    return new in FINAL or old not in ORDER or ORDER.index(new) > ORDER.index(old)


def is_machine(answered_by: str) -> bool:
    """Whether no person has answered, as far as the provider can tell. `unknown` is taken for a person."""
    return answered_by.startswith("machine") or answered_by == "fax"


def joined(status: str, *, result: str, talk_is_over: bool, is_bridged: bool) -> PhoneStatus:
    """Where a call stands: what the line does, and what came of the talk.

    A talk that is over ends the call for us, though the line may still carry a farewell or the talk with an operator.
    """
    if result:
        return PhoneStatus(PhoneState(result), is_over=True, is_bridged=is_bridged)
    if status in FINAL:
        return PhoneStatus(_ENDED[status], is_over=True)
    if talk_is_over:
        return PhoneStatus(PhoneState.ANSWERED, is_over=True)
    if status in NEVER_RANG:
        return PhoneStatus(PhoneState.QUEUED, is_over=False)
    return PhoneStatus(PhoneState.ANSWERED if status == IN_PROGRESS else PhoneState.RINGING, is_over=False)

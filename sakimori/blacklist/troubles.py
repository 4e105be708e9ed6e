"""What the SOC is told when the vendor does not do what we want: one alarm per contract and kind of trouble."""

from datetime import datetime

from sakimori.customers.models import Contract
from sakimori.notify.actions import note_over, raise_alarm
from sakimori.notify.models import Alarm, Severity
from sakimori.waf.interface import WafError, WafRefused, WafUnauthorised

LINK = "/console/lists/"
_ALARM_AFTER_ATTEMPTS = 3


def named(contract: Contract) -> str:
    """How a sentence of an alarm begins."""
    return f"{contract.named}："


def tell_of_error(contract: Contract, error: WafError, attempts: int, now: datetime) -> None:
    """At once where trying again does not help, else after some tries."""
    if error.retryable and attempts < _ALARM_AFTER_ATTEMPTS:
        return
    raise_alarm(
        key=f"{_key(contract)}{type(error).__name__}",
        severity=Severity.HIGH,
        sentence=f"{named(contract)}{words_for(error)}",
        link=LINK,
        now=now,
    )


def words_for(error: WafError) -> str:
    """What an error means for the list, in one sentence."""
    if isinstance(error, WafUnauthorised):
        return "API キーが無効、または権限がありません。"
    if isinstance(error, WafRefused):
        return "WAF が登録または解除を受け付けませんでした。"
    return "WAF の API に接続できません。自動で再試行しています。"


def note_reached(contract: Contract, *, now: datetime) -> None:
    """The vendor has answered: who was alarmed because he did not is told so."""
    for alarm in Alarm.objects.filter(key__startswith=_key(contract), acknowledged_at=None):
        note_over(alarm, sentence=f"{named(contract)}WAF の API に接続できるようになりました。", now=now)


def stored_words(error: WafError) -> str:
    """An error as a row keeps it."""
    return f"{type(error).__name__}: {error}"[:300]


def _key(contract: Contract) -> str:
    return f"waf-api:{contract.pk}:"

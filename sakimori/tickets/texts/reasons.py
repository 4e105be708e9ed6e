"""Why an address is not on the list (yet), in the customer's words: nothing of our inner limits and names."""

from collections.abc import Mapping

from sakimori.blacklist.models import BlockState
from sakimori.blacklist.reasons import Reason

_CONFIRMS = "SOC が確認しています。"
_WAITING: Mapping[str, str] = {
    Reason.ATTACK_PASSED: f"WAF が遮断しなかった通信のため、攻撃かどうかを {_CONFIRMS}",
    Reason.KIND_ASKS: f"内容の確認が必要な種類の攻撃のため、{_CONFIRMS}",
    Reason.KIND_UNKNOWN: f"新しい種類の検知のため、内容を {_CONFIRMS}",
    Reason.GOOD_TRAFFIC: f"同じアドレスから正常な通信も多く見られるため、遮断してよいかを {_CONFIRMS}",
    Reason.SHARED_ADDRESS: f"多くの方が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    Reason.RESTORED_BEFORE: f"以前に設定を戻したアドレスのため、あらためて遮断してよいかを {_CONFIRMS}",
    Reason.CAP_CUSTOMER: f"短時間に多数の攻撃元を検知しているため、1 件ずつ {_CONFIRMS}",
    Reason.CAP_TOTAL: f"短時間に多数の攻撃元を検知しているため、1 件ずつ {_CONFIRMS}",
}
_LEFT: Mapping[str, str] = {
    Reason.REFUSED_BY_ANALYST: "SOC が内容を確認し、登録は不要と判断しました。",
    Reason.REGISTERED: "お客様の業務用として登録されているアドレスのため、登録していません。"
    "攻撃にお心当たりがないときは、そのアドレスの機器をご確認ください。",
    Reason.SOC: "SOC が使用しているアドレスのため、登録していません。",
    Reason.VENDOR: "WAF の設備が使用しているアドレスのため、登録していません。",
    Reason.CRAWLER: "検索エンジンが使用しているアドレスのため、登録していません。",
    Reason.NOT_PUBLIC: "インターネット上で使われるアドレスではないため、登録していません。",
}
# Of what the guard refused customers are told, but not of lines that are none of theirs, nor after the contract's end.
NEVER_TOLD = (Reason.FOREIGN_SITE, Reason.CONTRACT_ENDED)


def why_waiting(state: str, reason: str) -> str:
    """Why an address waits."""
    if state == BlockState.FAILED:
        return "WAF への登録が完了していません。SOC が対応しています。"
    if state in (BlockState.APPROVED, BlockState.APPLYING, BlockState.UNKNOWN):
        return "登録を進めています。"
    return _WAITING.get(reason, f"登録してよいかを {_CONFIRMS}")


def why_left(reason: str) -> str:
    """Why an address was not put on the list. A reason without words of its own is one of caution."""
    return _LEFT.get(reason, "誤って遮断するおそれがあるため、登録していません。")

"""Why an address is not on the list (yet), in the customer's words: nothing of our inner limits and names."""

from collections.abc import Mapping

from sakimori.blacklist.models import BlockState
from sakimori.blacklist.reasons import Reason

_CONFIRMS = "SOC が確認しています。"
_PROXY = "同じ内容の通信が多数の閲覧者から届いており、利用者を巻き込むおそれがあるため、"
# By code: a reason of another room may be known here before it is there, and one that is not known here has a default.
WAITING: Mapping[str, str] = {
    Reason.ATTACK_PASSED: f"WAF が遮断しなかった通信のため、攻撃かどうかを {_CONFIRMS}",
    Reason.KIND_ASKS: f"内容の確認が必要な種類の攻撃のため、{_CONFIRMS}",
    Reason.KIND_UNKNOWN: f"新しい種類の検知のため、内容を {_CONFIRMS}",
    Reason.GOOD_TRAFFIC: f"同じアドレスから正常な通信も多く見られるため、遮断してよいかを {_CONFIRMS}",
    Reason.SHARED_ADDRESS: f"多くの方が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    "shared_mobile": f"携帯電話会社の、多くの方が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    "shared_home": f"複数のご家庭が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    "shared_government": f"多くの自治体が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    "shared_gateway": f"多くの企業が共用しているアドレスのため、遮断してよいかを {_CONFIRMS}",
    "shared_relay": f"多くの方が共用している中継サービスのアドレスのため、遮断してよいかを {_CONFIRMS}",
    "attack_by_proxy": f"{_PROXY}遮断してよいかを {_CONFIRMS}",
    "crawler_unproven": f"検索エンジンの可能性があるため、遮断してよいかを {_CONFIRMS}",
    "two_people": f"広い範囲のアドレスのため、遮断してよいかを {_CONFIRMS}",
    Reason.RESTORED_BEFORE: f"以前に設定を戻したアドレスのため、あらためて遮断してよいかを {_CONFIRMS}",
    Reason.CAP_CUSTOMER: f"短時間に多数の攻撃元を検知しているため、1 件ずつ {_CONFIRMS}",
    Reason.CAP_TOTAL: f"短時間に多数の攻撃元を検知しているため、1 件ずつ {_CONFIRMS}",
}
LEFT: Mapping[str, str] = {
    Reason.REFUSED_BY_ANALYST: "SOC が内容を確認し、登録は不要と判断しました。",
    Reason.REGISTERED: "お客様の業務用として登録されているアドレスのため、登録していません。"
    "攻撃にお心当たりがないときは、そのアドレスの機器をご確認ください。",
    Reason.SOC: "SOC が使用しているアドレスのため、登録していません。",
    Reason.VENDOR: "WAF の設備が使用しているアドレスのため、登録していません。",
    Reason.CRAWLER: "検索エンジンが使用しているアドレスのため、登録していません。",
    Reason.CONTRACT_ENDED: "ご契約の終了に伴い、登録していません。",
    "too_wide": "範囲が広く、無関係な方を遮断するおそれがあるため、登録していません。",
    Reason.NOT_PUBLIC: "インターネット上で使われるアドレスではないため、登録していません。",
}
LISTED: Mapping[str, str] = {
    Reason.ATTACK_BLOCKED: "WAF が攻撃として遮断したため、登録の対象としました。",
    Reason.BY_HAND: "SOC の判断により、登録の対象としました。",
}
# Of what the guard refused customers are told, but not of lines that are none of theirs, nor after the contract's end.
NEVER_TOLD = (Reason.FOREIGN_SITE, Reason.CONTRACT_ENDED)


def why_waiting(state: str, reason: str) -> str:
    """Why an address waits."""
    if state == BlockState.FAILED:
        return "WAF への登録が完了していません。SOC が対応しています。"
    if state in (BlockState.APPROVED, BlockState.APPLYING, BlockState.UNKNOWN):
        return "登録を進めています。"
    return WAITING.get(reason, f"登録してよいかを {_CONFIRMS}")


def why_left(reason: str) -> str:
    """Why an address was not put on the list. A reason without words of its own is one of caution."""
    return LEFT.get(reason, "誤って遮断するおそれがあるため、登録していません。")


def why(state: str, reason: str) -> str:
    """Why an address is, was, or is not on the list."""
    if state == BlockState.REFUSED:
        return why_left(reason)
    if state in (BlockState.PROPOSED, BlockState.FAILED):
        return why_waiting(state, reason)
    return LISTED.get(reason, "SOC が内容を確認し、登録の対象としました。")

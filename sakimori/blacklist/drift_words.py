"""What the SOC is told of a list that is not as our rows have it: one clear sentence, the gravest thing. Pure."""

from collections.abc import Sequence

from sakimori.blacklist.drift import Comparison
from sakimori.waf.interface import ListState


def sentence_of(found: Comparison, *, lost_domains: Sequence[str], addresses: Sequence[str]) -> str:
    """Empty where all is as it should be. `addresses`: those that are missing. `lost_domains`: sites that are gone."""
    if lost_domains:
        lost = f"サイト {_some(lost_domains)}が WAF のアカウントに見つかりません。"
        return f"{lost}別のアカウントへ移された可能性があります。"
    if ListState.MISSING in found.states.values():
        return f"WAF の専用ポリシーが削除されています。登録済みの {len(addresses)} 件が遮断されていません。"
    if ListState.DISABLED in found.states.values():
        return "WAF の専用ポリシーが無効にされています。登録済みのアドレスが遮断されていません。"
    if addresses:
        return f"登録済みの {_some(addresses)}が WAF の管理画面で削除されています。登録し直すか判断してください。"
    if found.back:
        return f"解除した {_some(found.back)}が WAF の管理画面で再び登録されています。"
    return ""


def _some(names: Sequence[str]) -> str:
    return f"{names[0]} " if len(names) == 1 else f"{names[0]} ほか {len(names) - 1} 件"

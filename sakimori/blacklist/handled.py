"""What really became of the addresses of each kind of attack: sentences for the customer, made from the rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from django.db.models import QuerySet

from sakimori.blacklist.models import BlockState, Finding

_LEFT = str(BlockState.REFUSED)
# In the order in which they are told. What is on its way counts as that.
_SENTENCES = {
    BlockState.ACTIVE: "{} 件をブラックリストに登録し、通信を遮断しています。",
    BlockState.APPLYING: "{} 件をブラックリストに登録しているところです。",
    BlockState.FAILED: "{} 件は登録できておらず、SOC が対応しています。",
    BlockState.PROPOSED: "{} 件は登録してよいかを SOC が確認しており、いまのところ登録していません。",
    BlockState.REFUSED: "{} 件は確認の結果、登録していません。",
    BlockState.RESTORING: "{} 件は設定を戻しているところです。",
    BlockState.RESTORED: "{} 件は設定を戻しました（反映に数分）。",
}
_SAME = {BlockState.APPROVED: BlockState.APPLYING, BlockState.UNKNOWN: BlockState.APPLYING}


def handled(findings: QuerySet[Finding]) -> dict[str, str]:
    """By kind: what became of the addresses of these findings, each counted once. A kind without address is left out.

    One query. An address that has no block was left alone.
    """
    rows = findings.exclude(address="").order_by().values_list("kind", "address", "block__state", "block").distinct()
    newest: dict[tuple[str, str], tuple[int, str]] = {}
    for kind, address, state, block in rows:
        now = (block or 0, state or _LEFT)
        newest[kind, address] = max(newest.get((kind, address), now), now)
    states: dict[str, list[str]] = defaultdict(list)
    for (kind, _), (_, state) in newest.items():
        states[kind].append(state)
    return {kind: _sentence(found) for kind, found in states.items()}


def _sentence(states: Iterable[str]) -> str:
    counts = Counter(_SAME.get(BlockState(state), BlockState(state)) for state in states)
    told = "".join(sentence.format(counts[state]) for state, sentence in _SENTENCES.items() if counts[state])
    return f"攻撃元の IP アドレス {counts.total()} 件のうち、{told}"

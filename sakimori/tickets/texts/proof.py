"""What a mail says of how we looked: by which path, through the WAF or past it, and which files prove it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.incidents.models import Evidence, Probe, ProbePath, Via
from sakimori.lib.defang import visible
from sakimori.lib.jst import written

_PAST = (
    "サイトの応答は WAF を経由していません。DNS の設定により、通信が検査されずにお客様の Web サーバーへ直接届いている\n"
    "可能性がございます。"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """The latest visit by each path, and the pieces of evidence; attached: names of those that the mail carries."""

    probes: Sequence[Probe] = ()
    evidence: Sequence[Evidence] = ()
    attached: frozenset[str] = frozenset()


def proof_part(proof: Proof) -> str:
    """Two paragraphs of a mail; empty where nothing was kept."""
    return "\n\n".join(part for part in (_paths(proof), _files(proof)) if part)


def path_lines(probes: Sequence[Probe]) -> list[str]:
    """One line per path: how, through what, and what was seen."""
    return [_line(probe) for probe in probes]


def _paths(proof: Proof) -> str:
    if not proof.probes:
        return ""
    lines = path_lines(proof.probes)
    if any(probe.via == Via.BYPASSED and probe.path != ProbePath.ORIGIN for probe in proof.probes):
        lines.append(_PAST)
    return "\n".join(["■ 確認した経路", *lines])


def _line(probe: Probe) -> str:
    vantage = f"、確認地点 {visible(probe.vantage)}" if probe.vantage else ""
    via = f"（{probe.get_via_display()}{vantage}）" if probe.via != Via.UNKNOWN or vantage else ""
    return f"{probe.get_path_display()}{via}: {probe.get_verdict_display()}（{written(probe.at)}）"


def _files(proof: Proof) -> str:
    if not proof.evidence:
        return ""
    places = ["添付" if row.name in proof.attached else "チケットに保存" for row in proof.evidence]
    lines = [
        f"{visible(row.name)}（{row.get_kind_display()}、{place}）\n  SHA-256: {row.sha256}"
        for row, place in zip(proof.evidence, places, strict=True)
    ]
    return "\n".join(["■ 証跡（ファイルとハッシュ値）", *lines])

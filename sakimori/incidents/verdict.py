"""What visits prove. Pure: the verdict of one visit, of up to three tries, and whether our own side is to blame.

A page that cannot be displayed or is extremely slow in two of three tries is so (specification 2-1-1). A bad
result counts for nothing while the control pages cannot be opened either, or while most customers look bad.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.incidents.models import PageKind, Verdict
from sakimori.incidents.visit import Limits, Trouble, Visit

MOST_TRIES = 3
_MAJORITY = 2
_SERVER_ERROR = 500
BAD = (Verdict.NOT_DISPLAYED, Verdict.SLOW)
# With these the WAF asks who we are; they say nothing about the site.
QUESTIONS = (PageKind.CHALLENGE, PageKind.CAPTCHA)
_TROUBLES = {
    Trouble.DNS: "サイトの名前解決ができませんでした",
    Trouble.CONNECT: "サイトに接続できませんでした",
    Trouble.TLS: "安全な接続（TLS）を確立できませんでした",
    Trouble.BROKEN: "応答が途中で切れました",
    Trouble.REDIRECTS: "転送が繰り返され、表示に至りませんでした",
}
_FORBIDDEN = "サイトのアドレスがインターネット上の公開アドレスではないため、確認できませんでした"
_QUESTIONED = "WAF の確認画面が表示されたため、サイトの表示を確認できませんでした"
_OUR_SIDE = "確認用の対照ページも開けないため、SOC 側の回線の問題の可能性があります"
_EVERYWHERE = "多くのお客様のサイトで同時に同じ結果となったため、SOC 側の問題の可能性があります"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A verdict and the Japanese sentence that says what was seen."""

    verdict: Verdict
    sentence: str

    @property
    def is_bad(self) -> bool:
        """Whether the site keeps visitors away."""
        return self.verdict in BAD


def verdict_of(visit: Visit, limits: Limits) -> Verdict:
    """The verdict of one visit by itself."""
    if visit.trouble is Trouble.FORBIDDEN or visit.page in QUESTIONS:
        return Verdict.INCONCLUSIVE
    if visit.page == PageKind.WAF_ERROR:
        return Verdict.NOT_DISPLAYED
    if visit.trouble or (visit.status or 0) >= _SERVER_ERROR or visit.text_found is False:
        return Verdict.NOT_DISPLAYED
    return Verdict.SLOW if visit.total_ms > limits.slow_seconds * 1000 else Verdict.NORMAL


def phrase_of(visits: Sequence[Visit], limits: Limits) -> str:
    """What visits of one kind have shown, as the end of a sentence without its full stop."""
    first = visits[0]
    if first.trouble is Trouble.FORBIDDEN:
        return _FORBIDDEN
    if first.trouble is Trouble.TIMEOUT:
        return f"{limits.probe_seconds:g} 秒以内に表示が完了しませんでした"
    if first.trouble:
        return _TROUBLES[first.trouble]
    if first.page in QUESTIONS:
        return _QUESTIONED
    if first.page == PageKind.WAF_ERROR:
        return "WAF のエラー画面が表示されました"
    if (first.status or 0) >= _SERVER_ERROR:
        return f"サーバーがエラー（{first.status}）を返しました"
    if first.text_found is False:
        return "表示されるべき文言が見つかりませんでした"
    if verdict_of(first, limits) == Verdict.SLOW:
        return f"表示に {_time(visits)}かかりました（基準 {limits.slow_seconds:g} 秒）"
    return f"{_time(visits)}で正常に表示されました"


def _time(visits: Sequence[Visit]) -> str:
    """How long the page took, from the quickest to the slowest visit."""
    times = sorted(visit.total_ms for visit in visits)
    if times[-1] < 1000:
        return f"{times[-1]} ミリ秒"
    texts = dict.fromkeys(f"{time / 1000:.1f}" for time in (times[0], times[-1]))
    return f"{'～'.join(texts)} 秒"


def is_settled(visits: Sequence[Visit], limits: Limits, *, one_is_enough: bool) -> bool:
    """Whether further tries cannot change the verdict. one_is_enough: a first try without fault settles it."""
    verdicts = [verdict_of(visit, limits) for visit in visits]
    if len(verdicts) >= MOST_TRIES or Verdict.INCONCLUSIVE in verdicts:
        return True
    if one_is_enough and verdicts == [Verdict.NORMAL]:
        return True
    return max(verdicts.count(Verdict.NOT_DISPLAYED), verdicts.count(Verdict.NORMAL)) >= _MAJORITY


def conclude(visits: Sequence[Visit], limits: Limits) -> Conclusion:
    """The verdict of up to three tries (at least one)."""
    verdicts = [verdict_of(visit, limits) for visit in visits]
    if Verdict.INCONCLUSIVE in verdicts:
        unclear = next(visit for visit in visits if verdict_of(visit, limits) == Verdict.INCONCLUSIVE)
        return Conclusion(Verdict.INCONCLUSIVE, f"{phrase_of([unclear], limits)}。")
    broken = verdicts.count(Verdict.NOT_DISPLAYED)
    late = verdicts.count(Verdict.SLOW)
    if broken >= _MAJORITY:
        return Conclusion(Verdict.NOT_DISPLAYED, _sentence(visits, verdicts, limits, (Verdict.NOT_DISPLAYED,)))
    if broken + late >= _MAJORITY:
        return Conclusion(Verdict.SLOW, _sentence(visits, verdicts, limits, BAD))
    return Conclusion(Verdict.NORMAL, _sentence(visits, verdicts, limits, (Verdict.NORMAL,)))


def doubted(conclusion: Conclusion, *, controls_open: bool, most_are_bad: bool) -> Conclusion:
    """A bad conclusion in the light of what else was seen: it may be our own side that is broken."""
    if not conclusion.is_bad or (controls_open and not most_are_bad):
        return conclusion
    why = _EVERYWHERE if controls_open else _OUR_SIDE
    return Conclusion(Verdict.INCONCLUSIVE, f"{conclusion.sentence}{why}。")


def most_are_bad(by_contract: Sequence[bool]) -> bool:
    """Whether more than half of the contracts visited lately look bad; of fewer than four nothing can be said."""
    return len(by_contract) >= _FEWEST_CONTRACTS and sum(by_contract) * 2 > len(by_contract)


_FEWEST_CONTRACTS = 4


def _sentence(
    visits: Sequence[Visit], verdicts: Sequence[Verdict], limits: Limits, counted: tuple[Verdict, ...]
) -> str:
    """`3 回中 2 回、30 秒以内に表示が完了しませんでした。`: how many tries, and what they showed, the last first."""
    chosen = [visit for visit, verdict in zip(visits, verdicts, strict=True) if verdict in counted]
    alike: dict[object, list[Visit]] = {}
    for visit in reversed(chosen):
        alike.setdefault((verdict_of(visit, limits), visit.trouble, visit.status, visit.text_found), []).append(visit)
    told = "。".join(phrase_of(group, limits) for group in list(alike.values())[:2])
    return f"{len(visits)} 回中 {len(chosen)} 回、{told}。"

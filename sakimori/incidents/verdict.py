"""What visits prove. Pure: the verdict of one visit, of up to three tries, and what our own side may be to blame for.

A page that cannot be displayed or is extremely slow in two of three tries is so (specification 2-1-1). A bad result
counts for nothing while no page outside the WAF can be opened. A page with which the WAF asks who we are says nothing
of the site: a browser's visit takes the place of such a try, where there is one. The sentences are in `saying.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sakimori.incidents.models import PageKind, ProbePath, Verdict
from sakimori.incidents.saying import FORBIDDEN, OUR_SIDE, besides, of_path, words_for
from sakimori.incidents.visit import Limits, Trouble, Visit

MOST_TRIES = 3
_MAJORITY = 2
_SERVER_ERROR, _REFUSED = 500, 403
BAD = (Verdict.NOT_DISPLAYED, Verdict.SLOW)
# With these the WAF asks who we are; they say nothing about the site.
QUESTIONS = (PageKind.CHALLENGE, PageKind.CAPTCHA)
_PROVE_NOTHING = (Trouble.FORBIDDEN, Trouble.UNFINISHED)
_LONGEST = 300


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
    """The verdict of one visit by itself. An error page of the WAF meets visitors too, unless it refuses only us."""
    if visit.trouble in _PROVE_NOTHING or visit.page in QUESTIONS:
        return Verdict.INCONCLUSIVE
    if visit.page == PageKind.WAF_ERROR:
        return Verdict.INCONCLUSIVE if visit.status == _REFUSED else Verdict.NOT_DISPLAYED
    if visit.trouble or (visit.status or 0) >= _SERVER_ERROR or visit.text_found is False:
        return Verdict.NOT_DISPLAYED
    return Verdict.SLOW if visit.total_ms > limits.slow_ms else Verdict.NORMAL


def phrase_of(visits: Sequence[Visit], limits: Limits) -> str:
    """What visits of one kind have shown, as the end of a sentence without its full stop."""
    return words_for(visits, limits, verdict_of(visits[0], limits))


def is_settled(visits: Sequence[Visit], limits: Limits, *, one_is_enough: bool) -> bool:
    """Whether further tries are of no use. one_is_enough: a first try without fault settles it.

    So does a page that a browser has shown behind a challenge: browsers are few, and all sites may be questioned at
    once. What is bad needs two tries by whatever way.
    """
    verdicts = [verdict_of(visit, limits) for visit in visits]
    if len(verdicts) >= MOST_TRIES or Verdict.INCONCLUSIVE in verdicts:
        return True
    if [visit.path for visit in visits] == [ProbePath.BROWSER] and verdicts == [Verdict.NORMAL]:
        return True
    if one_is_enough and verdicts == [Verdict.NORMAL]:
        return True
    return max(verdicts.count(Verdict.NOT_DISPLAYED), verdicts.count(Verdict.NORMAL)) >= _MAJORITY


def conclude(visits: Sequence[Visit], limits: Limits, beside: Sequence[Visit] = ()) -> Conclusion:
    """The verdict of up to three tries (at least one). beside: what was seen past the WAF and from elsewhere."""
    verdicts = [verdict_of(visit, limits) for visit in visits]
    broken = verdicts.count(Verdict.NOT_DISPLAYED)
    late = verdicts.count(Verdict.SLOW)
    counted: tuple[Verdict, ...]
    if broken >= _MAJORITY:
        verdict, counted = Verdict.NOT_DISPLAYED, (Verdict.NOT_DISPLAYED,)
    elif broken + late >= _MAJORITY:
        verdict, counted = Verdict.SLOW, BAD
    elif Verdict.INCONCLUSIVE in verdicts or Verdict.NORMAL not in verdicts:
        return _inconclusive(visits, verdicts, limits, beside)
    else:
        verdict, counted = Verdict.NORMAL, (Verdict.NORMAL,)
    sentence = _sentence(visits, verdicts, limits, counted) + _besides(beside, limits)
    return Conclusion(verdict, sentence[:_LONGEST])


def doubted(conclusion: Conclusion, *, controls_open: bool) -> Conclusion:
    """A bad conclusion in the light of the pages outside the WAF: while none can be opened, our own line is broken."""
    if not conclusion.is_bad or controls_open:
        return conclusion
    return Conclusion(Verdict.INCONCLUSIVE, f"{conclusion.sentence[: _LONGEST - len(OUR_SIDE)]}{OUR_SIDE}")


def _inconclusive(
    tries: Sequence[Visit], verdicts: Sequence[Verdict], limits: Limits, beside: Sequence[Visit]
) -> Conclusion:
    """Something that proves nothing, or a single bad try."""
    pairs = list(zip(tries, verdicts, strict=True))
    shown, verdict = next((pair for pair in pairs if pair[1] == Verdict.INCONCLUSIVE), pairs[0])
    if shown.trouble is Trouble.FORBIDDEN:
        return Conclusion(Verdict.INCONCLUSIVE, f"{FORBIDDEN}。")
    where = "" if shown.page in QUESTIONS else of_path(shown)  # That the WAF answered is what the words say.
    told = f"{where}{words_for([shown], limits, verdict)}。" + _besides(beside, limits)
    return Conclusion(Verdict.INCONCLUSIVE, told[:_LONGEST])


def _besides(beside: Sequence[Visit], limits: Limits) -> str:
    """What other paths and places have shown, one sentence for each."""
    ways = [visit for visit in beside if visit.vantage or visit.path == ProbePath.ORIGIN]
    return "".join(besides(visit, limits, verdict_of(visit, limits)) for visit in ways)


def _sentence(
    visits: Sequence[Visit], verdicts: Sequence[Verdict], limits: Limits, counted: tuple[Verdict, ...]
) -> str:
    """`3 回中 2 回、30 秒以内に…`: on which path, how many tries, and what they showed, the last first."""
    chosen = [(visit, verdict) for visit, verdict in zip(visits, verdicts, strict=True) if verdict in counted]
    alike: dict[object, list[tuple[Visit, Verdict]]] = {}
    for visit, verdict in reversed(chosen):
        alike.setdefault((verdict, visit.trouble, visit.status, visit.text_found), []).append((visit, verdict))
    groups = list(alike.values())[:2]
    told = "。".join(words_for([visit for visit, _ in group], limits, group[0][1]) for group in groups)
    return f"{of_path(groups[0][0][0])}{len(visits)} 回中 {len(chosen)} 回、{told}。"

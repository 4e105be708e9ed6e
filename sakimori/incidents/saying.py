"""The Japanese words for what visits have shown: on which path, how long it took, and by which measure. Pure."""

from collections.abc import Sequence

from sakimori.incidents.models import PageKind, ProbePath, Verdict, Via
from sakimori.incidents.visit import Limits, Trouble, Visit

_SERVER_ERROR = 500
_TROUBLES = {
    Trouble.DNS: "サイトの名前解決ができませんでした",
    Trouble.CONNECT: "サイトに接続できませんでした",
    Trouble.TLS: "安全な接続（TLS）を確立できませんでした",
    Trouble.BROKEN: "応答が途中で切れました",
    Trouble.REDIRECTS: "転送が繰り返され、表示に至りませんでした",
    Trouble.UNFINISHED: "サイトの表示の確認を、時間内に終えられませんでした",
}
_QUESTIONED = "WAF の確認画面が表示されたため、サイトの表示を確認できませんでした"
_REFUSED = "WAF がこの確認を拒否したため、サイトの表示を確認できませんでした"
_WAF_ERROR = "WAF のエラー画面が表示されました"
_USUAL = "平常時の同じ曜日・時間帯の 95 パーセンタイル"
FORBIDDEN = "サイトのアドレスがインターネット上の公開アドレスではないため、確認できませんでした"
OUR_SIDE = "確認用の対照ページも開けないため、SOC 側の回線の問題の可能性があります。"


def words_for(visits: Sequence[Visit], limits: Limits, verdict: Verdict) -> str:
    """What visits of one kind and verdict have shown, as the end of a sentence without its full stop."""
    first = visits[0]
    if first.trouble is Trouble.FORBIDDEN:
        return FORBIDDEN
    if first.trouble is Trouble.TIMEOUT:
        return f"{limits.probe_seconds:g} 秒以内に表示が完了しませんでした"
    if first.trouble:
        return _TROUBLES[first.trouble]
    if first.page == PageKind.WAF_ERROR:
        return _REFUSED if verdict == Verdict.INCONCLUSIVE else _WAF_ERROR
    if first.page != PageKind.SITE:
        return _QUESTIONED
    if (first.status or 0) >= _SERVER_ERROR:
        return f"サーバーがエラー（{first.status}）を返しました"
    if first.text_found is False:
        return "表示されるべき文言が見つかりませんでした"
    return _slow(visits, limits) if verdict == Verdict.SLOW else _normal(visits, limits)


def of_path(visit: Visit) -> str:
    """Where an answer was seen: the beginning of a sentence. Empty for a visitor's path of which no more is known."""
    place = f"{visit.vantage}から、" if visit.vantage else ""
    if visit.path == ProbePath.ORIGIN:
        return f"{place}WAF を通さないオリジン直接の確認では、"
    how = {Via.WAF: "WAF 経由", Via.BYPASSED: "WAF を経由していない応答"}.get(Via(visit.via), "")
    if visit.path == ProbePath.BROWSER:
        return f"{place}ブラウザによる確認（{how}）で、" if how else f"{place}ブラウザによる確認で、"
    return f"{place}訪問者と同じ経路（{how}）で、" if how else place


def besides(visit: Visit, limits: Limits, verdict: Verdict) -> str:
    """One sentence about a visit on another path or from another place."""
    return f"{of_path(visit) or '別の確認では、'}{words_for([visit], limits, verdict)}。"


def _slow(visits: Sequence[Visit], limits: Limits) -> str:
    """`平常時の同じ曜日・時間帯の 95 パーセンタイル 0.8 秒に対し 14.2 秒`: the time and the measures it is beyond."""
    if limits.usual_ms is None:
        return f"表示に {_time(visits)}かかりました（基準 {limits.slow_seconds:g} 秒）"
    usual = f"{_USUAL} {_written(limits.usual_ms)}に対し"
    return f"{usual} {_time(visits)}かかりました（基準 {limits.slow_seconds:g} 秒かつ {limits.slow_factor:g} 倍）"


def _normal(visits: Sequence[Visit], limits: Limits) -> str:
    longest = max(visit.total_ms for visit in visits)
    if limits.usual_ms is not None and longest > limits.slow_seconds * 1000:
        return (
            f"{_time(visits)}で表示されました（{_USUAL} {_written(limits.usual_ms)}の {limits.slow_factor:g} 倍以内）"
        )
    return f"{_time(visits)}で正常に表示されました"


def _time(visits: Sequence[Visit]) -> str:
    """How long the page took, from the quickest to the slowest visit."""
    times = sorted(visit.total_ms for visit in visits)
    if times[-1] < 1000:
        return _written(times[-1])
    texts = dict.fromkeys(f"{time / 1000:.1f}" for time in (times[0], times[-1]))
    return f"{'～'.join(texts)} 秒"


def _written(milliseconds: int) -> str:
    return f"{milliseconds} ミリ秒" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} 秒"

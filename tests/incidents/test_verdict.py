"""What visits prove, as tables."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.models import Verdict
from sakimori.incidents.verdict import conclude, doubted, is_settled, phrase_of, verdict_of
from sakimori.incidents.visit import Limits, Trouble, Visit
from tests.moments import START

LIMITS = Limits(probe_seconds=30, slow_seconds=10, training=False)
GOOD = Visit(at=START, url="https://shop.example.jp/", status=200, size_bytes=5000, total_ms=1234)
SLOW = replace(GOOD, total_ms=12_345)
CUT = replace(GOOD, status=None, trouble=Trouble.TIMEOUT, total_ms=30_000)
DEAD = replace(GOOD, status=None, trouble=Trouble.CONNECT, total_ms=8)
FORBIDDEN = replace(GOOD, status=None, trouble=Trouble.FORBIDDEN, total_ms=1)

ONE: list[tuple[Visit, Verdict, str]] = [
    (GOOD, Verdict.NORMAL, "1.2 秒で正常に表示されました"),
    (replace(GOOD, text_found=True), Verdict.NORMAL, "1.2 秒で正常に表示されました"),
    (replace(GOOD, total_ms=10_000), Verdict.NORMAL, "10.0 秒で正常に表示されました"),
    (replace(GOOD, total_ms=10_001), Verdict.SLOW, "表示に 10.0 秒かかりました（基準 10 秒）"),
    (SLOW, Verdict.SLOW, "表示に 12.3 秒かかりました（基準 10 秒）"),
    (replace(GOOD, status=404), Verdict.NORMAL, "1.2 秒で正常に表示されました"),
    (replace(GOOD, status=500), Verdict.NOT_DISPLAYED, "サーバーがエラー（500）を返しました"),
    (replace(GOOD, status=599), Verdict.NOT_DISPLAYED, "サーバーがエラー（599）を返しました"),
    (replace(SLOW, text_found=False), Verdict.NOT_DISPLAYED, "表示されるべき文言が見つかりませんでした"),
    (CUT, Verdict.NOT_DISPLAYED, "30 秒以内に表示が完了しませんでした"),
    (replace(DEAD, trouble=Trouble.DNS), Verdict.NOT_DISPLAYED, "サイトの名前解決ができませんでした"),
    (DEAD, Verdict.NOT_DISPLAYED, "サイトに接続できませんでした"),
    (replace(DEAD, trouble=Trouble.TLS), Verdict.NOT_DISPLAYED, "安全な接続（TLS）を確立できませんでした"),
    (replace(DEAD, trouble=Trouble.BROKEN), Verdict.NOT_DISPLAYED, "応答が途中で切れました"),
    (
        replace(DEAD, trouble=Trouble.REDIRECTS),
        Verdict.NOT_DISPLAYED,
        "転送が繰り返され、表示に至りませんでした",
    ),
    (
        FORBIDDEN,
        Verdict.INCONCLUSIVE,
        "サイトのアドレスがインターネット上の公開アドレスではないため、確認できませんでした",
    ),
]
TRIES: list[tuple[Sequence[Visit], Verdict, str]] = [
    ([GOOD, GOOD], Verdict.NORMAL, "2 回中 2 回、1.2 秒で正常に表示されました。"),
    ([GOOD, CUT, GOOD], Verdict.NORMAL, "3 回中 2 回、1.2 秒で正常に表示されました。"),
    ([SLOW, GOOD, GOOD], Verdict.NORMAL, "3 回中 2 回、1.2 秒で正常に表示されました。"),
    ([CUT, CUT], Verdict.NOT_DISPLAYED, "2 回中 2 回、30 秒以内に表示が完了しませんでした。"),
    ([CUT, GOOD, CUT], Verdict.NOT_DISPLAYED, "3 回中 2 回、30 秒以内に表示が完了しませんでした。"),
    (
        [CUT, GOOD, DEAD],
        Verdict.NOT_DISPLAYED,
        "3 回中 2 回、サイトに接続できませんでした。30 秒以内に表示が完了しませんでした。",
    ),
    ([SLOW, SLOW, GOOD], Verdict.SLOW, "3 回中 2 回、表示に 12.3 秒かかりました（基準 10 秒）。"),
    (
        [SLOW, replace(SLOW, total_ms=11_000), replace(SLOW, total_ms=14_500)],
        Verdict.SLOW,
        "3 回中 3 回、表示に 11.0～14.5 秒かかりました（基準 10 秒）。",
    ),
    (
        [replace(GOOD, total_ms=5), replace(GOOD, total_ms=20)],
        Verdict.NORMAL,
        "2 回中 2 回、20 ミリ秒で正常に表示されました。",
    ),
    ([SLOW, SLOW, SLOW], Verdict.SLOW, "3 回中 3 回、表示に 12.3 秒かかりました（基準 10 秒）。"),
    (
        [SLOW, DEAD, GOOD],
        Verdict.SLOW,
        "3 回中 2 回、サイトに接続できませんでした。表示に 12.3 秒かかりました（基準 10 秒）。",
    ),
    ([SLOW, DEAD, DEAD], Verdict.NOT_DISPLAYED, "3 回中 2 回、サイトに接続できませんでした。"),
    (
        [GOOD, FORBIDDEN],
        Verdict.INCONCLUSIVE,
        "サイトのアドレスがインターネット上の公開アドレスではないため、確認できませんでした。",
    ),
]


@pytest.mark.parametrize(("visit", "verdict", "phrase"), ONE)
def test_one_visit_has_a_verdict_and_a_phrase(visit: Visit, verdict: Verdict, phrase: str) -> None:
    assert (verdict_of(visit, LIMITS), phrase_of([visit], LIMITS)) == (verdict, phrase)


@pytest.mark.parametrize(("visits", "verdict", "sentence"), TRIES)
def test_two_of_three_tries_decide(visits: Sequence[Visit], verdict: Verdict, sentence: str) -> None:
    conclusion = conclude(visits, LIMITS)
    assert (conclusion.verdict, conclusion.sentence) == (verdict, sentence)
    assert is_settled(visits, LIMITS, one_is_enough=False)
    assert len(conclusion.sentence) <= 300


@pytest.mark.parametrize(
    ("visits", "settled", "settled_at_quiet_times"),
    [
        ([], False, False),
        ([GOOD], False, True),
        ([SLOW], False, False),
        ([CUT], False, False),
        ([SLOW, SLOW], False, False),
        ([CUT, SLOW], False, False),
        ([CUT, GOOD], False, False),
        ([FORBIDDEN], True, True),
        ([CUT, CUT], True, True),
        ([GOOD, GOOD], True, True),
        ([SLOW, CUT, GOOD], True, True),
    ],
)
def test_a_try_is_made_only_while_it_may_change_the_verdict(
    visits: Sequence[Visit], settled: bool, settled_at_quiet_times: bool
) -> None:
    assert is_settled(visits, LIMITS, one_is_enough=False) is settled
    assert is_settled(visits, LIMITS, one_is_enough=True) is settled_at_quiet_times


def test_settled_means_that_no_further_try_changes_the_verdict() -> None:
    for first in (GOOD, SLOW, CUT):
        for second in (GOOD, SLOW, CUT):
            if not is_settled([first, second], LIMITS, one_is_enough=False):
                continue
            verdicts = {conclude([first, second, third], LIMITS).verdict for third in (GOOD, SLOW, CUT)}
            assert verdicts == {conclude([first, second], LIMITS).verdict}


@pytest.mark.parametrize(
    ("visits", "controls_open", "verdict", "words"),
    [
        ([CUT, CUT], True, Verdict.NOT_DISPLAYED, "30 秒以内"),
        ([CUT, CUT], False, Verdict.INCONCLUSIVE, "対照ページも開けない"),
        ([SLOW, SLOW, SLOW], False, Verdict.INCONCLUSIVE, "12.3 秒"),
        ([GOOD, GOOD], False, Verdict.NORMAL, "正常に表示"),
    ],
)
def test_a_bad_result_proves_nothing_while_our_own_side_may_be_broken(
    visits: Sequence[Visit], controls_open: bool, verdict: Verdict, words: str
) -> None:
    found = doubted(conclude(visits, LIMITS), controls_open=controls_open)
    assert found.verdict == verdict
    assert words in found.sentence
    assert found.is_bad is (verdict in (Verdict.NOT_DISPLAYED, Verdict.SLOW))


def test_every_trouble_has_its_phrase() -> None:
    told: Callable[[Trouble], str] = lambda trouble: phrase_of([replace(GOOD, trouble=trouble)], LIMITS)  # noqa: E731
    assert len({told(trouble) for trouble in Trouble}) == len(Trouble)


# The measure of slow


USUAL = replace(LIMITS, usual_ms=800)
HEAVY = replace(LIMITS, usual_ms=3000)


@pytest.mark.parametrize(
    ("total_ms", "limits", "verdict"),
    [
        (10_001, LIMITS, Verdict.SLOW),
        (10_000, LIMITS, Verdict.NORMAL),
        (9_999, USUAL, Verdict.NORMAL),
        (10_000, USUAL, Verdict.NORMAL),
        (10_001, USUAL, Verdict.SLOW),
        (14_999, HEAVY, Verdict.NORMAL),
        (15_000, HEAVY, Verdict.NORMAL),
        (15_001, HEAVY, Verdict.SLOW),
        (4_001, replace(USUAL, slow_seconds=3), Verdict.SLOW),
        (4_000, replace(USUAL, slow_seconds=3), Verdict.NORMAL),
        (3_001, replace(USUAL, slow_seconds=3, slow_factor=2), Verdict.SLOW),
    ],
)
def test_slow_is_over_the_ceiling_and_over_so_many_times_the_usual(
    total_ms: int, limits: Limits, verdict: Verdict
) -> None:
    assert verdict_of(replace(GOOD, total_ms=total_ms), limits) == verdict


@given(
    st.integers(0, 60_000),
    st.floats(0.1, 60),
    st.floats(1, 100),
    st.none() | st.integers(0, 60_000),
)
def test_both_measures_must_be_exceeded(total_ms: int, ceiling: float, factor: float, usual: int | None) -> None:
    limits = Limits(90, ceiling, training=False, slow_factor=factor, usual_ms=usual)
    over = total_ms > ceiling * 1000 and (usual is None or total_ms > factor * usual)
    assert (verdict_of(replace(GOOD, total_ms=total_ms), limits) == Verdict.SLOW) is over


def test_the_sentence_names_the_time_and_both_measures() -> None:
    slow = replace(GOOD, total_ms=14_200, via="waf")
    assert conclude([slow, slow, slow], USUAL).sentence == (
        "訪問者と同じ経路（WAF 経由）で、3 回中 3 回、"
        "平常時の同じ曜日・時間帯の 95 パーセンタイル 800 ミリ秒に対し 14.2 秒かかりました（基準 10 秒かつ 5 倍）。"
    )
    assert conclude([replace(slow, via="unknown")] * 2, replace(HEAVY, slow_factor=5.5)).sentence == (
        "2 回中 2 回、14.2 秒で表示されました（平常時の同じ曜日・時間帯の 95 パーセンタイル 3.0 秒の 5.5 倍以内）。"
    )


# Pages of the WAF itself


CHALLENGE = replace(GOOD, page="challenge", via="waf")


@pytest.mark.parametrize(
    ("visit", "verdict", "words"),
    [
        (CHALLENGE, Verdict.INCONCLUSIVE, "WAF の確認画面が表示されたため"),
        (replace(CHALLENGE, status=503), Verdict.INCONCLUSIVE, "WAF の確認画面が表示されたため"),
        (replace(CHALLENGE, page="captcha", status=403), Verdict.INCONCLUSIVE, "WAF の確認画面が表示されたため"),
        (replace(CHALLENGE, page="waf_error", status=403), Verdict.INCONCLUSIVE, "WAF がこの確認を拒否したため"),
        (replace(CHALLENGE, page="waf_error", status=503), Verdict.NOT_DISPLAYED, "WAF のエラー画面が表示されました"),
        (replace(CHALLENGE, text_found=False), Verdict.INCONCLUSIVE, "WAF の確認画面が表示されたため"),
    ],
)
def test_a_page_of_the_waf_itself_is_not_the_sites(visit: Visit, verdict: Verdict, words: str) -> None:
    assert verdict_of(visit, LIMITS) == verdict
    found = conclude([visit, visit], LIMITS)
    assert found.verdict == verdict
    assert words in found.sentence


def test_what_a_browser_saw_in_place_of_a_challenge_is_a_try_and_the_challenge_is_not_told() -> None:
    browsed = replace(GOOD, path="browser", via="waf")
    found = conclude([browsed, browsed], LIMITS, beside=[CHALLENGE, CHALLENGE])
    assert found.sentence == "ブラウザによる確認（WAF 経由）で、2 回中 2 回、1.2 秒で正常に表示されました。"


# On which path


def test_the_sentence_says_what_other_paths_and_places_have_shown() -> None:
    origin = replace(GOOD, path="origin")
    osaka = replace(CUT, vantage="大阪の確認地点", via="waf")
    found = conclude([replace(CUT, via="waf")] * 2, LIMITS, beside=[origin, osaka])
    assert found.verdict == Verdict.NOT_DISPLAYED
    assert found.sentence == (
        "訪問者と同じ経路（WAF 経由）で、2 回中 2 回、30 秒以内に表示が完了しませんでした。"
        "WAF を通さないオリジン直接の確認では、1.2 秒で正常に表示されました。"
        "大阪の確認地点から、訪問者と同じ経路（WAF 経由）で、30 秒以内に表示が完了しませんでした。"
    )


def test_an_answer_past_the_waf_is_said_to_be_one() -> None:
    assert (
        "訪問者と同じ経路（WAF を経由していない応答）で"
        in conclude([replace(GOOD, via="bypassed")] * 2, LIMITS).sentence
    )


@given(
    st.lists(
        st.builds(
            Visit,
            at=st.just(START),
            url=st.just("https://shop.example.jp/"),
            trouble=st.sampled_from(Trouble),
            status=st.none() | st.sampled_from([200, 403, 503]),
            total_ms=st.integers(0, 60_000),
            text_found=st.none() | st.booleans(),
            via=st.sampled_from(["unknown", "waf", "bypassed"]),
            page=st.sampled_from(["site", "challenge", "captcha", "waf_error"]),
            path=st.sampled_from(["visitor", "browser", "origin"]),
            vantage=st.sampled_from(["", "大阪の確認地点"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 3),
    st.booleans(),
)
def test_whatever_is_seen_the_sentence_fits_and_bad_needs_two_bad_tries(
    visits: list[Visit], tries: int, controls_open: bool
) -> None:
    found = doubted(conclude(visits[:tries], USUAL, visits[tries:]), controls_open=controls_open)
    assert 0 < len(found.sentence) <= 300
    assert found.sentence.endswith("。") or len(found.sentence) == 300
    assert not (found.is_bad and (tries < 2 or len(visits) < 2 or not controls_open))

"""What visits prove, as tables."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sakimori.incidents.models import Verdict
from sakimori.incidents.verdict import conclude, doubted, is_settled, most_are_bad, phrase_of, verdict_of
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
    (
        replace(GOOD, page="challenge", text_found=False),
        Verdict.INCONCLUSIVE,
        "WAF の確認画面が表示されたため、サイトの表示を確認できませんでした",
    ),
    (
        replace(GOOD, page="captcha", status=503),
        Verdict.INCONCLUSIVE,
        "WAF の確認画面が表示されたため、サイトの表示を確認できませんでした",
    ),
    (replace(GOOD, page="waf_error"), Verdict.NOT_DISPLAYED, "WAF のエラー画面が表示されました"),
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
    ("visits", "controls_open", "everywhere", "verdict", "words"),
    [
        ([CUT, CUT], True, False, Verdict.NOT_DISPLAYED, "30 秒以内"),
        ([CUT, CUT], False, False, Verdict.INCONCLUSIVE, "対照ページも開けない"),
        ([CUT, CUT], False, True, Verdict.INCONCLUSIVE, "対照ページも開けない"),
        ([CUT, CUT], True, True, Verdict.INCONCLUSIVE, "多くのお客様のサイトで同時に"),
        ([SLOW, SLOW, SLOW], False, False, Verdict.INCONCLUSIVE, "12.3 秒"),
        ([GOOD, GOOD], False, True, Verdict.NORMAL, "正常に表示"),
    ],
)
def test_a_bad_result_proves_nothing_while_our_own_side_may_be_broken(
    visits: Sequence[Visit], controls_open: bool, everywhere: bool, verdict: Verdict, words: str
) -> None:
    found = doubted(conclude(visits, LIMITS), controls_open=controls_open, most_are_bad=everywhere)
    assert found.verdict == verdict
    assert words in found.sentence
    assert found.is_bad is (verdict in (Verdict.NOT_DISPLAYED, Verdict.SLOW))


@pytest.mark.parametrize(
    ("bad", "most"),
    [
        ([], False),
        ([True, True, True], False),
        ([True, True, False, False], False),
        ([True, True, True, False], True),
        ([True] * 5, True),
        ([True] + [False] * 9, False),
    ],
)
def test_most_are_bad_only_when_there_are_enough_to_say_so(bad: list[bool], most: bool) -> None:
    assert most_are_bad(bad) is most


def test_every_trouble_has_its_phrase() -> None:
    told: Callable[[Trouble], str] = lambda trouble: phrase_of([replace(GOOD, trouble=trouble)], LIMITS)  # noqa: E731
    assert len({told(trouble) for trouble in Trouble}) == len(Trouble)

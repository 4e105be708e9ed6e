"""What an exercise plays: phases, past courses, and what cannot be played."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.models import Verdict
from sakimori.incidents.scenario import (
    INVENTED,
    PLAYABLE,
    BadScenario,
    Scenario,
    from_json,
    from_past,
    to_json,
    visit_of,
)
from sakimori.incidents.verdict import verdict_of
from tests.incidents.post import LIMITS
from tests.moments import START

N, S, D = Verdict.NORMAL, Verdict.SLOW, Verdict.NOT_DISPLAYED


def test_a_visitor_sees_the_phase_that_has_begun() -> None:
    down = INVENTED["down"]
    assert [down.shows(second) for second in (-5, 0, 59, 60, 659, 660, 9999)] == [N, N, N, D, D, N, N]
    assert [down.attacks(second) for second in (0, 600, 601)] == [True, True, False]


@pytest.mark.parametrize("key", INVENTED)
def test_every_invented_scenario_is_kept_as_it_is_and_gets_well(key: str) -> None:
    scenario = INVENTED[key]
    again = from_json(to_json(scenario))
    assert [again.shows(second) for second in range(0, 10_000, 50)] == [
        scenario.shows(second) for second in range(0, 10_000, 50)
    ]
    assert scenario.shows(1e9) == N


@pytest.mark.parametrize(
    ("phases", "until", "why"),
    [
        ([], 0, "0 秒から"),
        ([(1, N)], 0, "0 秒から"),
        ([(0, D), (5, S), (3, N)], 0, "順に"),
        ([(0, D), (5, S), (5, N)], 0, "順に"),
        ([(0, Verdict.PENDING), (5, N)], 0, "いずれか"),
        ([(0, D)], 0, "正常に戻して"),
        ([(0, D), (5, N)], -1, "24 時間以内"),
        ([(0, D), (90_000, N)], 0, "24 時間以内"),
    ],
)
def test_what_cannot_be_played_is_refused(phases: list[tuple[float, Verdict]], until: float, why: str) -> None:
    with pytest.raises(BadScenario, match=why):
        Scenario("x", phases, until)


@pytest.mark.parametrize("verdict", PLAYABLE)
def test_an_invented_visit_is_judged_as_what_it_shows(verdict: Verdict) -> None:
    visit = visit_of(verdict, url="https://a.example.jp/", at=START, limits=LIMITS)
    assert verdict_of(visit, LIMITS) == verdict


@given(st.lists(st.tuples(st.integers(0, 7200), st.sampled_from([*PLAYABLE, Verdict.INCONCLUSIVE])), max_size=20))
def test_a_past_course_is_played_or_refused_but_never_broken(turns: list[tuple[int, Verdict]]) -> None:
    course = [(START + timedelta(seconds=at), str(verdict)) for at, verdict in sorted(turns, key=lambda turn: turn[0])]
    try:
        scenario = from_past("再現", START, START + timedelta(minutes=5), course)
    except BadScenario:
        return
    assert scenario.phases[0][0] == 0
    assert {verdict for _, verdict in scenario.phases} - {N}
    assert from_json(to_json(scenario)).phases == list(scenario.phases)

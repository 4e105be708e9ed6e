"""The talk with a called person: nobody hears the matter before he said who he is, and every talk ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.notify.dialogue import (
    LONGEST,
    SILENT_REPEATS,
    WRONG_KEYS,
    Bridged,
    Dialogue,
    Ended,
    Heard,
    Key,
    Line,
    Machine,
    Silence,
    Stage,
    Step,
    Wait,
    begin,
    hear,
)
from sakimori.notify.interface import PhoneState

ANYTHING: st.SearchStrategy[Heard] = st.one_of(
    st.sampled_from("0123456789*#").map(Key),
    st.just(Silence()),
    st.just(Machine()),
    st.just(Ended()),
    st.booleans().map(Bridged),
)


def after(*heard: Heard | str, is_duty: bool = False) -> Step:
    """The step after all that; a text is keys."""
    step = begin(is_duty=is_duty)
    for one in heard:
        for single in [Key(sign) for sign in one] if isinstance(one, str) else [one]:
            step = hear(step.dialogue, single)
    return step


@pytest.mark.parametrize(
    ("heard", "lines", "wait", "result"),
    [
        ([], (Line.OPENING,), Wait.KEY, None),
        (["1"], (Line.MATTER, Line.KEYS), Wait.KEY, None),
        (["11"], (Line.THANKS,), Wait.NOTHING, PhoneState.CONFIRMED),
        (["2"], (Line.NOT_THE_PERSON,), Wait.NOTHING, PhoneState.DECLINED),
        (["*"], (Line.OPENING,), Wait.KEY, None),
        (["1*"], (Line.MATTER, Line.KEYS), Wait.KEY, None),
        (["5"], (Line.WRONG_KEY, Line.OPENING), Wait.KEY, None),
        (["15"], (Line.WRONG_KEY, Line.KEYS), Wait.KEY, None),
        ([Silence()], (Line.OPENING,), Wait.KEY, None),
        (["1", Silence()], (Line.MATTER, Line.KEYS), Wait.KEY, None),
        ([Silence()] * (SILENT_REPEATS + 1), (Line.NOBODY,), Wait.NOTHING, None),
        (["1", *[Silence()] * (SILENT_REPEATS + 1)], (Line.NOBODY,), Wait.NOTHING, None),
        (["5" * (WRONG_KEYS + 1)], (Line.NOBODY,), Wait.NOTHING, None),
        (["12"], (Line.TO_THE_SOC,), Wait.SOC, None),
        (["12", Silence()], (), Wait.SOC, None),
        (["12", Bridged(taken=True)], (), Wait.NOTHING, PhoneState.CONFIRMED),
        (["12", Bridged(taken=False)], (Line.SOC_AWAY,), Wait.NOTHING, PhoneState.DECLINED),
        (["12", Ended()], (), Wait.NOTHING, PhoneState.DECLINED),
        ([Ended()], (), Wait.NOTHING, None),
        (["1", Ended()], (), Wait.NOTHING, None),
        ([Machine()], (), Wait.NOTHING, PhoneState.MACHINE),
        (["1", Machine()], (), Wait.KEY, None),
        (["12", Machine()], (), Wait.SOC, None),
        ([Bridged(taken=True)], (Line.OPENING,), Wait.KEY, None),
    ],
)
def test_what_is_heard_decides_what_comes_next(
    heard: list[Heard | str], lines: tuple[Line, ...], wait: Wait, result: PhoneState | None
) -> None:
    step = after(*heard)
    assert (step.lines, step.wait, step.dialogue.result) == (lines, wait, result)
    assert (step.dialogue.stage == Stage.OVER) == (wait == Wait.NOTHING)


def test_one_of_the_socs_own_people_acknowledges_or_says_that_he_cannot() -> None:
    assert after("11", is_duty=True).dialogue.result == PhoneState.CONFIRMED
    declined = after("12", is_duty=True)
    assert (declined.lines, declined.dialogue.result) == ((Line.CANNOT,), PhoneState.DECLINED)


def test_a_key_makes_silence_forgotten() -> None:
    step = after(Silence(), Silence(), "5", Silence(), Silence())
    assert step.wait == Wait.KEY
    assert hear(step.dialogue, Silence()).wait == Wait.NOTHING


@given(st.lists(ANYTHING, max_size=40), st.booleans())
def test_the_matter_is_never_told_before_the_first_key_1(heard: list[Heard], is_duty: bool) -> None:
    step, said_yes = begin(is_duty=is_duty), False
    for one in heard:
        assert Line.MATTER not in step.lines or said_yes
        said_yes = said_yes or one == Key("1")
        step = hear(step.dialogue, one)
    assert Line.MATTER not in step.lines or said_yes


@given(st.lists(ANYTHING, max_size=60), st.booleans())
def test_what_is_over_stays_over_and_reached_is_only_who_said_so(heard: list[Heard], is_duty: bool) -> None:
    step = begin(is_duty=is_duty)
    for one in heard:
        before = step.dialogue
        step = hear(before, one)
        if before.stage == Stage.OVER:
            assert step == Step(before)
        if step.dialogue.result == PhoneState.CONFIRMED and before.result is None:
            assert (before.stage == Stage.TELLING and one == Key("1")) or one == Bridged(taken=True)
        if step.dialogue.result == PhoneState.MACHINE:
            assert not step.dialogue.is_human
    assert (step.dialogue.stage == Stage.OVER) == (step.wait == Wait.NOTHING)


@given(st.lists(st.one_of(st.sampled_from("3456789*0#").map(Key), st.just(Silence())), min_size=2 * LONGEST))
def test_every_talk_ends(heard: list[Heard]) -> None:
    step = begin()
    for one in heard:
        step = hear(step.dialogue, one)
    assert step.dialogue.stage == Stage.OVER
    assert step.dialogue.result is None


def test_a_talk_begins_open() -> None:
    assert begin().dialogue == Dialogue(turns=1)

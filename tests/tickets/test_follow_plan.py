"""When follow-ups are due, whatever order verdicts and time come in."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sakimori.incidents.models import Verdict
from sakimori.tickets.follow_plan import Beat, Standing, change_due, slot_due, slot_of
from tests.moments import START

BEAT = Beat(timedelta(minutes=60), timedelta(minutes=5))
MINUTE = timedelta(minutes=1)
SEEN = st.sampled_from([Verdict.NOT_DISPLAYED, Verdict.SLOW, Verdict.NORMAL, Verdict.INCONCLUSIVE])


def standing(**columns: object) -> Standing:
    return Standing(**{"told_at": START, "told": Verdict.SLOW, "shows": Verdict.SLOW, **columns})


def test_the_first_hour_has_no_follow_up_and_every_further_one_has_one() -> None:
    due = [slot_due(standing(), beat=BEAT, now=START + minutes * MINUTE) for minutes in (0, 59, 60, 119, 120)]
    assert due == [None, None, 1, 1, 2]
    assert slot_due(standing(slots=[1]), beat=BEAT, now=START + 119 * MINUTE) is None
    assert slot_due(standing(slots=[1]), beat=BEAT, now=START + 300 * MINUTE) == 5


def test_a_clock_that_was_set_back_writes_nothing() -> None:
    assert slot_of(START, START - 90 * MINUTE, BEAT.slot) == 0
    assert slot_due(standing(slots=[2]), beat=BEAT, now=START + 61 * MINUTE) is None


def test_a_change_that_matters_is_told_at_once_and_only_that() -> None:
    for shows, due in (("not_displayed", True), ("normal", True), ("slow", False), ("inconclusive", False)):
        assert change_due(standing(shows=shows), beat=BEAT, now=START + MINUTE) is due, shows


def test_a_page_that_comes_and_goes_is_told_of_at_a_measured_pace() -> None:
    row = standing(shows=Verdict.NORMAL, changed_at=START)
    assert not change_due(row, beat=BEAT, now=START + 4 * MINUTE)
    assert change_due(row, beat=BEAT, now=START + 5 * MINUTE)


@given(st.lists(st.tuples(SEEN, st.integers(-20, 90)), max_size=60))
def test_whatever_happens_each_slot_has_at_most_one_and_the_pace_is_kept(course: list[tuple[Verdict, int]]) -> None:
    now, told, slots, changed = START, Verdict.SLOW, list[int](), list[object]()
    for shows, minutes in course:
        now += minutes * MINUTE
        row = Standing(START, told, shows, slots, changed[-1] if changed else None)  # type: ignore[arg-type]
        if change_due(row, beat=BEAT, now=now):
            assert not changed or now - changed[-1] >= BEAT.pause  # type: ignore[operator]
            changed.append(now)
            told = shows
        slot = slot_due(row, beat=BEAT, now=now)
        if slot is not None:
            assert slot not in slots
            slots.append(slot)
    assert slots == sorted(set(slots))

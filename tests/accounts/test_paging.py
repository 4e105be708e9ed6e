"""How much of a long story a page shows."""

import pytest

from sakimori.accounts.paging import folded


@pytest.mark.parametrize(("steps", "hidden"), [(0, 0), (1, 0), (10, 0), (14, 0), (15, 5), (100, 90)])
def test_the_latest_ten_steps_are_shown_and_a_few_more_are_not_worth_a_fold(steps: int, hidden: int) -> None:
    story = list(range(steps))
    older, shown = folded(story)
    assert [*older, *shown] == story
    assert len(older) == hidden

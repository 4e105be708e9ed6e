"""A search survives its way through a row; an export is kept a week, but hardly longer than the log itself."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.calendar import first_kept_day
from sakimori.lib.jst import start_of_day
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports.asked import AT_LEAST, KEPT, NotUnderstood, expiry, in_words, kept_part, query_of
from sakimori.logs.filters import By, filter_of
from sakimori.logs.search_address import query_string

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(str.strip)
FILTERS = st.frozensets(
    st.builds(lambda by, text, exclude: filter_of(by, text, exclude=exclude),
              st.sampled_from([By.SITE, By.TEXT, By.RULE, By.REQUEST]), TEXTS, st.booleans()),
    max_size=5,
)  # fmt: skip


@given(FILTERS, st.integers(1, 10**9))
def test_a_search_is_read_back_as_it_was_written(filters: frozenset, length: int) -> None:  # type: ignore[type-arg]
    query = LogQuery(7, NOW, NOW + timedelta(milliseconds=length), filters)
    assert query_of(7, query_string(query)) == query


@pytest.mark.parametrize(
    "text",
    ["", "begins=2026-11-25T09:00", "begins=x&ends=y", "begins=2026-11-25T09:00&ends=2026-11-25T09:00",
     "begins=2026-11-25T09:00&ends=2026-11-25T10:00&kind=dance"],
)  # fmt: skip
def test_what_is_no_search_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        query_of(7, text)


def test_conditions_in_words() -> None:
    query = LogQuery(
        7, NOW, NOW, frozenset({filter_of(By.COUNTRY, "-"), filter_of(By.OUTCOME, "blocked", exclude=True)})
    )
    assert in_words(query) == "結果：遮断（を除く）、国：不明"
    assert in_words(LogQuery(7, NOW, NOW)) == ""


def test_only_what_is_kept_is_reached() -> None:
    query = LogQuery(7, NOW - timedelta(days=9), NOW)
    kept = date(2026, 11, 20)
    assert kept_part(query, kept) == query.within(start_of_day(kept), NOW)
    assert kept_part(query, date(2026, 11, 1)) == query
    assert kept_part(query, date(2026, 11, 26)) is None


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        (None, NOW + KEPT),
        (date(2026, 11, 25), NOW + KEPT),
        (date(2026, 9, 3), NOW + KEPT),
        (date(2026, 8, 28), start_of_day(date(2026, 11, 29))),
        (date(2026, 8, 25), NOW + AT_LEAST),
        (date(2026, 8, 1), NOW + AT_LEAST),
    ],
)
def test_an_export_goes_with_its_oldest_day_but_stays_a_day_at_least(oldest: date | None, expected: datetime) -> None:
    assert expiry(NOW, oldest, kept_from=first_kept_day) == expected

"""Counts over time: bars without gaps at round moments, sums that agree, and where a page of rows lies among them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.jst import JST
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.fields import Event
from sakimori.logs.search import LogQuery, count, listed, rows
from sakimori.logs.store.interface import LogStore
from sakimori.logs.timeline import MOST_BARS, STEPS, Bar, Span, Split, Timeline, bars, span_of_rows, step_of, timeline

MIDNIGHT = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@given(st.integers(0, 10**9), st.integers(1, 93 * 86_400_000))
def test_bars_cover_the_period_without_gap_at_round_moments(begin: int, length: int) -> None:
    begins = MIDNIGHT + timedelta(milliseconds=begin)
    query = LogQuery(1, begins, begins + timedelta(milliseconds=length))
    step = step_of(query.ends - query.begins)
    made = bars(query, step, ())
    assert 1 <= len(made) <= MOST_BARS
    assert (made[0].begins, made[-1].ends) == (query.begins, query.ends)
    assert all(one.ends == next_.begins for one, next_ in pairwise(made))
    for bar in made[1:]:
        local = bar.begins.astimezone(JST)
        assert (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) % step == timedelta(0)


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(milliseconds=1), STEPS[0]),
        (timedelta(minutes=1), timedelta(seconds=1)),
        (HOUR, timedelta(minutes=1)),
        (timedelta(hours=24), timedelta(minutes=30)),
        (timedelta(days=7), timedelta(hours=2)),
        (timedelta(days=30), timedelta(hours=12)),
        (timedelta(days=93), timedelta(days=1)),
        (timedelta(days=400), timedelta(days=1)),
    ],
)
def test_a_bar_is_as_short_as_the_page_can_show(length: timedelta, step: timedelta) -> None:
    assert step_of(length) == step


@pytest.fixture
def store(log_store: LogStore) -> LogStore:
    events = []
    for hours, outcome in ((-2, "blocked"), (0, "blocked"), (0.5, "allowed"), (0.6, "allowed"), (30, "challenged")):
        kind = AttackKind.BAD_BOT if outcome == "challenged" else AttackKind.ACL
        events.append(
            Event(time=MIDNIGHT + hours * HOUR, request_id=f"r{hours}", attack_kind=kind, outcome=Outcome(outcome))
        )
    log_store.append(list(enumerate(events)), contract_id=1, file_id=1)
    log_store.append(list(enumerate(events)), contract_id=2, file_id=2)
    return log_store


def test_events_are_counted_in_their_bars_by_outcome_or_kind(store: LogStore) -> None:
    query = LogQuery(1, MIDNIGHT - 3 * HOUR, MIDNIGHT + 96 * HOUR)
    found = timeline(store, query)
    assert found.step == timedelta(hours=1)
    filled = {bar.begins: dict(bar.counts) for bar in found.bars if bar.total}
    assert filled == {
        MIDNIGHT - 2 * HOUR: {"blocked": 1},
        MIDNIGHT: {"blocked": 1, "allowed": 2},
        MIDNIGHT + 30 * HOUR: {"challenged": 1},
    }
    assert found.total == count(store, query) == 5
    by_kind = timeline(store, query, Split.KIND)
    assert [dict(bar.counts) for bar in by_kind.bars if bar.total] == [{"acl": 1}, {"acl": 3}, {"bad_bot": 1}]


def test_a_page_read_from_its_bars_alone_is_the_page(store: LogStore) -> None:
    query = LogQuery(1, MIDNIGHT - 3 * HOUR, MIDNIGHT + 96 * HOUR)
    found = timeline(store, query)
    for limit in (1, 2, 3, 50):
        for offset in range(5):
            span = span_of_rows(found, offset=offset, limit=limit)
            assert span is not None
            within = query.within(span.begins, span.ends)
            page = rows(store, within, offset=span.before, limit=limit)
            assert page == rows(store, query, offset=offset, limit=limit)
            assert span.total == count(store, within)
            for sparse in (False, True):
                brief = listed(store, within, offset=span.before, limit=limit, sparse=sparse)
                assert [(each["time"], each["line_no"]) for each in brief] == [
                    (each["time"], each["line_no"]) for each in page
                ]


def _timeline(*totals: int) -> Timeline:
    made = [Bar(MIDNIGHT + n * HOUR, MIDNIGHT + (n + 1) * HOUR, {"x": total}) for n, total in enumerate(totals)]
    return Timeline(HOUR, made)


@pytest.mark.parametrize(
    ("totals", "offset", "limit", "expected"),
    [
        ((), 0, 5, None),
        ((0, 0), 0, 5, None),
        ((3, 2), 5, 5, None),
        ((3, 2), 0, 2, (1, 2, 0)),
        ((3, 2), 1, 2, (0, 2, 1)),
        ((3, 2), 2, 2, (0, 1, 0)),
        ((3, 2), 4, 9, (0, 1, 2)),
        ((9, 0, 2), 0, 3, (0, 3, 0)),
        ((9, 4, 0), 0, 3, (1, 2, 0)),
    ],
)
def test_where_a_page_lies(
    totals: tuple[int, ...], offset: int, limit: int, expected: tuple[int, int, int] | None
) -> None:
    span = span_of_rows(_timeline(*totals), offset=offset, limit=limit)
    if expected is None:
        assert span is None
    else:
        first, last, before = expected
        assert span == Span(MIDNIGHT + first * HOUR, MIDNIGHT + last * HOUR, before, sum(totals[first:last]))

"""How files come through a door: tables of cases, and what holds in whatever order they come."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.jst import day_of
from sakimori.logs.flow import (
    Arrival,
    Delay,
    Flow,
    Lag,
    followed,
    our_lag,
    pauses_from_json,
    recent_from_json,
    silent_since,
    source_lag,
    to_json,
    usual_pause,
)
from tests.moments import START

S, M, H, D = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def arrival(*, received: timedelta, last: timedelta | None = None, **others: timedelta) -> Arrival:
    """A file; all moments as spans since START."""
    given = {name: START + span for name, span in others.items()}
    return Arrival(START + received, last_at=None if last is None else START + last, **given)


def one(file: Arrival) -> Flow:
    flow = followed(None, [file])
    assert flow is not None
    return flow


@pytest.mark.parametrize(
    ("available", "last", "stored", "source", "ours"),
    [
        (None, -4 * M, 2 * S, 4 * M, 2 * S),
        (-30 * S, -4 * M, 2 * S, 4 * M - 30 * S, 32 * S),
        (-2 * H, -4 * M, 2 * S, 0 * M, 4 * M + 2 * S),
        (-1 * H, -2 * H, 2 * S, 1 * H, 1 * H + 2 * S),
        (5 * M, -4 * M, 2 * S, 4 * M, 2 * S),
        (None, 0 * M, -1 * S, 0 * M, 0 * M),
        (None, 1 * M, 2 * S, 0 * M, 2 * S),
    ],
)
def test_the_senders_delay_and_ours_are_told_apart(
    available: timedelta | None, last: timedelta, stored: timedelta, source: timedelta, ours: timedelta
) -> None:
    ready = {} if available is None else {"available_at": available}
    flow = one(arrival(received=0 * S, last=last, stored_at=stored, **ready))
    assert (source_lag(flow), our_lag(flow)) == (Lag(source, source), Lag(ours, ours))
    assert flow.complete_until == START + last


def test_a_file_without_events_or_in_quarantine_has_no_delay_but_came() -> None:
    for file in (arrival(received=0 * S, stored_at=1 * S), arrival(received=0 * S)):
        flow = one(file)
        assert (flow.files, flow.complete_until, flow.recent) == (1, None, ())
        assert (source_lag(flow), our_lag(flow)) == (None, None)


def test_no_file_is_no_flow() -> None:
    assert followed(None, []) is None


def test_an_old_file_moves_neither_the_end_nor_the_delays() -> None:
    now = arrival(received=0 * S, last=-1 * M, stored_at=1 * S)
    old = arrival(received=5 * S, last=-30 * D, stored_at=6 * S)
    flow = followed(None, [now, old])
    assert flow is not None
    assert (flow.files, flow.complete_until, len(flow.recent)) == (2, START - 1 * M, 1)
    assert flow.last_received_at == START + 5 * S


def test_the_last_hundred_files_make_the_delays_and_95_of_them_the_lag() -> None:
    files = [
        arrival(received=number * M, last=number * M - number * S, stored_at=number * M + 3 * S)
        for number in range(1, 201)
    ]
    flow = followed(None, files)
    assert flow is not None
    assert (len(flow.recent), source_lag(flow), our_lag(flow)) == (100, Lag(200 * S, 195 * S), Lag(3 * S, 3 * S))


def rhythm(*pauses: timedelta, files: int = 100, quiet: timedelta = 0 * S) -> Flow:
    """A flow with the longest pause of each of the last days, that has been quiet for so long at START."""
    days = {day_of(START) - number * D: pause for number, pause in enumerate(pauses)}
    return Flow(START - quiet, files=files, pauses=days)


@pytest.mark.parametrize(
    ("pauses", "usual"),
    [
        ((), None),
        ((1 * H, 1 * H), None),
        ((1 * H, 2 * H, 3 * H), 2 * H),
        ((8 * H, 8 * H, 8 * H, 8 * H), 8 * H),
        ((1 * M, 1 * M, 2 * M, 40 * H), 2 * M),
    ],
)
def test_the_usual_pause_is_the_longest_but_one(pauses: tuple[timedelta, ...], usual: timedelta | None) -> None:
    assert usual_pause(rhythm(*pauses)) == usual


@pytest.mark.parametrize(
    ("pauses", "files", "quiet", "silent"),
    [
        ((M, M, M), 100, 59 * M, False),
        ((M, M, M), 100, 61 * M, True),
        ((8 * H, 8 * H, 8 * H), 100, 11 * H, False),
        ((8 * H, 8 * H, 8 * H), 100, 13 * H, True),
        ((63 * H, 63 * H, H, H, H), 9, 64 * H, False),
        ((63 * H, 63 * H, H, H, H), 9, 95 * H, True),
        ((M, M), 100, 23 * H, False),
        ((M, M), 100, 25 * H, True),
        ((), 19, 900 * H, False),
        ((M, M, M), 3, 2 * H, True),
    ],
)
def test_when_a_door_is_called_silent(
    pauses: tuple[timedelta, ...], files: int, quiet: timedelta, silent: bool
) -> None:
    flow = rhythm(*pauses, files=files, quiet=quiet)
    assert silent_since(flow, now=START, limit=1 * H) == (START - quiet if silent else None)


def test_pauses_are_kept_by_the_day_on_which_they_ended_for_fifteen_days() -> None:
    flow: Flow | None = None
    for day in range(30):
        for hour in (0, 1, 4):
            flow = followed(flow, [arrival(received=day * D + hour * H)])
    assert flow is not None
    assert len(flow.pauses) == 15
    assert set(flow.pauses.values()) == {20 * H}
    assert usual_pause(flow) == 20 * H


SPANS = st.integers(-100_000, 100_000).map(lambda number: number * S)
FILES = st.lists(
    st.builds(
        lambda received, last, stored: arrival(received=received, last=last, stored_at=received + abs(stored)),
        SPANS,
        st.none() | SPANS,
        SPANS,
    ),
    max_size=40,
)


@given(FILES, st.randoms())
def test_the_order_within_a_batch_does_not_matter_and_nothing_goes_back(files: list[Arrival], random: object) -> None:
    flow, mixed = followed(None, files), sorted(files, key=lambda _: random.random())  # type: ignore[attr-defined]
    again = followed(None, mixed)
    assert (flow is None) == (not files)
    if flow is None or again is None:
        return
    assert (flow.files, flow.complete_until, flow.last_received_at) == (
        again.files,
        again.complete_until,
        again.last_received_at,
    )
    assert flow.complete_until == max((file.last_at for file in files if file.last_at), default=None)
    assert all(delay.source >= 0 * S and delay.ours >= 0 * S for delay in flow.recent)
    late = followed(flow, [arrival(received=-10 * D, last=-20 * D)])
    assert late is not None
    assert late.complete_until is not None
    assert (late.last_received_at, late.pauses) == (flow.last_received_at, flow.pauses)
    if flow.complete_until is not None:
        assert late.complete_until == flow.complete_until


@given(FILES)
def test_a_row_keeps_it_all(files: list[Arrival]) -> None:
    flow = followed(None, files) or Flow(START)
    kept = json.loads(json.dumps(to_json(flow)))
    assert recent_from_json(kept["recent"]) == list(flow.recent)
    assert pauses_from_json(kept["pauses"]) == dict(flow.pauses)


def test_a_delay_is_what_it_says() -> None:
    assert recent_from_json([[1.5, 2]]) == [Delay(1.5 * S, 2 * S)]

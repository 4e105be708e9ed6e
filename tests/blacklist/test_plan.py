"""The plan: what the vendor's list proves, what is still to be written, and when the list must be taken for old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sakimori.blacklist.models import BlockState
from sakimori.blacklist.plan import DOUBT_TIME, SETTLING_TIME, Entry, make
from sakimori.waf.interface import BlacklistView

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NEW = Entry(
    key=1,
    address="198.51.100.7",
    state=BlockState.APPROVED,
    wanted=True,
    was_active=False,
    written_at=None,
    removal_written=False,
    due=True,
    lists=(0,),
    ours=frozenset(),
)
OURS = frozenset({0})
LEAVING = replace(
    NEW, state=BlockState.RESTORING, wanted=False, was_active=True, written_at=NOW - timedelta(days=1), ours=OURS
)
EMPTY = {0: BlacklistView(frozenset(), frozenset())}
LISTED = {0: BlacklistView(frozenset({NEW.address}), frozenset({NEW.address}))}
PARTLY = {0: BlacklistView(frozenset(), frozenset({NEW.address}))}


def test_a_new_block_is_to_be_added() -> None:
    plan = make([NEW], EMPTY, now=NOW)
    assert (plan.add, plan.active, plan.foreign, plan.stale) == ((1,), (), (), False)


def test_a_new_block_that_is_listed_already_is_active_and_not_ours() -> None:
    plan = make([NEW], LISTED, now=NOW)
    assert (plan.add, plan.active, plan.foreign) == ((), (1,), (1,))


def test_a_written_block_that_is_listed_is_proven() -> None:
    written = replace(NEW, state=BlockState.APPLYING, written_at=NOW, ours=OURS)
    plan = make([written], LISTED, now=NOW)
    assert (plan.active, plan.foreign) == ((1,), ())


def test_a_block_that_is_listed_on_some_sites_only_is_added() -> None:
    assert make([replace(NEW, written_at=NOW - timedelta(days=1))], PARTLY, now=NOW).add == (1,)


def test_a_block_to_be_restored_is_removed_from_wherever_it_stands() -> None:
    assert make([LEAVING], LISTED, now=NOW).remove == (1,)
    assert make([LEAVING], PARTLY, now=NOW).remove == (1,)


def test_a_block_that_is_gone_is_restored() -> None:
    assert make([LEAVING], EMPTY, now=NOW).restored == (1,)


def test_an_entry_that_was_there_before_us_is_never_removed() -> None:
    foreign = replace(LEAVING, ours=frozenset())
    plan = make([foreign], LISTED, now=NOW)
    assert (plan.remove, plan.restored) == ((), (1,))


@pytest.mark.parametrize(
    ("entry", "view", "lasts"),
    [
        (replace(NEW, state=BlockState.APPLYING), EMPTY, DOUBT_TIME),
        (replace(NEW, state=BlockState.UNKNOWN), EMPTY, DOUBT_TIME),
        (replace(NEW, state=BlockState.ACTIVE, was_active=True, due=False), EMPTY, SETTLING_TIME),
        (replace(NEW, state=BlockState.RESTORING, wanted=False, was_active=True), EMPTY, SETTLING_TIME),
        (replace(LEAVING, removal_written=True), LISTED, DOUBT_TIME),
        (replace(LEAVING, state=BlockState.RESTORED, removal_written=True, due=False), LISTED, SETTLING_TIME),
    ],
)
def test_a_list_that_contradicts_our_last_write_is_old_for_a_while(
    entry: Entry, view: BlacklistView, lasts: timedelta
) -> None:
    fresh = make([replace(entry, written_at=NOW - lasts, ours=OURS)], view, now=NOW)
    before = NOW - lasts - timedelta(seconds=1)
    long_ago = make([replace(entry, written_at=before, ours=OURS)], view, now=NOW)
    assert fresh.stale
    assert not long_ago.stale


def test_a_foreign_entry_says_nothing_about_age() -> None:
    foreign = replace(NEW, state=BlockState.ACTIVE, was_active=True, written_at=NOW, due=False)
    assert not make([foreign], EMPTY, now=NOW).stale


def test_rows_that_are_not_due_are_only_witnesses() -> None:
    plan = make([replace(NEW, due=False), replace(LEAVING, key=2, due=False)], PARTLY, now=NOW)
    assert (plan.add, plan.remove, plan.active, plan.restored) == ((), (), (), ())


def test_a_block_that_followed_a_restore_is_the_one_that_counts() -> None:
    restored = replace(
        LEAVING, state=BlockState.RESTORED, removal_written=True, written_at=NOW - timedelta(seconds=8), due=False
    )
    again = replace(NEW, key=2, state=BlockState.APPLYING, written_at=NOW - timedelta(seconds=2), ours=OURS)
    plan = make([restored, again], LISTED, now=NOW)
    assert not plan.stale
    assert plan.active == (2,)


def test_an_entry_on_several_lists_is_active_only_when_all_show_it_and_restored_when_none_does() -> None:
    two, none, one = {1: LISTED[0], 2: LISTED[0]}, {1: EMPTY[0], 2: EMPTY[0]}, {1: LISTED[0], 2: EMPTY[0]}
    both = frozenset({1, 2})
    wanted = replace(NEW, lists=(1, 2), ours=both, state=BlockState.UNKNOWN, written_at=NOW - timedelta(days=1))
    leaving = replace(LEAVING, lists=(1, 2), ours=both)
    assert (make([wanted], two, now=NOW).active, make([wanted], one, now=NOW).add) == ((1,), (1,))
    assert (make([leaving], one, now=NOW).remove, make([leaving], none, now=NOW).restored) == ((1,), (1,))


def test_a_list_that_was_never_written_contradicts_nothing() -> None:
    views = {1: LISTED[0], 2: EMPTY[0]}
    first = frozenset({1})
    wider = replace(NEW, lists=(1, 2), ours=first, was_active=True, written_at=NOW - timedelta(seconds=10))
    plan = make([wider], views, now=NOW)
    assert (plan.stale, plan.add) == (False, (1,))
    assert make([wider], {1: EMPTY[0], 2: EMPTY[0]}, now=NOW).stale
    assert make([replace(wider, ours=frozenset({1, 2}))], views, now=NOW).stale


def test_what_is_ours_on_one_list_and_somebody_elses_on_another_leaves_ours_only() -> None:
    leaving = replace(LEAVING, lists=(1, 2), ours=frozenset({1}))
    both, theirs = {1: LISTED[0], 2: LISTED[0]}, {1: EMPTY[0], 2: LISTED[0]}
    plan = make([leaving], both, now=NOW)
    assert (plan.remove, plan.restored, plan.foreign) == ((1,), (), (1,))
    plan = make([leaving], theirs, now=NOW)
    assert (plan.remove, plan.restored, plan.foreign) == ((), (1,), (1,))

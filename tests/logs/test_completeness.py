"""Complete until when, what is missing, and how it is said: tables of cases and what always holds."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.jst import day_of
from sakimori.logs.completeness import Completeness, completeness, gap_sentence, sentence_of
from sakimori.logs.flow import Flow
from sakimori.logs.gaps import MANY_IN_A_ROW, Gap, Why, merged, since, troubled, why_missing, window
from tests.japanese.text import japanese_or_allowed
from tests.moments import START

S, M, H, D = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = START  # 12:00 in Japan on 23 November
LATER = NOON + 2 * H + 8 * M


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOON + minutes * M


def gap(begins: float | None, ends: float | None, why: Why = Why.MISSING, count: int = 1, door: str = "") -> Gap:
    """Moments in minutes from noon."""
    return Gap(why, at(begins), at(ends), count, door)


def flow(*, until: float | None, received: float | None = None, regular: bool = True, files: int = 100) -> Flow:
    """A door that delivers at least every minute; moments in minutes from noon."""
    pauses = {day_of(NOON) - number * D: M for number in range(5 if regular else 1)}
    last = at(until if received is None else received)
    assert last is not None
    return Flow(last, files, at(until), (), pauses)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, (None, None)),
        (-10, None, (-10, None)),
        (None, -8, (None, -8)),
        (-10, -8, (-10, -8)),
        (-8, -10, (-10, -8)),
        (-8, -68, (-68, -8)),
        (-8, -69, (-8, -8)),
        (-8, -1_000_000, (-8, -8)),
    ],
)
def test_the_files_beside_it_say_where_a_missing_one_lies(
    before: float | None, after: float | None, expected: tuple[float | None, float | None]
) -> None:
    assert window(at(before), at(after)) == (at(expected[0]), at(expected[1]))


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([], []),
        ([gap(-5, -4), gap(-9, -8)], [gap(-9, -8), gap(-5, -4)]),
        ([gap(-9, -7), gap(-8, -4, count=3)], [gap(-9, -4, count=4)]),
        ([gap(-9, -7), gap(-7, -4)], [gap(-9, -4, count=2)]),
        ([gap(-9, -7), gap(-6, -4)], [gap(-9, -4, count=2)]),
        ([gap(-9, -7), gap(-5.9, -4)], [gap(-9, -7), gap(-5.9, -4)]),
        ([gap(-9, -1), gap(-8, -7)], [gap(-9, -1, count=2)]),
        ([gap(-9, -7), gap(-8, None)], [gap(-9, -7), gap(-8, None)]),
        ([gap(-9, None), gap(-2, -1)], [gap(-9, None), gap(-2, -1)]),
        ([gap(-9, None), gap(-8, None, count=2)], [gap(-9, None, count=3)]),
        ([gap(-9, None), gap(-7.9, None)], [gap(-9, None), gap(-7.9, None)]),
        ([gap(None, -7), gap(-8, -4)], [gap(None, -7), gap(-8, -4)]),
        ([gap(None, -7), gap(None, -6)], [gap(None, -6, count=2)]),
        ([gap(None, None), gap(None, -4)], [gap(None, None), gap(None, -4)]),
        ([gap(None, None), gap(-9, -8), gap(None, None, count=2)], [gap(None, None, count=3), gap(-9, -8)]),
        ([gap(-9, -7), gap(-8, -4, Why.WAITING)], [gap(-9, -7), gap(-8, -4, Why.WAITING)]),
        (
            [gap(-9, None, Why.SILENT, door="hec"), gap(-9, None, Why.SILENT, door="pull")],
            [gap(-9, None, Why.SILENT, door="hec"), gap(-9, None, Why.SILENT, door="pull")],
        ),
    ],
)
def test_gaps_of_one_kind_that_touch_are_one(gaps: list[Gap], expected: list[Gap]) -> None:
    assert merged(gaps) == expected
    assert merged(reversed(gaps)) == expected


ENDS = st.none() | st.integers(-100, 100)
GAPS = st.lists(
    st.builds(
        lambda one, two, why, count: (
            gap(*sorted((one, two)), why, count) if one is not None and two is not None else gap(one, two, why, count)
        ),
        ENDS,
        ENDS,
        st.sampled_from(Why),
        st.integers(0, 5),
    ),
    max_size=30,
)


@given(GAPS, st.randoms(use_true_random=False))
def test_merging_loses_no_number_and_no_known_moment_whatever_the_order(gaps: list[Gap], luck: Random) -> None:
    done = merged(gaps)
    assert merged(done) == done
    shuffled = list(gaps)
    luck.shuffle(shuffled)
    assert merged(shuffled) == done
    assert sum(each.count for each in done) == sum(each.count for each in gaps)
    for each in gaps:
        assert any(_holds(whole, each) for whole in done)


def _holds(whole: Gap, part: Gap) -> bool:
    """Whether a gap covers another and knows no less of it than the other did."""
    return (
        (whole.why, whole.begins is None, whole.ends is None) == (part.why, part.begins is None, part.ends is None)
        and (whole.begins is None or part.begins is None or whole.begins <= part.begins)
        and (whole.ends is None or part.ends is None or part.ends <= whole.ends)
    )


def test_one_gap_of_unknown_time_hides_no_known_one() -> None:
    holes = [gap(70, 72), gap(160, 162), gap(None, None)]
    said = sentence_of(Completeness(at(125), merged(holes)), now=LATER + H)
    for part in ("13:10～13:12 は未着です", "14:40～14:42 は未着です", "時刻の分からない一部は未着です（欠番 1 件）"):
        assert part in said
    assert merged([gap(70, None), gap(370, 371)]) == [gap(70, None), gap(370, 371)]


def test_what_lies_before_a_moment_is_not_told() -> None:
    gaps = [gap(None, -90), gap(-80, -70), gap(-65, -60), gap(-5, None), gap(None, None)]
    assert since(gaps, NOON - 60 * M) == gaps[2:]


@pytest.mark.parametrize(
    ("flows", "until", "silent"),
    [
        ({}, None, []),
        ({"pull": flow(until=-5)}, -5, []),
        ({"pull": flow(until=None, received=-5)}, None, []),
        ({"pull": flow(until=-5), "drop": flow(until=-50)}, -50, []),
        ({"pull": flow(until=-5), "drop": flow(until=-500)}, -5, ["drop"]),
        ({"pull": flow(until=-400), "drop": flow(until=-500)}, -400, ["drop", "pull"]),
        ({"pull": flow(until=-5), "drop": flow(until=-5000, regular=False, files=3)}, -5, []),
        ({"pull": flow(until=-5, regular=False), "drop": flow(until=-50, regular=False)}, -5, []),
        ({"pull": flow(until=-5), "drop": flow(until=-9000, received=-9)}, -9000, []),
    ],
)
def test_complete_until_the_door_that_is_behind_the_others(
    flows: dict[str, Flow], until: float | None, silent: list[str]
) -> None:
    found = completeness(flows, [gap(-30, -28)], now=NOON, limit=H)
    assert found.complete_until == at(until)
    assert sorted(each.door for each in found.gaps if each.why is Why.SILENT) == silent
    assert gap(-30, -28) in found.gaps


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (125, "14:05 まで揃っています。"),
        (125.9, "14:05 まで揃っています。"),
        (-800, "11月22日 22:40 まで揃っています。"),
        (-500_000, "2025年12月11日 06:40 まで揃っています。"),
        (None, "WAF から自動で届いたログは、まだありません。"),
    ],
)
def test_how_it_is_said_until_when(until: float | None, sentence: str) -> None:
    assert sentence_of(Completeness(at(until), []), now=LATER) == sentence


@pytest.mark.parametrize(
    ("hole", "sentence"),
    [
        (gap(70, 72, count=2), "13:10～13:12 は未着です（欠番 2 件）"),
        (gap(70, 72, why=Why.SKIPPED, count=2), "13:10～13:12 は未着の可能性があります（欠番 2 件）"),
        (gap(70, 72, why=Why.MANY_SKIPPED, count=12), "13:10～13:12 は未着の可能性があります（欠番 12 件）"),
        (gap(70.5, 70.9), "13:10 頃の一部は未着です（欠番 1 件）"),
        (gap(-800, -700), "11月22日 22:40～11月23日 00:20 は未着です（欠番 1 件）"),
        (gap(-2000, -1990), "11月22日 02:40～02:50 は未着です（欠番 1 件）"),
        (gap(None, 70.1), "13:11 以前の一部は未着です（欠番 1 件）"),
        (gap(None, None), "時刻の分からない一部は未着です（欠番 1 件）"),
        (gap(70, 72, Why.QUARANTINED), "13:10～13:12 は読み取れず隔離しています（ファイル 1 件）"),
        (gap(70, 72, Why.UNREADABLE, 11_484), "13:10～13:12 に読み取れない行があります（11,484 行）"),
        (gap(70, 70, Why.UNREADABLE, 2), "13:10 頃の一部に読み取れない行があります（2 行）"),
        (gap(70, None, Why.UNREADABLE, 2), "13:10 以降の一部に読み取れない行があります（2 行）"),
        (gap(70, None, Why.WAITING, 9), "13:10 以降の一部は取込待ちです（ファイル 9 件）"),
        (gap(70, 70, Why.CUT, 0), "13:10 頃に syslog の接続が切れました（失われた行の有無は分かりません）"),
        (gap(70, 70, Why.CUT, 8), "13:10 頃の一部は syslog の切断で失われました（8 行）"),
        (gap(70, None, Why.SILENT, door="hec"), "プッシュ（HEC）からは 13:10 以降届いていません"),
        (gap(None, None, Why.SILENT, door="hec"), "プッシュ（HEC）からは届いていません"),
    ],
)
def test_how_a_gap_is_said(hole: Gap, sentence: str) -> None:
    assert gap_sentence(hole, now=LATER) == sentence


def test_the_newest_gaps_are_named_and_the_others_counted() -> None:
    gaps = [gap(number * 10, number * 10 + 2) for number in range(5)]
    assert sentence_of(Completeness(at(125), gaps[:1]), now=LATER) == (
        "14:05 まで揃っています。12:00～12:02 は未着です（欠番 1 件）。"
    )
    said = sentence_of(Completeness(at(125), gaps), now=LATER)
    assert [f"12:{number}0～" in said for number in range(5)] == [False, False, True, True, True]
    assert said.endswith("。ほかに 2 件の欠けがあります。")


def test_what_is_missing_is_named_before_what_may_never_have_been() -> None:
    missing, others = gap(0, 2), [gap(number * 10, number * 10 + 2, Why.SKIPPED) for number in range(1, 5)]
    said = sentence_of(Completeness(at(125), [missing, *others]), now=LATER)
    assert [f"12:{number}0～" in said for number in range(5)] == [True, False, False, True, True]


@pytest.mark.parametrize(
    ("numbers", "was_listed", "why", "is_trouble"),
    [
        (1, False, Why.SKIPPED, False),
        (MANY_IN_A_ROW - 1, False, Why.SKIPPED, False),
        (MANY_IN_A_ROW, False, Why.MANY_SKIPPED, True),
        (1, True, Why.MISSING, True),
        (MANY_IN_A_ROW, True, Why.MISSING, True),
    ],
)
def test_numbers_that_the_vendor_skips_are_trouble_only_if_many_are_skipped_in_a_row(
    numbers: int, was_listed: bool, why: Why, is_trouble: bool
) -> None:
    assert why_missing(numbers, was_listed=was_listed) is why
    assert troubled([gap(1, 2, Why.SKIPPED), gap(1, 2, why)]) is is_trouble
    assert not troubled([])


@given(st.none() | st.integers(-1_000_000, 1000), GAPS)
def test_every_sentence_is_japanese(until: int | None, gaps: list[Gap]) -> None:
    said = sentence_of(Completeness(at(until), merged(gaps)), now=NOON)
    assert said.endswith("。")
    assert japanese_or_allowed(said)
    assert all(gap_sentence(each, now=NOON) for each in gaps)

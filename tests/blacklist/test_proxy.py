"""Attack by proxy, the rule: how many sources, within what time, and what a real browser is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.blacklist.proxy import WITHIN, Hit, Target, find_cases, looks_like_browser, source_of, times_of_parts
from tests.moments import START

TARGET = Target("shop-a.example.jp", "shop-a.example.jp/search", "q")
OTHER = Target("shop-a.example.jp", "shop-a.example.jp/other", "q")


def hits(number: int, *, target: Target = TARGET, browser: bool = True, begin: float = 0, gap: float = 1) -> list[Hit]:
    """So many sources, `gap` seconds apart."""
    return [
        Hit(target, f"198.51.{begin:.0f}.{place}", START + timedelta(seconds=begin + place * gap), browser)
        for place in range(number)
    ]


@pytest.mark.parametrize(("sources", "cases"), [(10, 0), (11, 1), (200, 1)])
def test_more_than_ten_sources_are_a_case(sources: int, cases: int) -> None:
    found = find_cases(hits(sources), known={})
    assert [case.sources for case in found] == [sources] * cases
    if found:
        assert found[0].target == TARGET
        assert found[0].addresses == {hit.address for hit in hits(sources)}
        assert (found[0].first_at, found[0].last_at) == (START, START + timedelta(seconds=sources - 1))


@pytest.mark.parametrize(("gap", "cases"), [(60, 1), (60.1, 0)])
def test_within_ten_minutes(gap: float, cases: int) -> None:
    assert len(find_cases(hits(11, gap=gap), known={})) == cases


def test_the_same_source_many_times_is_one() -> None:
    one = [Hit(TARGET, "198.51.100.7", START + timedelta(seconds=second), browser=True) for second in range(50)]
    assert find_cases(one, known={}) == []
    assert find_cases([*one, *hits(9)], known={}) == []
    assert len(find_cases([*one, *hits(10)], known={})) == 1


def test_one_line_of_ipv6_is_one_source() -> None:
    line = [Hit(TARGET, f"2001:db8:0:1::{number:x}", START, browser=True) for number in range(50)]
    lines = [Hit(TARGET, f"2001:db8:0:{number:x}::1", START, browser=True) for number in range(11)]
    assert find_cases(line, known={}) == []
    assert find_cases(lines, known={})[0].sources == 11
    assert source_of("2001:db8:0:1::5") == "2001:db8:0:1::/64"
    assert source_of("198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize(("browsers", "tools", "cases"), [(11, 0, 1), (11, 10, 1), (11, 11, 0), (6, 5, 1), (5, 6, 0)])
def test_most_of_them_look_like_browsers(browsers: int, tools: int, cases: int) -> None:
    found = find_cases([*hits(browsers, begin=200), *hits(tools, browser=False, begin=100)], known={})
    assert len(found) == cases
    if found:
        assert found[0].sources == browsers + tools


def test_one_sign_of_a_tool_counts_against_a_source() -> None:
    signs = [Hit(TARGET, hit.address, hit.at, browser=False) for hit in hits(11)[:6]]
    assert find_cases([*hits(11), *signs], known={}) == []


def test_targets_are_told_apart() -> None:
    mixed = [*hits(10), *hits(10, target=OTHER)]
    assert find_cases(mixed, known={}) == []
    assert [case.target for case in find_cases([*hits(11, target=OTHER), *hits(11)], known={})] == [OTHER, TARGET]


def test_who_came_at_another_time_takes_no_part() -> None:
    early, later = hits(3, begin=0), hits(12, begin=200, gap=1)
    lonely = [Hit(TARGET, "203.0.113.1", START + timedelta(hours=1), browser=True)]
    found = find_cases([*lonely, *later, *early], known={})
    assert found[0].addresses == {hit.address for hit in (*early, *later)}
    far = [Hit(hit.target, hit.address, hit.at - timedelta(hours=1), browser=True) for hit in early]
    assert find_cases([*far, *later], known={})[0].addresses == {hit.address for hit in later}


def test_two_waves_are_one_case_of_all_their_sources() -> None:
    first, second = hits(11), hits(12, begin=2000)
    [case] = find_cases([*first, *second], known={})
    assert case.sources == 23
    assert case.last_at == second[-1].at


def test_a_case_goes_on_for_a_day_with_every_browser() -> None:
    late = START + timedelta(hours=24)
    one = [Hit(TARGET, "203.0.113.1", late, browser=True)]
    assert find_cases(one, known={TARGET: START})[0].addresses == {"203.0.113.1"}
    assert find_cases(one, known={OTHER: START}) == []
    assert find_cases(one, known={TARGET: START - timedelta(seconds=1)}) == []
    assert find_cases([Hit(TARGET, "203.0.113.1", late, browser=False)], known={TARGET: START}) == []


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("client_type", "signs", "agent", "browser"),
    [
        ("Browser", "false", "", True),
        ("Crawler", "true", CHROME, False),
        ("Developer Tool", "", CHROME, False),
        ("Unclassified", "true", "curl/8.0", True),
        ("Unclassified", "false", CHROME, True),
        ("", "", CHROME, True),
        (
            "",
            "",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
            True,
        ),
        ("", "", "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0", False),
        ("", "", "Mozilla/5.0 (compatible; Googlebot/2.1) Chrome/130.0", False),
        ("", "", "Mozilla/5.0 (X11; Linux x86_64)", False),
        ("", "", "sqlmap/1.8 Chrome/130.0", False),
        ("", "", "", False),
    ],
)
def test_what_looks_like_a_browser(client_type: str, signs: str, agent: str, browser: bool) -> None:
    for javascript, captcha in ((signs, "NA"), ("false", signs)):
        found = looks_like_browser(client_type=client_type, javascript=javascript, captcha=captcha, user_agent=agent)
        assert found is browser


@given(
    st.lists(
        st.tuples(st.integers(1, 16), st.integers(0, 1500), st.booleans()).map(
            lambda sign: Hit(TARGET, f"198.51.100.{sign[0]}", START + timedelta(seconds=sign[1]), browser=sign[2])
        ),
        max_size=60,
    )
)
def test_the_rule_is_what_a_plain_count_at_every_hit_says(played: list[Hit]) -> None:
    expected = set()
    for last in played:
        window = [hit for hit in played if timedelta(0) <= last.at - hit.at <= WITHIN]
        sources = {hit.address for hit in window}
        tools = {hit.address for hit in window if not hit.browser}
        if len(sources) > 10 and len(tools) * 2 < len(sources):
            expected |= sources
    assert set().union(*(case.addresses for case in find_cases(played, known={}))) == expected


def test_a_flood_is_judged_quickly() -> None:
    flood = [
        Hit(TARGET, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", START, browser=True)
        for number in range(20_000)
    ]
    assert find_cases(flood, known={})[0].sources == 20_000


def test_over_a_long_time_who_took_part_and_when() -> None:
    day = 24 * 3600
    later = [Hit(TARGET, "203.0.113.1", START + timedelta(seconds=n), browser=True) for n in (3600, day + 3600)]
    tool = Hit(TARGET, "203.0.113.2", START + timedelta(seconds=60), browser=False)
    before = Hit(TARGET, "203.0.113.3", START - timedelta(seconds=1200), browser=True)
    too_late = Hit(TARGET, "203.0.113.4", START + timedelta(seconds=2 * day + 3601), browser=True)
    few = hits(10, target=OTHER)
    found = times_of_parts([*hits(11), *later, tool, before, too_late, *few])
    assert found["203.0.113.1"] == [hit.at for hit in later]
    assert set(found) == {hit.address for hit in hits(11)} | {"203.0.113.1", "203.0.113.2"}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3000), st.booleans()), max_size=60))
def test_without_a_pause_it_names_those_whom_the_rule_for_new_lines_names(found: list[tuple[int, int, bool]]) -> None:
    told = [Hit(TARGET, f"198.51.100.{n}", START + timedelta(seconds=s), browser) for n, s, browser in found]
    cases = find_cases(told, known={})
    named = frozenset().union(*(case.addresses for case in cases))
    assert named <= set(times_of_parts(told))

"""Filters and their writing in an address: back and forth without loss, sentences for the rest."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.addresses import parse_network
from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import EMPTY, LONGEST_VALUE, MOST_FILTERS, By, Filter, WrongValue, filter_of, in_order
from sakimori.logs.search_address import (
    Trouble,
    filters_of,
    parameters_of,
    query_string,
    read_moment,
    written_moment,
)

_BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
_signs = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_texts = st.text(_signs, min_size=1, max_size=40).filter(lambda text: text.strip() != "")
_words = {
    By.KIND: st.sampled_from([kind.value for kind in AttackKind]),
    By.OUTCOME: st.sampled_from([outcome.value for outcome in Outcome]),
    By.COUNTRY: st.text("abcXYZ", min_size=2, max_size=2) | st.just(EMPTY),
    By.ADDRESS: st.ip_addresses().map(str) | st.ip_addresses(v=4).map(lambda each: f"{each}/20") | st.just(EMPTY),
}


def filters() -> st.SearchStrategy[Filter]:
    def one(by: By) -> st.SearchStrategy[Filter]:
        return st.builds(
            lambda text, exclude: filter_of(by, text, exclude=exclude), _words.get(by, _texts), st.booleans()
        )

    return st.sampled_from(By).flatmap(one)


queries = st.builds(
    lambda begin, length, chosen: LogQuery(
        7, _BEGIN + timedelta(milliseconds=begin), _BEGIN + timedelta(milliseconds=begin + length), chosen
    ),
    st.integers(0, 10**10),
    st.integers(1, 10**10),
    st.frozensets(filters(), max_size=8),
)


@given(queries)
def test_a_search_survives_its_way_through_an_address(query: LogQuery) -> None:
    parameters = parse_qsl(query_string(query, contract="K-1"), keep_blank_values=True)
    assert parameters[0] == ("contract", "K-1")
    assert parameters[1:] == parameters_of(query)
    found, troubles = filters_of(parameters)
    begins, ends = (read_moment(dict(parameters)[name]) for name in ("begins", "ends"))
    assert troubles == []
    assert (begins, ends, found) == (query.begins, query.ends, query.filters)


@given(st.sampled_from(By), st.text(st.characters()), st.booleans())
def test_any_text_is_a_filter_or_a_sentence(by: By, text: str, exclude: bool) -> None:
    name = f"not_{by}" if exclude else str(by)
    found, troubles = filters_of([(name, text)])
    assert len(found) + len(troubles) == bool(text.strip())
    assert [each.sentence[-1] for each in troubles] == ["。"] * len(troubles)
    for made in found:
        assert filter_of(by, made.value, exclude=exclude) == made
        assert made.opposite.opposite == made


@pytest.mark.parametrize(
    ("by", "text", "value"),
    [
        (By.ADDRESS, " 198.51.100.7 ", "198.51.100.7"),
        (By.ADDRESS, "198.51.100.7/32", "198.51.100.7"),
        (By.ADDRESS, "198.51.100.7/24", "198.51.100.0/24"),
        (By.ADDRESS, "::ffff:198.51.100.7", "198.51.100.7"),
        (By.ADDRESS, "2001:DB8:0::1", "2001:db8::1"),
        (By.ADDRESS, "2001:db8::1/64", "2001:db8::/64"),
        (By.ADDRESS, "１９８．５１．１００．７", "198.51.100.7"),
        (By.ADDRESS, "198。51。100。7", "198.51.100.7"),
        (By.ADDRESS, "１９８.５１.１００.０／２４", "198.51.100.0/24"),
        (By.ADDRESS, "198.51.100.", "198.51.100.0/24"),
        (By.ADDRESS, "198.51.100.*", "198.51.100.0/24"),
        (By.ADDRESS, "198.51.100", "198.51.100.0/24"),
        (By.ADDRESS, "１９８．５１．＊．＊", "198.51.0.0/16"),
        (By.ADDRESS, "198.51.*", "198.51.0.0/16"),
        (By.ADDRESS, "198.", "198.0.0.0/8"),
        (By.ADDRESS, "２００１：ｄｂ８：：１", "2001:db8::1"),
        (By.COUNTRY, "jp", "JP"),
        (By.COUNTRY, "ｊｐ", "JP"),
        (By.COUNTRY, "日本", "JP"),
        (By.COUNTRY, "日本（JP）", "JP"),
        (By.COUNTRY, " 日本(JP) ", "JP"),
        (By.COUNTRY, "米国", "US"),
        (By.COUNTRY, "ｱﾒﾘｶ", "US"),
        (By.COUNTRY, "不明", EMPTY),
        (By.COUNTRY, "－", EMPTY),
        (By.RULE, "ルール１", "ルール１"),
        (By.COUNTRY, "Unknown", "Unknown"),
        (By.TEXT, " /login ", "/login"),
        (By.URL, "shop.example.jp/a ", "shop.example.jp/a "),
        (By.SITE, EMPTY, EMPTY),
        (By.TEXT, EMPTY, EMPTY),
        (By.KIND, "sql_injection", "sql_injection"),
    ],
)
def test_a_value_has_one_writing(by: By, text: str, value: str) -> None:
    assert filter_of(by, text).value == value


@pytest.mark.parametrize(
    ("by", "text", "sentence"),
    [
        (By.ADDRESS, "さくら", "読み取れません"),
        (By.ADDRESS, "198.51.100.7'; DROP TABLE events", "読み取れません"),
        (By.ADDRESS, "198.51.100.0/33", "読み取れません"),
        (By.KIND, "SQL", "攻撃種別を一覧から"),
        (By.KIND, EMPTY, "攻撃種別を一覧から"),
        (By.OUTCOME, "gone", "結果を一覧から"),
        (By.ADDRESS, "198", "「198.51.100.」"),
        (By.ADDRESS, "198.51.300.", "読み取れません"),
        (By.ADDRESS, "198.51.100.7.*", "読み取れません"),
        (By.ADDRESS, "198.51.100.0/24.", "読み取れません"),
        (By.ADDRESS, "198.51.*.7", "読み取れません"),
        (By.ADDRESS, "*", "読み取れません"),
        (By.COUNTRY, "どこか", "例：日本、JP"),
        (By.SITE, "  ", "値を入力"),
        (By.TEXT, "x" * (LONGEST_VALUE + 1), "文字以内"),
        (By.TEXT, "a\0b", "検索できない文字"),
        (By.RULE, "\udc80", "検索できない文字"),
    ],
)
def test_a_wrong_value_is_answered_with_a_sentence(by: By, text: str, sentence: str) -> None:
    with pytest.raises(WrongValue, match=sentence):
        filter_of(by, text)


def test_wrong_parameters_are_told_and_the_right_ones_kept() -> None:
    found, troubles = filters_of(
        [("address", "x"), ("site", ""), ("page", "2"), ("not_country", "us"), ("not_kind", "x"), ("text", " ")]
    )
    assert found == {Filter(By.COUNTRY, "US", exclude=True)}
    assert [(each.name, each.given) for each in troubles] == [("address", "x"), ("not_kind", "x")]
    assert isinstance(troubles[0], Trouble)


def test_too_many_filters_are_refused() -> None:
    found, troubles = filters_of(("text", str(number)) for number in range(MOST_FILTERS + 1))
    assert len(found) == MOST_FILTERS + 1
    assert [each.name for each in troubles] == [""]
    assert filters_of(("text", str(number)) for number in range(MOST_FILTERS))[1] == []


def test_filters_have_an_order() -> None:
    one, two, three = filter_of(By.SITE, "b"), filter_of(By.SITE, "a").opposite, filter_of(By.TEXT, "a")
    assert in_order({three, two, one}) == [one, two, three]


@pytest.mark.parametrize(
    "text",
    [
        "２０２６／１１／２５　０９：３０",
        "2026-11-25T09:30",
        "2026-11-25 09:30",
        "2026/11/25 09:30:00",
        "2026-11-25T09:30:00.000",
        " 2026-11-25T09:30:00 ",
    ],
)
def test_a_moment_of_japan_may_be_written_in_several_ways(text: str) -> None:
    assert read_moment(text) == datetime(2026, 11, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "昨日", "2026-13-45T99:99", "2026-11-25T09:30+09:00", "0001-01-01", "9" * 99])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text) is None


def test_a_day_alone_is_its_beginning_and_moments_are_written_short() -> None:
    moment = read_moment("2026/11/25")
    assert moment == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert written_moment(moment) == "2026-11-25T00:00"
    assert written_moment(moment + timedelta(seconds=5)) == "2026-11-25T00:00:05"
    assert written_moment(moment + timedelta(milliseconds=5)) == "2026-11-25T00:00:00.005"


def test_every_written_network_is_a_network() -> None:
    assert parse_network(filter_of(By.ADDRESS, "2001:db8::1/64").value) is not None

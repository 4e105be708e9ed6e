"""What a row of the log page says of an event, and that nothing in it turns or hides itself."""

import pytest
from django.test import Client

from sakimori.logs.store.interface import LogStore
from tests.people import People
from tests.portal.test_logs import _event, _follow, _get, _link, _rows, alice, store

__all__ = ["alice", "store"]
SENT = "shop-a.example.jp/%E5%8C%97%E6%B5%B7%E9%81%93%e2%80%ae%0A%3Cb%3E%FF"
READ = "shop-a.example.jp/北海道&lt;U+202E&gt;&lt;U+000A&gt;&lt;b&gt;%FF"


@pytest.fixture
def encoded(store: LogStore, people: People) -> None:
    """One more event, whose path was sent percent-encoded."""
    event = _event("shop-a.example.jp", "192.0.2.77", minutes=1)._replace(url=SENT)
    store.append([(1, event)], contract_id=people.a.pk, file_id=99)


@pytest.mark.usefixtures("encoded")
def test_a_japanese_word_finds_what_was_sent_encoded_and_both_can_be_read(alice: Client) -> None:
    page = _get(alice, text="北海道")
    assert "新しい順、1 件" in page
    event = _follow(alice, _link(page, "別のページで開く"))
    for text in (_rows(page), event):
        assert SENT in text
        assert READ in text
        assert "\u202e" not in text


def test_a_row_says_by_which_rule_and_with_which_answer(alice: Client, store: LogStore, people: People) -> None:
    rules = ("一", "二", "三", "\u202e四", "五")
    event = _event("shop-a.example.jp", "192.0.2.77", minutes=1)._replace(rule_names=rules, status=403)
    store.append([(1, event)], contract_id=people.a.pk, file_id=99)
    rows = _rows(_get(alice, address="192.0.2.77"))
    for words in ("ルール：一", "ルール：三", "ほか 2 件のルール", "応答 403"):
        assert words in rows, words
    sought = _rows(_get(alice, rule="\u202e四"))
    assert "ルール：&lt;U+202E&gt;四" in sought
    assert "ルール：三" not in sought


def test_a_country_may_be_typed_by_name_and_is_offered(alice: Client) -> None:
    for typed in ("日本", "日本（JP）", "ｊｐ"):
        text = _get(alice, country=typed)
        assert "新しい順、1 件" in text
        assert '<input type="hidden" name="country" value="JP">' in text
        assert ">国：日本（JP）<" in text
    datalist = text.partition('<datalist id="log-countries">')[2].partition("</datalist>")[0]
    assert '<option value="アメリカ（US）">' in datalist
    assert text.count('list="log-countries"') == 2


def test_as_long_as_nothing_came_nothing_looks_well(alice: Client) -> None:
    text = _get(alice)
    assert "まだありません" in text
    assert '<span class="badge">到達状況</span>' in text

"""Japanese in URLs: what is typed is found as it was sent, and what was sent can be read."""

import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sakimori.logs.percent import MOST_FORMS, decoded, sent_forms

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JAPANESE = st.text(st.sampled_from("北海道さくら餅 ガｱ１－a"), min_size=1, max_size=12)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_sought_as_it_is_and_nothing_else(text: str) -> None:
    assert sent_forms(text) == [text]


@given(JAPANESE)
def test_a_word_is_found_however_a_browser_sends_it(text: str) -> None:
    for meant in (text, unicodedata.normalize("NFKC", text)):
        for sent in (quote(meant), quote_plus(meant)):
            assert sent in sent_forms(text) or meant.isascii()
    assert sent_forms(text)[0] == text


@given(TEXTS)
@example("ガ １")
def test_a_text_has_few_forms_and_each_once(text: str) -> None:
    forms = sent_forms(text)
    assert len(set(forms)) == len(forms) <= MOST_FORMS
    assert all(form.isascii() for form in forms[1:])


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("北海道", ["北海道", "%E5%8C%97%E6%B5%B7%E9%81%93"]),
        ("q=東 京&x", ["q=東 京&x", "q=%E6%9D%B1%20%E4%BA%AC&x", "q=%E6%9D%B1+%E4%BA%AC&x"]),
        ("ｌｏｇｉｎ", ["ｌｏｇｉｎ", "%EF%BD%8C%EF%BD%8F%EF%BD%87%EF%BD%89%EF%BD%8E", "login"]),
    ],
)
def test_the_forms_of_a_text(text: str, forms: list[str]) -> None:
    assert sent_forms(text) == forms


@given(TEXTS)
def test_what_a_browser_sends_can_be_read(text: str) -> None:
    assert decoded(quote(text, safe="")) == text
    assert decoded(quote_plus(text), is_query=True) == text


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("/%e5%8c%97", "/北"),
        ("/a+b", "/a+b"),
        ("%E5%8C", "%E5%8C"),
        ("%e5%8c%E5%8C%97%fF", "%e5%8c北%fF"),
        ("%ED%A0%80", "%ED%A0%80"),
        ("%C0%AF%2e", "%C0%AF."),
        ("%zz%2", "%zz%2"),
        ("%2541", "%41"),
        ("%00%0a%E2%80%AE", "\0\n\u202e"),
        ("北%", "北%"),
    ],
)
def test_what_cannot_be_read_stays_as_it_was_sent(sent: str, read: str) -> None:
    assert decoded(sent) == read


@given(st.text(st.sampled_from("%0123456789abcdefABCDEF+ 北"), max_size=40))
def test_whatever_is_sent_reads_without_an_error(sent: str) -> None:
    for is_query in (False, True):
        assert len(decoded(sent, is_query=is_query).encode()) <= len(sent.encode())

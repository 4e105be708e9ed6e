"""What may stand in an advisory, and the sentence for everything that may not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.advisories.checking import LONGEST_BODY, MOST_SOURCES, Unfit, clean_body, clean_line, clean_sources
from tests.japanese.text import japanese_or_allowed


def test_good_texts_pass_and_are_tidied() -> None:
    assert clean_line("  緊急の脆弱性について 髙﨑𠮷 😀 ", "件名") == "緊急の脆弱性について 髙﨑𠮷 😀"
    assert clean_body("\r\n一行目 \r\n\r\n\t二行目\r三行目\n\n") == "一行目\n\n\t二行目\n三行目"
    assert clean_sources("") == ""
    urls = "https://www.example.jp/a?b=c#d\nhttp://192.0.2.1:8080/x"
    assert clean_sources(f"\n {urls} \n\n") == urls


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "件名を入力してください"),
        (" \n ", "件名を入力してください"),
        ("あ" * 101, "件名は 100 文字以内で入力してください（現在 101 文字）"),
        ("一行目\n二行目", "制御文字（U+000A）"),
        ("\u202egnp.exe", "制御文字（U+202E）"),
        ("a\x00b", "制御文字（U+0000）"),
        ("a\u200bb", "制御文字（U+200B）"),
        ("a\u2028b", "制御文字（U+2028）"),
        ("a\ud800b", "制御文字（U+D800）"),
    ],
)
def test_a_title_is_one_plain_line(text: str, words: str) -> None:
    with pytest.raises(Unfit) as refusal:
        clean_line(text, "件名")
    assert words in str(refusal.value)
    assert japanese_or_allowed(str(refusal.value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "本文を入力してください"),
        ("\n \n", "本文を入力してください"),
        ("あ" * (LONGEST_BODY + 1), "本文は 10,000 文字以内で入力してください（現在 10,001 文字）"),
        ("一行目\n\x1b[31m二行目", "本文に使用できない制御文字（U+001B）"),
        ("一行目\x0b二行目", "本文に使用できない制御文字（U+000B）"),
    ],
)
def test_a_body_is_plain_text(text: str, words: str) -> None:
    with pytest.raises(Unfit) as refusal:
        clean_body(text)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "line",
    [
        "javascript:alert(1)",
        "ftp://example.jp/",
        "www.example.jp",
        "https://",
        "https://user@example.jp/",
        "https://exa mple.jp/",
        'https://example.jp/"onclick="x',
        "https://例え.example.jp/",
        "https://example.jp/\x07",
        "https://[::1",
        "https://example.jp/" + "a" * 500,
    ],
)
def test_a_source_is_a_web_address(line: str) -> None:
    with pytest.raises(Unfit, match="情報源の 2 行目は、https:// または http://"):
        clean_sources(f"https://example.jp/\n{line}")


def test_there_are_not_too_many_sources() -> None:
    with pytest.raises(Unfit, match="10 件までです（現在 11 件）"):
        clean_sources("https://example.jp/\n" * (MOST_SOURCES + 1))


@given(st.text(max_size=200))
def test_whatever_passes_holds_no_sign_that_hides_or_turns_text(text: str) -> None:
    try:
        clean = clean_body(text)
    except Unfit:
        return
    hidden = {unicodedata.category(sign) for sign in clean.replace("\n", "").replace("\t", "")}
    assert not hidden & {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    assert clean_body(clean) == clean

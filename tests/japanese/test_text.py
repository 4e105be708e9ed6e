"""The judge of texts itself."""

import pytest

from tests.japanese.text import foreign_texts, japanese_or_allowed, texts_of


@pytest.mark.parametrize(
    "text", ["", "123", "ログインID", "IP アドレス", "a", "203.0.113.5", "Imperva", "T-0001", "JP", " WAF \n", "―"]
)
def test_japanese_and_allowed_texts_pass(text: str) -> None:
    assert japanese_or_allowed(text)


@pytest.mark.parametrize("text", ["Sign in", "Ok", "Incorrect code.", "Imperva error", "T-0001 closed", "ＯＫ"])
def test_other_texts_do_not(text: str) -> None:
    assert not japanese_or_allowed(text)


def test_every_text_that_is_seen_or_heard_is_taken_out() -> None:
    page = """<title>One</title><style>p { Two }</style><script>Three</script><p title="Four">Fi&#118;e <b>Six</b></p>
    <img alt="Seven"><input placeholder="Eight" aria-label="Nine"><input type="submit" value="Ten">
    <input type="hidden" value="Eleven"><button>Twelve</button><td data-label="Thirteen"></td><input type="submit">
    <optgroup label="Fourteen"><option>Fifteen</option></optgroup>"""
    found = set(" ".join(texts_of(page)).split())
    assert found == {
        "One",
        "Four",
        "Five",
        "Six",
        "Seven",
        "Eight",
        "Nine",
        "Ten",
        "Twelve",
        "Thirteen",
        "Submit",
        "Fourteen",
        "Fifteen",
    }


def test_foreign_texts_are_named() -> None:
    assert foreign_texts("<p>こんにちは</p><p>Good evening</p><p>WAF</p>") == ["Good evening"]

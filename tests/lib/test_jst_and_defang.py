"""Japanese time, and text that can do no harm."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.defang import defang, defang_prose, visible
from sakimori.lib.jst import day_of, milliseconds, start_of_day, written


def test_the_japanese_day_begins_at_three_in_the_afternoon_utc() -> None:
    assert day_of(datetime(2026, 2, 28, 14, 59, 59, tzinfo=UTC)) == date(2026, 2, 28)
    assert day_of(datetime(2026, 2, 28, 15, 0, tzinfo=UTC)) == date(2026, 3, 1)
    assert start_of_day(date(2026, 3, 1)) == datetime(2026, 2, 28, 15, 0, tzinfo=UTC)


def test_a_moment_is_written_for_japanese_readers() -> None:
    assert written(datetime(2026, 1, 2, 15, 4, 5, tzinfo=UTC)) == "2026年1月3日 00:04:05"


def test_milliseconds_are_exact() -> None:
    assert milliseconds(datetime(2026, 1, 2, 15, 4, 5, 678000, tzinfo=UTC)) == 1767366245678


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://evil.example/a", "hxxp[:]//evil[.]example/a"),
        ("HTTPS://evil.example", "HxxPS[:]//evil[.]example"),
        ("198.51.100.7", "198[.]51[.]100[.]7"),
        ("<script>", "＜script＞"),
        ("a\r\nBcc: x", "a<U+000D><U+000A>Bcc: x".replace("<", "＜").replace(">", "＞")),
        ("x" * 121, "x" * 120 + "…"),
    ],
)
def test_defanged_text(text: str, expected: str) -> None:
    assert defang(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://evil.example/a.exe を開く。", "hxxp[:]//evil[.]example/a[.]exe を開く。"),
        ("約1.5秒、12.3 Mbps です。", "約1.5秒、12.3 Mbps です。"),
        ("203.0.113.5 と mail@example.jp", "203[.]0[.]113[.]5 と mail[@]example[.]jp"),
        ("例え.jp へ", "例え[.]jp へ"),
        ("終わり. 次", "終わり. 次"),
        ("<b>\u202e", "＜b＞＜U+202E＞"),
    ],
)
def test_prose_stays_readable_and_leads_nowhere(text: str, expected: str) -> None:
    assert defang_prose(text) == expected


def test_prose_of_any_length_is_quick() -> None:
    assert defang_prose("a" * 200_000 + "." * 200_000 + "a.b") == "a" * 200_000 + "." * 200_000 + "a[.]b"


@given(st.text())
def test_visible_text_has_no_sign_that_hides_or_turns(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or all(sign.isprintable() or sign in "\xa0\u3000" or sign.isspace() for sign in shown)
    assert not set(shown) & set("\n\r\x1b\u202e\u2066\ufeff")

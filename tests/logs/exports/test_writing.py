"""The texts of a download: safe in a spreadsheet program whatever an attacker typed, and nothing of it lost."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.attack_kinds import AttackKind, Outcome
from sakimori.logs.exports.writing import as_lines, as_table, defused
from sakimori.logs.fields import FIELDS, Event

SIGNS = st.text(st.sampled_from("=+-@\t\r\n＝＋－＠'\";,|a漢 "), max_size=12) | st.text("0123e.", max_size=20)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | SIGNS
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def row(**columns: Any) -> dict[str, Any]:
    """A row as the store gives it."""
    event = Event(time=datetime(2026, 11, 25, 0, 30, 1, 234_000, tzinfo=UTC))._asdict() | {"frame": ""}
    return {**event, "file_id": 7, "line_no": 3, "address": "", **columns}


def table(*rows: dict[str, Any]) -> list[list[str]]:
    """The table as a program reads it."""
    text = b"".join(as_table(rows)).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def cells(**columns: Any) -> dict[str, str]:
    headings, values = table(row(**columns))
    return dict(zip(headings, values, strict=True))


@given(TEXTS)
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    safe = defused(text)
    assert not safe.startswith(FORMULA)
    assert safe.removeprefix("'") == text


@pytest.mark.parametrize("text", ["1234567890123456", "290000280026340841", "007", "12345678e9", "1.5E10", "0" * 20])
def test_an_identifier_is_no_number_that_a_spreadsheet_would_shorten(text: str) -> None:
    assert cells(request_id=text)["リクエストID"] == f"'{text}"
    assert cells(rule_ids=[text])["ルールID"] == f"'{text}"


@pytest.mark.parametrize(
    "text", ["0", "123456789012345", "1e", "e9", "2001:db8::1", "１２３４５６７８９０１２３４５６７８"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_numbers_that_a_spreadsheet_would_shorten_are_texts() -> None:
    found = cells(site_id=10**15, account_id=10**15 - 1)
    assert (found["サイトID"], found["アカウントID"]) == ("'1000000000000000", "999999999999999")


@given(st.dictionaries(st.sampled_from([field.name for field in FIELDS if field.kind in ("text", "word")]), TEXTS))
def test_whatever_stands_in_a_row_no_cell_begins_like_a_formula(columns: dict[str, Any]) -> None:
    found = cells(**columns)
    assert len(found) == len(FIELDS) + 2
    assert not [value for value in found.values() if value.startswith(FORMULA)]
    labels = {field.name: field.label for field in FIELDS}
    for name, text in columns.items():
        if name not in ("attack_kind", "outcome"):
            assert found[labels[name]].removeprefix("'") == text


@given(st.lists(TEXTS, max_size=3), st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_lists_and_maps_are_safe_too(listed: list[str], mapped: dict[str, str]) -> None:
    found = cells(rule_names=listed, rule_ids=listed, extra=mapped)
    assert not [value for value in found.values() if value.startswith(FORMULA)]


def test_a_table_has_the_headings_of_the_fields_and_ends_lines_as_spreadsheets_do() -> None:
    text = b"".join(as_table([row(site="a\nb")])).decode("utf-8-sig")
    heading = text.partition("\r\n")[0]
    assert heading.startswith(
        '"受信ファイル番号","行番号","発生時刻（日本時間）","終了時刻（日本時間）","リクエストID"'
    )
    assert heading.endswith('"その他の項目","原文"')
    assert text.count("\r\n") == 2
    assert b"".join(as_table([])).count(b"\r\n") == 1


def test_values_are_written_for_readers() -> None:
    found = cells(
        attack_kind=AttackKind.SQL_INJECTION.value,
        attack_kinds=[AttackKind.SQL_INJECTION.value, "new_kind"],
        outcome=Outcome.BLOCKED.value,
        latitude=-35.5,
        site_id=77,
        status=403,
        rule_names=["甲", "乙"],
        extra={"k": "欄"},
        client_ip="2001:db8::1",
        line="CEF:0|原文",
    )
    assert found["発生時刻（日本時間）"] == "2026-11-25 09:30:01.234"
    assert (found["終了時刻（日本時間）"], found["受信ファイル番号"], found["行番号"]) == ("", "7", "3")
    assert found["攻撃種別"] == AttackKind.SQL_INJECTION.label
    assert found["攻撃種別(すべて)"] == f"{AttackKind.SQL_INJECTION.label}、new_kind"
    assert found["結果"] == Outcome.BLOCKED.label
    assert (found["緯度"], found["サイトID"], found["応答コード"]) == ("-35.5", "77", "403")
    assert (found["ルール名"], found["その他の項目"]) == ("甲、乙", '{"k": "欄"}')
    assert (found["接続元IPアドレス"], found["原文"]) == ("2001:db8::1", "CEF:0|原文")


@given(st.lists(TEXTS.filter(lambda text: "\n" not in text), max_size=5))
def test_lines_are_as_they_came(lines: list[str]) -> None:
    assert b"".join(as_lines(row(line=line) for line in lines)).decode() == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("writing", [as_table, as_lines])
def test_memory_does_not_grow_with_the_number_of_rows(writing: Any) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from (row(line="x" * 2000, line_no=number) for number in range(10_000))

    list(writing([row()]))
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in writing(rows()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 20_000_000
    assert peak < 6_000_000

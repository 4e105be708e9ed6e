"""The hearing sheet: what is right becomes records, what is wrong becomes a sentence with its cell."""

from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from sakimori.customers import sheet
from sakimori.customers.models import MemberRole
from sakimori.customers.sheet import cells, layout
from sakimori.customers.sheet.cells import BadCell
from tests.customers.sheets import edited, filled, sentences
from tests.japanese.text import japanese_or_allowed

NUMBER_PHONE = "数値になっているため、先頭の 0 が失われています。セルの書式を「文字列」にして入力してください。"
NO_NETWORK = "IP アドレスまたはネットワークを「192.0.2.1」「192.0.2.0/24」の形式で入力してください。"
NOON = datetime(2026, 4, 1, 12, 0)  # noqa: DTZ001 - a spreadsheet knows no zone


_PLAIN: dict[str, Any] = {
    "phone_kind": "direct",
    "phone_note": "",
    "second_phone": "",
    "hours": "",
    "on_holidays": True,
    "sites": (),
}


def test_a_filled_in_template_becomes_records() -> None:
    reading = sheet.read(filled())
    assert reading.errors == ()
    assert reading.sheet == sheet.HearingSheet(
        customer=sheet.CustomerLine("C-0003", "株式会社みなと商会"),
        contract=sheet.ContractLine(
            "K-2026-0003",
            date(2026, 10, 1),
            20,
            keeps_logs=True,
            has_load_balancing=False,
            keeps_access_lines=False,
        ),
        sites=(
            sheet.SiteLine(
                "www.minato.example.jp",
                9301,
                reachable=True,
                watched=False,
                probe_url="https://www.minato.example.jp/shop/",
                expected_text="みなと商会",
            ),
        ),
        contacts=(
            sheet.ContactLine(1, "港 直美", "ミナト ナオミ", "03-0000-3001", "naomi@minato.example.jp", **_PLAIN),
            sheet.ContactLine(2, "夜間窓口", "", "", "night@minato.example.jp", **_PLAIN),
        ),
        users=(sheet.UserLine("港 直美", "admin"),),
        networks=(sheet.NetworkLine("192.0.2.0/28", "本社からの更新作業"),),
    )


def test_the_examples_of_the_template_are_right() -> None:
    answers = {column.heading: column.example for column in layout.FORM.columns}
    lines = {table.name: [[column.example for column in table.columns]] for table in layout.LISTS}
    assert sentences(sheet.fill_in(answers, lines)) == []


def test_a_blank_template_asks_for_what_is_needed() -> None:
    assert sentences(sheet.blank_template()) == [
        "「契約」シート B4: 「お客様番号」をご記入ください。",
        "「契約」シート B5: 「お客様名」をご記入ください。",
        "「契約」シート B6: 「契約番号」をご記入ください。",
        "「契約」シート B7: 「開始日」をご記入ください。",
        "「契約」シート B8: 「契約帯域 (Mbps)」をご記入ください。",
        "「サイト」シート: 1 行以上ご記入ください。",
        "「連絡先」シート: 1 行以上ご記入ください。",
    ]


def test_every_wrong_cell_is_named_at_once() -> None:
    content = filled(
        answers={"開始日": "きのう", "契約帯域 (Mbps)": "たくさん"},
        連絡先=[
            ["一", "港 直美", "naomi", 300003001, "naomi(at)minato.example.jp"],
            [2, None, None, "119", "night@minato.example.jp"],
        ],
        サイト=[["https://www.minato.example.jp/", "9301", "たぶん", None, "ftp://x/", None]],
        ポータル利用者=[["港 直美", "社長"]],
        登録済みアドレス=[["本社", None], ["10.0.0.0/8", None]],
    )
    assert sentences(content) == [
        "「契約」シート B7: 日付を「2026/04/01」の形式で入力してください。",
        "「契約」シート B8: 整数で入力してください。",
        "「サイト」シート A4: ドメインを「www.example.jp」の形式で入力してください（https:// やパスは不要です）。",
        "「サイト」シート C4: 「はい」または「いいえ」を入力してください。",
        "「サイト」シート E4: URL を「https://www.example.jp/」の形式で、300 文字以内で入力してください。",
        "「連絡先」シート A4: 整数で入力してください。",
        "「連絡先」シート C4: フリガナは全角カタカナで、100 文字以内で入力してください。",
        f"「連絡先」シート D4: {NUMBER_PHONE}",
        "「連絡先」シート E4: メールアドレスの形式が正しくありません。",
        "「連絡先」シート B5: 「氏名」をご記入ください。",
        "「連絡先」シート D5: 電話番号は「03-0000-0000」のように市外局番から入力してください。",
        "「ポータル利用者」シート B4: 「閲覧者」、「承認者」、「管理者」のいずれかを入力してください。",
        f"「登録済みアドレス」シート A4: {NO_NETWORK}",
        "「登録済みアドレス」シート A5: ネットワークが広すぎます（/16 より狭い範囲で入力してください）。",
    ]
    assert sheet.read(content).sheet is None


def test_nothing_may_be_said_twice_that_tells_lines_apart() -> None:
    content = filled(
        サイト=[["a.example.jp", 1], ["b.example.jp", "1"]],
        連絡先=[[1, "甲", None, None, "a@example.jp"], [1, "乙", None, None, "A@example.jp"]],
        ポータル利用者=[["甲", "閲覧者"], ["甲", "管理者"]],
        登録済みアドレス=[["192.0.2.1"], ["::ffff:192.0.2.1"]],
    )
    assert sentences(content) == [
        "「サイト」シート B5: 「サイトID」が 4 行目と重複しています。",
        "「連絡先」シート A5: 「優先度」が 4 行目と重複しています。",
        "「連絡先」シート E5: 「メールアドレス」が 4 行目と重複しています。",
        "「ポータル利用者」シート A5: 「氏名」が 4 行目と重複しています。",
        "「登録済みアドレス」シート A5: 「アドレス」が 4 行目と重複しています。",
    ]


def test_only_pages_of_the_site_itself_are_visited() -> None:
    own = filled(サイト=[["minato.example.jp", 1, None, None, "https://www.minato.example.jp/"]])
    foreign = filled(サイト=[["minato.example.jp", 1, None, None, "https://minato.example.jp.example.com/"]])
    assert sentences(own) == []
    assert sentences(foreign) == [
        "「サイト」シート E4: 「確認する URL」には、同じ行のドメインのページをご記入ください。"
    ]


def test_columns_may_stand_in_any_order_and_headings_be_typed_in_full_width() -> None:
    def turn(book: Workbook) -> None:
        contacts = book["連絡先"]
        for row in contacts.iter_rows(min_row=3, max_row=5):
            values = [cell.value for cell in row]
            for cell, value in zip(row, reversed(values), strict=True):
                cell.value = value
        contacts["E3"].value = " 優 先 度＊ "
        book["契約"]["A8"].value = "契約帯域（Ｍｂｐｓ）"

    reading = sheet.read(edited(turn))
    assert reading.errors == ()
    assert reading.sheet is not None
    assert [contact.priority for contact in reading.sheet.contacts] == [1, 2]


def test_missing_sheets_headings_and_questions_are_named() -> None:
    def spoil(book: Workbook) -> None:
        del book["サイト"]
        book["連絡先"]["A3"].value = "順番"
        book["ポータル利用者"].delete_rows(1, 3)
        book["契約"]["A4"].value = "番号"

    assert sentences(edited(spoil)) == [
        "「契約」シート: A 列に「お客様番号」の行がありません。",
        "「サイト」シート: シートがありません。ひな形に記入したファイルを選んでください。",
        "「連絡先」シート: 見出し「優先度」がありません。",
        "「ポータル利用者」シート: 見出し「氏名」「権限」がありません。",
    ]


def test_formulas_and_error_values_are_not_taken_for_values() -> None:
    def spoil(book: Workbook) -> None:
        book["契約"]["B7"].value = "=TODAY()"
        book["連絡先"]["B4"].value = '=HYPERLINK("https://example.com/","港 直美")'
        book["連絡先"]["B5"].value = "#N/A"

    assert sentences(edited(spoil)) == [
        "「契約」シート B7: 数式は取り込めません。値を入力してください。",
        "「連絡先」シート B4: 数式は取り込めません。値を入力してください。",
        "「連絡先」シート B5: Excel のエラー値になっています。値を入力してください。",
    ]


def test_text_that_begins_with_an_equals_sign_stays_text_in_a_template() -> None:
    content = filled(登録済みアドレス=[["192.0.2.1", "=1+1"]])
    assert load_workbook(BytesIO(content))["登録済みアドレス"]["B4"].data_type == "s"
    found = sheet.read(content).sheet
    assert found is not None
    assert found.networks[0].note == "=1+1"


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (cells.name(9), " 髙﨑　𠮷鷗 ", "髙﨑 𠮷鷗"),
        (cells.name(9), 365.0, "365"),
        (cells.code, "Ｃ－０００１", "C-0001"),
        (cells.whole(1, 10), "１０", 10),
        (cells.whole(1, 10**6), "1,000", 1000),
        (cells.whole(1, 10), 10.0, 10),
        (cells.day, NOON, date(2026, 4, 1)),
        (cells.day, date(2026, 4, 1), date(2026, 4, 1)),
        (cells.day, "２０２６年４月１日", date(2026, 4, 1)),
        (cells.day, "2026-4-1", date(2026, 4, 1)),
        (cells.day, "令和 8 年 4 月 1 日", date(2026, 4, 1)),
        (cells.day, "令和元年5月1日", date(2019, 5, 1)),
        (cells.yes_or_no, True, True),
        (cells.yes_or_no, "有り", True),
        (cells.yes_or_no, "なし", False),
        (cells.one_of({"管理者": "admin"}), "管理者 ", "admin"),
        (cells.mail, " Naomi@example.jp ", "Naomi@example.jp"),
        (cells.phone, "０３ー００００－３００１", "03-0000-3001"),
        (cells.phone, "03(0000)3001", "03-0000-3001"),
        (cells.phone, "+81-3-0000-3001", "+81-3-0000-3001"),
        (cells.phone, "０３-0000-3001（内線５）", "03-0000-3001 内線 5"),
        (cells.phone, "03-0000-3001 ext. 12", "03-0000-3001 内線 12"),
        (cells.kana, "みなと　ﾅｵﾐ", "ミナト ナオミ"),
        (cells.domain, "WWW.Example.JP.", "www.example.jp"),
        (cells.domain, "日本語.example.jp", "xn--wgv71a119e.example.jp"),
        (cells.page, "https://www.example.jp:8443/a?b=c", "https://www.example.jp:8443/a?b=c"),
        (cells.network, "192.0.2.7/28", "192.0.2.0/28"),
        (cells.network, "２００１:db8::１", "2001:db8::1"),
        (cells.network, "192.0.2.7/32", "192.0.2.7/32"),
    ],
)
def test_what_people_write_is_taken_as_what_they_mean(read: cells.Read, value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (cells.name(3), "四文字名"),
        (cells.name(9), "港\u202e直美"),
        (cells.name(9), "港\x07"),
        (cells.name(9), "\ue000"),
        (cells.name(9), True),
        (cells.name(9), NOON),
        (cells.code, "C 0001"),
        (cells.code, "-C"),
        (cells.code, "C" * 33),
        (cells.code, "../C"),
        (cells.whole(1, 10), 1.5),
        (cells.whole(1, 10), True),
        (cells.whole(1, 10), "-1"),
        (cells.whole(1, 10), 11),
        (cells.whole(1, 10), float("nan")),
        (cells.whole(1, 10), "9" * 5000),
        (cells.day, "2026-02-30"),
        (cells.day, "令和99年1月1日"),
        (cells.day, "平成30年1月1日"),
        (cells.day, "1999/12/31"),
        (cells.day, date(2101, 1, 1)),
        (cells.day, 46113),
        (cells.day, None),
        (cells.yes_or_no, 1),
        (cells.yes_or_no, "検討中"),
        (cells.one_of({"管理者": "admin"}), "admin"),
        (cells.mail, "naomi"),
        (cells.mail, f"n@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.jp"),
        (cells.mail, 5),
        (cells.phone, 312345678),
        (cells.phone, "内線 5"),
        (cells.phone, "3-0000-3001"),
        (cells.phone, "03-0000"),
        (cells.kana, "港"),
        (cells.kana, "ア" * 101),
        (cells.domain, "www.example.jp/shop"),
        (cells.domain, "192.0.2.1"),
        (cells.domain, "localhost"),
        (cells.domain, "a..example.jp"),
        (cells.domain, "-a.example.jp"),
        (cells.domain, f"{'a' * 64}.example.jp"),
        (cells.page, "javascript:alert(1)"),
        (cells.page, "https://user:pass@www.example.jp/"),
        (cells.page, "https://"),
        (cells.page, "https://www.example.jp:99999/"),
        (cells.page, "https://[::1"),
        (cells.page, "https://www.example.jp/お店"),
        (cells.page, f"https://www.example.jp/{'a' * 300}"),
        (cells.network, "192.0.2.0-255"),
        (cells.network, "0.0.0.0/0"),
        (cells.network, "2001:db8::/31"),
    ],
)
def test_what_cannot_be_meant_is_told_in_japanese(read: cells.Read, value: Any) -> None:
    with pytest.raises(BadCell) as told:
        read(value)
    assert japanese_or_allowed(str(told.value))
    assert str(told.value).endswith("。") or str(told.value).endswith("文字）。")


@pytest.mark.parametrize(
    ("value", "blank"), [(None, True), (" \u3000\n", True), (0, False), (False, False), ("x", False)]
)
def test_blank_is_what_nobody_wrote(value: object, blank: bool) -> None:
    assert cells.is_blank(value) is blank


def test_the_roles_are_those_of_members() -> None:
    assert [(value, word) for word, value in layout.ROLES.items()] == MemberRole.choices


def test_the_template_is_a_japanese_workbook_with_choices() -> None:
    book = load_workbook(BytesIO(sheet.blank_template()))
    assert book.sheetnames == ["ご記入方法", "契約", "サイト", "連絡先", "ポータル利用者", "登録済みアドレス", "記入例"]
    assert [choice.formula1 for choice in book["ポータル利用者"].data_validations.dataValidation] == [
        '"閲覧者,承認者,管理者"'
    ]
    assert len(book["サイト"].data_validations.dataValidation) == 2
    words = [cell.value for page in book for row in page.iter_rows() for cell in row if isinstance(cell.value, str)]
    examples = {column.example for table in layout.TABLES for column in table.columns}
    assert [word for word in words if not japanese_or_allowed(word) and word not in examples] == []

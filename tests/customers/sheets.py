"""Filled-in hearing sheets for tests: the sheet of an invented customer, and what is changed about it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from openpyxl import Workbook, load_workbook

from sakimori.customers import sheet

ANSWERS: dict[str, object] = {
    "お客様番号": "C-0003",
    "お客様名": "株式会社みなと商会",
    "契約番号": "K-2026-0003",
    "開始日": "2026/10/01",
    "契約帯域 (Mbps)": 20,
    "ログ保管オプション": "はい",
    "Load Balancing ライセンス": "いいえ",
}
LINES: dict[str, list[list[object]]] = {
    "サイト": [["www.minato.example.jp", 9301, "はい", "いいえ", "https://www.minato.example.jp/shop/", "みなと商会"]],
    "連絡先": [
        [1, "港 直美", "ミナト ナオミ", "03-0000-3001", "naomi@minato.example.jp"],
        [2, "夜間窓口", None, None, "night@minato.example.jp"],
    ],
    "ポータル利用者": [["港 直美", "管理者"]],
    "登録済みアドレス": [["192.0.2.0/28", "本社からの更新作業"]],
}


def filled(*, answers: dict[str, object] | None = None, **lines: list[list[object]]) -> bytes:
    """The customer's sheet, with other answers and other lines where they are given."""
    return sheet.fill_in({**ANSWERS, **(answers or {})}, {**LINES, **lines})


def edited(change: Callable[[Workbook], Any]) -> bytes:
    """The customer's sheet after somebody changed the workbook by hand."""
    book = load_workbook(BytesIO(filled()))
    change(book)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def sentences(content: bytes) -> list[str]:
    """What is told about a workbook."""
    return [str(error) for error in sheet.read(content).errors]

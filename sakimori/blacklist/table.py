"""The list as a table for spreadsheet programs: UTF-8 with a byte order mark, no cell that would be a formula."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet

from sakimori.blacklist.models import Block, BlockState, RestoreChannel
from sakimori.blacklist.stories import Story, sentence_of, stories
from sakimori.lib.jst import JST
from sakimori.logs.exports.writing import BYTE_ORDER_MARK, defused

Cell = str | int
Column = Callable[[Block, Story], Cell]
_AT_ONCE = 500
HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
CONTENT_TYPE = "text/csv; charset=utf-8"


def as_csv(rows: QuerySet[Block], columns: Mapping[str, Column]) -> Iterator[bytes]:
    """The rows in their order, headings first, in pieces of bounded size. Two queries for each piece."""
    yield BYTE_ORDER_MARK.encode() + _written([tuple(columns)])
    keys = list(rows.values_list("pk", flat=True))
    for begin in range(0, len(keys), _AT_ONCE):
        part = keys[begin : begin + _AT_ONCE]
        found = rows.in_bulk(part)
        blocks = [found[key] for key in part if key in found]
        told = stories(blocks)
        yield _written([[column(block, told[block.pk]) for column in columns.values()] for block in blocks])


def _written(lines: Sequence[Sequence[Cell]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([[defused(cell) if isinstance(cell, str) else cell for cell in line] for line in lines])
    return buffer.getvalue().encode()


def _moment(value: datetime | None) -> str:
    return value.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S") if value else ""


def _by(block: Block) -> str:
    people = [person.shown_name for person in (block.decided_by, block.second_by) if person]
    return "、".join(people) if people else _decided_without_names(block)


def _decided_without_names(block: Block) -> str:
    if block.decided_by_id:
        return "SOC 担当者"
    return "自動" if block.decided_at else ""


def _ends(block: Block) -> str:
    return _moment(block.ends_at) or "期限なし"


def _good(block: Block) -> Cell:
    return "判定不能" if block.good_requests is None else block.good_requests


def _label(choices: type[BlockState] | type[RestoreChannel], value: str) -> str:
    return str(dict(choices.choices).get(value, value))


_ABOUT: dict[str, Column] = {
    "契約番号": lambda block, _: block.contract.number,
    "IPアドレス": lambda block, _: block.address,
    "国": lambda _, story: "、".join(story.countries),
    "サイト": lambda _, story: "、".join(story.sites),
    "攻撃種別": lambda _, story: "、".join(kind.label for kind in story.kinds),
    "遮断": lambda _, story: story.blocked,
    "通過": lambda _, story: story.passed,
    "その他": lambda _, story: story.other,
    "最初の攻撃（日本時間）": lambda _, story: _moment(story.first_at),
    "最後の攻撃（日本時間）": lambda _, story: _moment(story.last_at),
}
_LIFE: dict[str, Column] = {
    "登録日時（日本時間）": lambda block, _: _moment(block.active_at),
    "登録の範囲": lambda block, _: f"{len(block.only_sites)} サイト" if block.only_sites else "すべてのサイト",
    "期限（日本時間）": lambda block, _: _ends(block),
    "登録後の遮断": lambda block, _: block.hits,
    "登録後の最後の遮断（日本時間）": lambda block, _: _moment(block.last_hit_at),
    "解除の依頼（日本時間）": lambda block, _: _moment(block.restore_asked_at),
    "解除の確認（日本時間）": lambda block, _: _moment(block.restored_at),
}
DESK_COLUMNS: Mapping[str, Column] = {
    "お客様": lambda block, _: block.contract.customer.name,
    **_ABOUT,
    "正常な通信": lambda block, _: _good(block),
    "状態": lambda block, _: _label(BlockState, block.state),
    "理由": lambda block, _: sentence_of(block.reason),
    "追加の理由": lambda block, _: block.note,
    "判断待ちの開始（日本時間）": lambda block, _: _moment(block.proposed_at),
    "判断（日本時間）": lambda block, _: _moment(block.decided_at),
    "判断した人": lambda block, _: _by(block),
    **_LIFE,
    "解除の受付": lambda block, _: _label(RestoreChannel, block.restore_channel),
    "解除の理由": lambda block, _: block.restore_reason,
}


def customers_columns(state_of: Callable[[Block], str], reason_of: Callable[[Block], str]) -> Mapping[str, Column]:
    """What a customer reads: no names of the SOC's people, and the state and its reason in his words."""
    return {
        **_ABOUT,
        "状態": lambda block, _: state_of(block),
        "理由": lambda block, _: reason_of(block),
        "判断": lambda block, _: _decided_without_names(block),
        **_LIFE,
    }

"""The table of columns is consistent, and what is derived from it follows it."""

import re
from typing import get_type_hints

from sakimori.logs.fields import FIELDS, Event, Kind
from sakimori.logs.filters import By

_TYPES = {
    Kind.TEXT: "<class 'str'>",
    Kind.WORD: "<class 'str'>",
    Kind.JSON: "<class 'str'>",
    Kind.INT: "int | None",
    Kind.PORT: "int | None",
    Kind.FLOAT: "float | None",
    Kind.ADDRESS: "str | None",
}


def test_pages_spell_labels_in_one_way() -> None:
    shown = {field.name: field.on_pages for field in FIELDS}
    assert (shown["request_id"], shown["client_ip"]) == (By.REQUEST.label, By.ADDRESS.label)
    assert (shown["attack_kinds"], shown["post_body"], shown["xff"]) == (
        "攻撃種別（すべて）",
        "POST 本文",
        "X-Forwarded-For",
    )
    assert not [label for label in shown.values() if re.search("[()]|[ァ-龠][A-Za-z]|[A-Za-z][ァ-龠]", label)]


def test_every_column_has_a_label_of_its_own() -> None:
    labels = [field.label for field in FIELDS]
    assert len(set(labels)) == len(labels)
    assert all(labels)


def test_the_type_of_each_column_is_that_of_its_kind() -> None:
    hints = get_type_hints(Event)
    special = {"attack_kind", "outcome"}
    for field in FIELDS:
        if field.name not in special and field.kind in _TYPES:
            assert str(hints[field.name]) == _TYPES[field.kind], field.name


def test_no_vendor_key_means_two_columns() -> None:
    for names in ("cef", "leef", "w3c", "json", "tags"):
        owners: dict[str, str] = {}
        for field in FIELDS:
            for key in getattr(field, names):
                assert owners.setdefault(key.lower(), field.name) == field.name, key

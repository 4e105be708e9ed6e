"""The table of columns is consistent, and what is derived from it follows it."""

from typing import get_type_hints

from sakimori.logs.fields import FIELDS, Event, Kind

_TYPES = {
    Kind.TEXT: "<class 'str'>",
    Kind.WORD: "<class 'str'>",
    Kind.JSON: "<class 'str'>",
    Kind.INT: "int | None",
    Kind.PORT: "int | None",
    Kind.FLOAT: "float | None",
    Kind.ADDRESS: "str | None",
}


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

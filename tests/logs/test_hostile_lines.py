"""Whatever a line holds: an event or an UnreadableLine, at a cost that grows with its length only."""

import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.worst_lines import cost, worst
from sakimori.logs.fields import FIELDS, POSITION, Kind
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.formats.detect import LineParser, LogFormat
from sakimori.logs.formats.json_lines import parse_json
from sakimori.logs.formats.leef import parse_leef
from sakimori.logs.formats.unreadable import UnreadableLine
from sakimori.logs.formats.w3c import W3cParser

_KEYS = sorted({key for field in FIELDS for key in field.cef + field.leef} | {"cs5Label", "cs10Label", "new"})
_PARSERS = (
    parse_cef,
    parse_leef,
    parse_json,
    W3cParser(("cs-start", "c-ip", "x")),
    LineParser(file_format=LogFormat.W3C).parse,
)
_HEADERS = (
    b"",
    b"CEF:0|a|b|1|1|Normal|0| ",
    b"CEF:0|Imperva Inc|Attack Analytics|0|1|x|MAJOR|",
    b"LEEF:0|a|b|0|n| ",
    b'{"time":1,"',
)


def read(line: bytes) -> None:
    for parse in _PARSERS:
        event = None
        with suppress(UnreadableLine):
            event = parse(line)
        assert event is None or event.time.tzinfo is UTC


@given(st.sampled_from(_HEADERS), st.binary(max_size=300))
def test_no_bytes_raise_anything_else(header: bytes, rest: bytes) -> None:
    read(header + rest)


@given(
    st.sampled_from(_HEADERS),
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "\t", "  "]),
            st.sampled_from(_KEYS),
            st.sampled_from(["=", r"\=", " ="]),
            st.text(st.sampled_from('ab =\\|[]{}",0é\u3042\t'), max_size=12),
        ),
        max_size=20,
    ),
)
def test_no_mixture_of_keys_raises_anything_else(header: bytes, pairs: list[tuple[str, ...]]) -> None:
    read(header + b" start=1700000000000" + "".join("".join(pair) for pair in pairs).encode())


_WORD = st.text(string.ascii_letters + string.digits + "/:;.,%&?()'-_|\\=", min_size=1, max_size=12)
_VALUES = {
    Kind.TEXT: st.lists(_WORD, min_size=1, max_size=3).map(" ".join),
    Kind.WORD: st.lists(_WORD, min_size=1, max_size=3).map(" ".join),
    Kind.JSON: st.lists(_WORD.map(lambda word: word.replace("\\", "")), min_size=1, max_size=3).map(
        lambda words: '[{"X":"' + " ".join(words) + '"}]'
    ),
    Kind.INT: st.integers(0, 10**17),
    Kind.PORT: st.integers(0, 65_535),
    Kind.FLOAT: st.integers(-1800, 1800).map(lambda tenths: tenths / 10),
    Kind.TIME: st.integers(0, 4_000_000_000_000).map(
        lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    ),
    Kind.LIST: st.lists(st.text(string.ascii_letters + " ", max_size=8).map(str.strip), max_size=4).map(tuple),
}
_SENT = [field for field in FIELDS if field.cef]


def escaped(text: str, kind: Kind) -> str:
    text = text if kind is Kind.JSON else text.replace("\\", "\\\\")
    return text.replace("=", r"\=").replace("|", r"\|")


def rendered(value: object, kind: Kind) -> str:
    if isinstance(value, datetime):
        return str((value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    if isinstance(value, tuple):
        return "".join(f"{slot}," for slot in value)
    return escaped(str(value), kind)


@given(st.data())
def test_what_is_rendered_is_read_back(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(_SENT[1:]), unique_by=lambda field: field.name))
    values = {field.name: data.draw(_VALUES[field.kind], label=field.name) for field in [_SENT[0], *chosen]}
    parts = []
    for field in [_SENT[0], *chosen]:
        parts.append(f"{field.cef[0]}={rendered(values[field.name], field.kind)}")
        if field.tags:
            parts.append(f"{field.cef[0]}Label={field.tags[0]}")
    event = parse_cef(f"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| {' '.join(parts)}".encode())
    for name, value in values.items():
        assert event[POSITION[name]] == value, name
    assert event.extra == {}


_SMALL, _LARGE = 8 * 1024, 64 * 1024
_NOTHING_SECONDS = 0.005


@pytest.mark.parametrize("kind", worst(0))
def test_the_worst_lines_cost_grows_with_their_length_and_not_with_its_square(kind: str) -> None:
    """Of a line eight times as long. How long the dearest takes is measured by `./run bench parse`."""
    # In proportion it is eight times as much, in the square 64 times. What takes next to nothing is not compared.
    assert cost(worst(_LARGE)[kind]) < max(32 * cost(worst(_SMALL)[kind]), _NOTHING_SECONDS)

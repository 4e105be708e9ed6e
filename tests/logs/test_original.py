"""Frames: marks stay what they are, and a line comes back letter by letter."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from sakimori.logs.fields import FIELDS, Kind
from sakimori.logs.formats.bulk import TableReader
from sakimori.logs.original import MARKS, original_line
from tests.logs.tables import table_of

HEAD = "CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| "
_TAKEN_OUT = {Kind.TEXT, Kind.WORD, Kind.JSON, Kind.INT, Kind.PORT, Kind.FLOAT, Kind.TIME}


def frame_of(line: str) -> tuple[str, dict[str, object]]:
    table = table_of(line.encode(), max_line_bytes=10_000)
    assert isinstance(table, pa.Table)
    (row,) = table.to_pylist()
    return row["frame"], row


def test_letters_are_never_given_twice_and_every_plain_column_has_one() -> None:
    assert len(set(MARKS.values())) == len(MARKS)
    assert all(len(letter) == 1 and letter.isalpha() for letter in MARKS.values())
    sent = {field.name for field in FIELDS if field.cef and field.kind in _TAKEN_OUT}
    assert set(MARKS) == sent


def test_stored_frames_are_read_with_the_letters_of_their_time() -> None:
    """Frames that lie in stores today. Whoever changes a letter makes them unreadable."""
    moment = datetime(2026, 11, 25, 3, 0, 0, 120_000, tzinfo=UTC)
    row = {name: f"<{name}>" for name in MARKS} | {"time": moment, "status": 404, "latitude": 35.5, "query": "a=b=c"}
    frame = "start=\x01A cn1=\x01Y cs7=\x01O qstr=\x02S request=\x01R src=\x01J"
    assert original_line({**row, "frame": frame, "line": ""}) == (
        "start=1795575600120 cn1=404 cs7=35.5 qstr=a\\=b\\=c request=<url> src=<client_ip_text>"
    )
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
    assert "".join(MARKS[name] for name in MARKS) == letters


def test_a_line_without_a_frame_is_whole() -> None:
    assert original_line({"frame": "", "line": "as it came"}) == "as it came"


@pytest.mark.parametrize(
    ("pairs", "frame"),
    [
        ("request=a/b", "request=\x01R"),
        ("request=a", "request=a"),
        ("qstr=a=b", "qstr=\x01S"),
        ("qstr=a\\=b", "qstr=\x02S"),
        ("qstr=a\\=b=c", "qstr=a\\=b=c"),
        ("qstr=a\\|b", "qstr=a\\|b"),
        ("qstr=a\\\\b", "qstr=a\\\\b"),
        ("in=4591", "in=\x01d"),
        ("in=0459", "in=0459"),
        ("cs7=35.5 cs7Label=latitude", "cs7=\x01O cs7Label=latitude"),
        ("cs7=35.50 cs7Label=latitude", "cs7=35.50 cs7Label=latitude"),
        ("cs7=35.50 new=1 cs7=35.50 cs7Label=latitude", "cs7=35.50 new=1 cs7=35.50 cs7Label=latitude"),
        ("cs7=35.5 new=1 cs7=35.5 cs7Label=latitude", "cs7=35.5 new=1 cs7=\x01O cs7Label=latitude"),
        ("ver=  TLSv1.3  end=1790000000001", "ver=  \x01a  end=\x01B"),
        ("fileType=1,2,", "fileType=1,2,"),
        ("new=kept", "new=kept"),
    ],
)
def test_what_a_column_gives_back_is_taken_out(pairs: str, frame: str) -> None:
    line = f"{HEAD}start=1790000000000 {pairs}"
    given, row = frame_of(line)
    assert given == f"{HEAD}start=\x01A {frame}"
    assert original_line(row) == line


@pytest.mark.parametrize("mark", ["\x01", "\x02"])
def test_a_line_with_a_mark_of_its_own_is_odd(mark: str) -> None:
    reader = TableReader()
    odd = list(reader.read(f"{HEAD}start=1790000000000 request=a{mark}Rb".encode(), max_line_bytes=10_000))
    assert len(reader.take()) == 0
    assert len(odd) == 1

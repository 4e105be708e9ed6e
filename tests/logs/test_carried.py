"""W3C lines over syslog: the order of the fields comes once, and every file of the connection can be read by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.jst import utc_now
from sakimori.logs.duties import ingest_due
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import UnreadableLine
from sakimori.logs.models import LogFile, LogFileState
from sakimori.logs.receive import syslog
from sakimori.logs.receive.carried import LONGEST_BYTES, CarriedHead
from sakimori.logs.receive.syslog import SyslogLimits
from sakimori.logs.store.interface import LogStore
from tests.logs.syslog_door import Door, counted, doors, end, spooled

VERSION = b"#Version: 1.0"
FIELDS = b"#Fields: date time c-ip cs-uri cs-attackid"
REMARK = b"#Remark: Sakimori repeats here the %d line(s) below, which came earlier through the same connection"


@pytest.fixture
def make_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Door]]:
    with doors(tmp_path, monkeypatch) as make:
        yield make


def event(number: int) -> bytes:
    return b"2026-11-01 01:02:03 198.51.100.%d shop.example.jp/%d 30037" % (number % 250, number)


def carried(*lines: bytes) -> list[bytes]:
    head = CarriedHead()
    for line in lines:
        head.note(line)
    return head.lines().splitlines()


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ([], []),
        ([VERSION, event(1)], []),
        ([FIELDS], [REMARK % 1, FIELDS]),
        ([VERSION, FIELDS, event(1), b"#Date: 2026-11-01"], [REMARK % 2, VERSION, FIELDS]),
        ([FIELDS, VERSION], [REMARK % 2, VERSION, FIELDS]),
        ([b"\xef\xbb\xbf# fields : c-ip"], [REMARK % 1, b"# fields : c-ip"]),
        ([FIELDS, b"#Fields: c-ip"], [REMARK % 1, b"#Fields: c-ip"]),
        ([FIELDS, b"#Fields:"], [REMARK % 1, b"#Fields:"]),
        ([FIELDS, b"#Fields: " + b"x " * LONGEST_BYTES], []),
        ([b"CEF:0|Incapsula|x #Fields: c-ip", b"#Remark: #Fields: c-ip"], []),
    ],
)
def test_the_newest_head_is_carried_as_it_came_under_a_remark(came: list[bytes], kept: list[bytes]) -> None:
    assert carried(*came) == kept


_lines = st.lists(
    st.one_of(
        st.sampled_from(
            [VERSION, FIELDS, b"#Fields: c-ip x", b"#Fields:", b"#", b"", b"\xef\xbb\xbf#fields:a b c d e f"]
        ),
        st.integers(0, 999).map(event),
        st.binary(max_size=30).map(lambda line: line.replace(b"\n", b" ").replace(b"\r", b" ")),
    ),
    max_size=20,
)


@given(_lines, _lines)
def test_wherever_the_lines_are_cut_into_files_they_are_read_the_same(before: list[bytes], after: list[bytes]) -> None:
    assert _read([*carried(*before), *after]) == _read([*before, *after], since=len(before))


def _read(lines: list[bytes], *, since: int = 0) -> list[object]:
    """What a file's lines are, from one on: events, or why there is none."""
    parser, read = LineParser(), []
    for number, line in enumerate(lines):
        if parser.is_no_event(line):
            continue
        try:
            found: object = parser.parse(line)
        except UnreadableLine as error:
            found = repr(error)
        if number >= since:
            read.append(found)
    return read


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("framed", [lambda line: b"<30>%s\n" % line, lambda line: counted(b"<30>" + line)])
def test_each_file_of_a_connection_is_read_by_itself_and_the_sums_agree(
    make_door: Callable[..., Door], log_store: LogStore, framed: Callable[[bytes], bytes]
) -> None:
    door = make_door(SyslogLimits(file_seconds=0.05))
    connection = door.connect()
    for number, lines in enumerate([[VERSION, FIELDS, event(1)], [event(2), event(3)], [b"odd"], [event(4)]], start=1):
        connection.sendall(b"".join(map(framed, lines)))
        spooled(door, number)
    end(connection)
    other = door.connect()  # Its order nobody knows: it is not guessed.
    other.sendall(framed(event(5)))
    spooled(door, 5)
    end(other)
    door.over(2)
    door.stop()
    assert ingest_due(store=log_store, spool=door.spool, worker="one", clock=utc_now) == 5
    files = list(LogFile.objects.order_by("pk"))
    assert {file.state for file in files} == {LogFileState.STORED}
    assert [(file.lines, file.rows, file.quarantined_lines) for file in files] == [
        (1, 1, 0),
        (2, 2, 0),
        (1, 0, 1),
        (1, 1, 0),
        (1, 0, 1),
    ]
    content = [door.spool.path(file.spool_name).read_bytes().splitlines() for file in files]
    assert content[0] == [VERSION, FIELDS, event(1)]
    assert content[1] == [REMARK % 2, VERSION, FIELDS, event(2), event(3)]
    assert content[4] == [event(5)]
    urls = log_store.query("SELECT url FROM events ORDER BY url", {})
    assert [row["url"] for row in urls] == [f"shop.example.jp/{number}" for number in (1, 2, 3, 4)]


@pytest.mark.django_db(transaction=True)
def test_a_head_that_is_carried_is_no_line_that_was_lost(
    make_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: what is counted is what came."""
    door = make_door(SyslogLimits(file_seconds=0.05))
    connection = door.connect()
    connection.sendall(b"<30>%s\n<30>%s\n" % (FIELDS, event(1)))
    spooled(door, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(syslog.Gathered, "write", full)
    connection.sendall(b"<30>%s\n" % event(2))
    door.over(1)
    door.stop()
    assert door.residue() == (1, 1, len(event(2)) + 1)

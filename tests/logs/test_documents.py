"""JSON documents as collectors and exporters write them: each event of an array or of a wrapped list is a line."""

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.fields import Event
from sakimori.logs.formats.unreadable import Reason
from sakimori.logs.read_file import BadLine, numbered_events, tables_and_events
from sakimori.logs.unpack import read_log_file
from sakimori.logs.unpack.documents import LONGEST_BYTES, is_document, lines_of_documents

ONE: dict[str, Any] = {"@timestamp": 1700000000000, "client": {"ip": "192.0.2.1"}, "n": [1, {"x": '] } ,\\"'}]}
TWO: dict[str, Any] = {"@timestamp": "2026-11-01T00:00:00Z", "url": {"path": '/{["さきもり'}, "events": ["a"]}


def lines(content: bytes, *, size: int = 1 << 20) -> list[bytes]:
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(lines_of_documents(blocks)).split(b"\n")


def read(content: bytes) -> list[Event | BadLine]:
    """What both ways of reading a file give."""
    items = list(numbered_events(read_log_file(content)))
    assert items == list(tables_and_events(read_log_file(content), with_threads=False))
    assert [number for number, _ in items] == sorted({number for number, _ in items})
    return [item for _, item in items]


def texts(content: bytes) -> list[str]:
    items = read(content)
    assert all(isinstance(item, Event) for item in items), items
    return [item.line for item in items if isinstance(item, Event)]


def dumped(value: object, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent, ensure_ascii=False).encode()


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda events: [*events],
        lambda events: {"logs": events},
        lambda events: {"count": 2, "events": events},
        lambda events: {"a": {"records": [1]}, "records": events, "next": {"b": [True, None]}, "n": 12},
        lambda events: {"logs": events[:1], "between": "]", "events": events[1:]},
        lambda events: [events[:1], events[1:]],
    ],
)
def test_each_event_of_a_document_is_one_line_in_its_own_letters(wrap: Any, indent: int | None) -> None:
    content = dumped(wrap([ONE, TWO]), indent)
    found = texts(content)
    assert list(map(json.loads, found)) == [ONE, TWO]
    flat = content.decode().replace("\n", "\t")
    assert all(line in flat for line in found)
    for more in (b"\xef\xbb\xbf" + content, b"\n " + content + b"\n\n", content + content, content + b"\n" + content):
        assert texts(more) == (found if len(more) < len(content) + 5 else found * 2)


@pytest.mark.parametrize("indent", [None, 2])
def test_events_one_after_the_other_need_no_list(indent: int | None) -> None:
    for sign in (b"", b"\n", b" ", b",\n"):
        found = texts(sign.join([dumped(ONE, indent), dumped(TWO, indent), dumped(ONE)]))
        assert list(map(json.loads, found)) == [ONE, TWO, ONE]


def test_one_object_per_line_stays_as_it_came() -> None:
    content = dumped(ONE) + b" \r\n\n" + dumped(TWO) + b"\r\n{broken\n[1]\n"
    assert not is_document(content)
    assert b"".join(lines_of_documents([content])) == content


@pytest.mark.parametrize("line", [b"[2026-11-01] GET /", b"CEF:0|a", b"#Fields: x", b"", b" ", b"\xff{"])
def test_other_content_stays_as_it_came(line: bytes) -> None:
    content = line + b'\n{"a":1}\n[{}]\n'
    assert line.strip() == b"" or not is_document(content)
    assert line.strip() == b"" or b"".join(lines_of_documents([content])) == content


@pytest.mark.parametrize("content", [b"[]", b"[ ]\n", b'{"logs": []}', b'{ "events" : [\n] }\n', b"[[],[]]"])
def test_a_document_without_events_is_nothing(content: bytes) -> None:
    assert read(content) == []


def test_a_list_of_other_things_under_such_a_name_wraps_nothing() -> None:
    (event,) = read(dumped(TWO))
    assert isinstance(event, Event)
    assert event.extra["events"] == '["a"]'


def whole(count: int) -> bytes:
    return b"[" + b",\n".join([dumped(ONE)] * count) + b"]"


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("wrap", [lambda events: events, lambda events: {"n": 1, "logs": events, "m": [2]}])
def test_of_a_document_that_is_cut_off_all_whole_events_stay_and_the_rest_is_bad(wrap: Any, indent: int | None) -> None:
    content = dumped(wrap([ONE, TWO, ONE]), indent)
    flat = content.translate(bytes.maketrans(b"\n", b"\t"))
    for end in range(1, len(content) - 1):
        items = read(content[:end])
        events = [item for item in items if isinstance(item, Event)]
        bad = [item for item in items if isinstance(item, BadLine)]
        assert list(map(json.loads, (event.line for event in events))) == [ONE, TWO, ONE][: len(events)]
        assert len(events) == sum(
            end >= place + len(event.line.encode()) for event, place in zip(*placed(content, flat), strict=True)
        )
        assert bad, end
        assert all(item.raw in flat for item in bad)


def placed(content: bytes, flat: bytes) -> tuple[list[Event], list[int]]:
    events = [item for item in read(content) if isinstance(item, Event)]
    places, at = [], 0
    for event in events:
        at = flat.index(event.line.encode(), at)
        places.append(at)
        at += len(event.line.encode())
    return events, places


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"time":1},\n{"time":2,},\n{"time":3}]', [1, b'{"time":2,},', 3]),
        (b'[{"time":1},{"time":\n[{"time":2}]\n', [1, b'{"time":\t[{"time":2}]\t']),
        (b'[{"time":1},{"time":2\n[{"time":3}]\n', [1, b'{"time":2', 3, b"["]),
        (b'{"time":1,"a":"\n{"time":2}\n{"time":3}\n', [b'{"time":1,"a":"', 2, 3]),
        (b'{"time":1,\n{"time":2}\nCEF:0|broken\r\n{"time":3}', [b'{"time":1,', 2, b"CEF:0|broken", 3]),
        (b'[{"time":1}, 12, "x", null, {"time":2}]', [1, b"12", b'"x"', b"null", 2]),
        (b'[{"time":1},\n{"a":"line\nbreak"},\n{"time":2}]', [1, b'{"a":"line\tbreak"},', 2]),
        (b'{"logs":[{"time":1}],oops}\n{"time":2}', [1, b"oops}", 2]),
        (b'[{"time":1},' + b'{"a":' * 30_000, [1, b'{"a":' * 30_000]),
        (b'{"time":1} {"time":2}x\n', [1, 2, b"x"]),
    ],
)
def test_a_broken_event_spoils_itself_only(content: bytes, expected: list[int | bytes]) -> None:
    found: list[int | bytes] = [
        item.raw if isinstance(item, BadLine) else round(item.time.timestamp() * 1000) for item in read(content)
    ]
    assert found == expected


def test_what_is_left_of_a_cut_off_document_says_that_it_is_no_json() -> None:
    assert [item.reason for item in read(b'[{"time":1}') if isinstance(item, BadLine)] == [Reason.BAD_JSON]
    assert [item.reason for item in read(b'[{"time":1},{"t') if isinstance(item, BadLine)] == [Reason.BAD_JSON]


def test_an_event_that_is_too_long_spoils_itself_only() -> None:
    for length in (300_000, LONGEST_BYTES + 1, 3 * LONGEST_BYTES):
        event = dumped({"time": 2, "a": "x" * length})
        good, long, other = read(b'[{"time":1},\n' + event + b',\n{"time":3}]')
        assert isinstance(good, Event)
        assert isinstance(other, Event)
        assert isinstance(long, BadLine)
        assert (long.reason, len(long.raw)) == (Reason.TOO_LONG, (256 << 10) + 1)


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_EVENTS = st.lists(st.dictionaries(st.text('abc{["', max_size=3), _VALUES, min_size=1, max_size=3), min_size=1)


@given(_EVENTS, st.sampled_from([None, 0, 3]), st.booleans(), st.sampled_from(["", "logs", "events", "records"]))
def test_any_events_come_out_as_they_went_in(
    events: list[dict[str, Any]], indent: int | None, ascii_only: bool, name: str
) -> None:
    document: object = {"before": [events], name: events, "behind": {"x": "]"}} if name else events
    content = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    assert [json.loads(line) for line in lines(content)[:-1]] == events


@given(
    st.lists(
        st.sampled_from(
            [
                *b"""[ ] { } , " \\ tru null x - 1 \\u00 CEF:0| {"time":1} "logs":[{ "a": {"events":[{}""".split(),
                *(b'[{"a":1},', b"\n", b"\r\n", b" ", b"\n{", b"\xe3"),
            ]
        ),
        max_size=40,
    ),
    st.integers(1, 9),
)
def test_where_blocks_end_makes_no_difference_and_nothing_else_is_raised(parts: list[bytes], size: int) -> None:
    content = b"[{" + b"".join(parts)
    found = lines(content)
    assert lines(content, size=size) == found
    # Nothing is invented, whatever is no event.
    signs = b"".join(found).translate(None, b" \t\r\n,[]")
    assert len(signs) <= len(content.translate(None, b" \t\r\n,[]"))


def test_what_is_nested_too_deeply_is_given_up_in_large_pieces() -> None:
    """Each try looks a thousand levels deep: it must not be made anew for each of them."""
    for level in (b'[{"a":\n', b'{"a":[{},\n', b'[{"a":[\n'):
        content = b"[" + level * 100_000
        assert len(lines(content)) < len(content) / 256


def much(events: int) -> Iterator[bytes]:
    yield b'{"logs": [\n'
    for _ in range(events // 1000):
        yield (dumped(ONE, 2) + b",\n") * 1000
    yield dumped(ONE) + b"]}"


def counted(blocks: Iterable[bytes]) -> int:
    return sum(block.count(b"\n") for block in lines_of_documents(blocks))


def test_a_large_document_is_never_in_memory_as_a_whole() -> None:
    tracemalloc.start()
    try:
        assert counted(much(100_000)) == 100_001
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20, "it has 20 MB"

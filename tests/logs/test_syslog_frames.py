"""Framing and headers of syslog: tables of cases, and every way in which a stream can be cut into pieces."""

import tracemalloc

import pytest

from sakimori.logs.receive.syslog_frames import Frames, log_line

CEF = b"CEF:0|Incapsula|SIEMintegration|1|1|SQL Injection|0| fileId=1 qstr=a\xe9[b]: c"


def frames(*pieces: bytes, max_bytes: int = 1000) -> tuple[list[bytes], Frames]:
    made = Frames(max_bytes=max_bytes)
    return [message for piece in pieces for message in made.feed(piece)], made


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


STREAMS = [
    (b"<30>one\n<30>two\n", [b"<30>one", b"<30>two"]),
    (counted(b"<30>one") + counted(b"<30>t\nwo"), [b"<30>one", b"<30>t\nwo"]),
    (counted(b"<30>one") + b"\n<30>two\n" + counted(b"three"), [b"<30>one", b"<30>two", b"three"]),
    (b"\n\n<30>one\r\n", [b"<30>one\r"]),
    (b"12x <30>one\n0 zero\n", [b"12x <30>one", b"0 zero"]),
    (b"1234567890 no count\n", [b"1234567890 no count"]),
    (counted(b"x" * 1001) + counted(b"after"), [b"after"]),
    (b"y" * 1001 + b"\nafter\n", [b"after"]),
    (b"z" * 1000 + b"\n", [b"z" * 1000]),
    (counted(b"12 34"), [b"12 34"]),
    (b"", []),
]


@pytest.mark.parametrize(("stream", "expected"), STREAMS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
def test_messages_are_the_same_however_the_stream_is_cut(stream: bytes, expected: list[bytes], size: int) -> None:
    found, made = frames(*(stream[start : start + size] for start in range(0, len(stream), size)))
    assert found == expected
    assert (made.pending_bytes, made.is_inside) == (0, False)


@pytest.mark.parametrize(
    ("stream", "pending"), [(b"<30>begun", 9), (b"9 <30>begu", 10), (b"12", 2), (b"<30>one\n<30>t", 5)]
)
def test_what_has_no_end_is_pending(stream: bytes, pending: int) -> None:
    _, made = frames(stream)
    assert (made.pending_bytes, made.is_inside) == (pending, True)


@pytest.mark.parametrize("size", [1, 100, 5000])
@pytest.mark.parametrize("stream", [counted(b"x" * 2000), b"x" * 1999 + b"\n"])
def test_what_is_too_long_is_counted_and_not_held(stream: bytes, size: int) -> None:
    found, made = frames(*(stream[start : start + size] for start in range(0, len(stream), size)))
    assert (found, made.lost_lines, made.lost_bytes, made.pending_bytes) == ([], 1, 2000, 0)


@pytest.mark.parametrize("begin", [b"<30>", b"999999999 "])
def test_an_endless_message_takes_no_memory(begin: bytes) -> None:
    made = Frames(max_bytes=65536)
    tracemalloc.start()
    list(made.feed(begin))
    for _ in range(500):
        assert list(made.feed(b"x" * 65536)) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert made.lost_lines == 1


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<30>",
        b"<30>Nov 23 12:00:00 shop.example.jp cwaf ",
        b"<134>Nov  3 12:00:00 host ",
        b"<30>Nov 23 12:00:00 host imperva[123]: ",
        b"<30>Nov 23 12:00:00 host cwaf: ",
        b"<30>2026-11-23T12:00:00+09:00 host tag: ",
        b"<30>1 2026-11-23T12:00:00Z host cwaf - - - ",
        b"<30>1 - - - - - - \xef\xbb\xbf",
        rb'<30>1 - host app 1 ID [a@1 b="]\"\\" c="d"][e@2] ',
    ],
)
def test_the_vendors_line_is_what_follows_the_header(head: bytes) -> None:
    assert log_line(head + CEF) == CEF


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"<30>Nov 23 12:00:00 host LEEF:0|Incapsula|x| a=1\r", b"LEEF:0|Incapsula|x| a=1"),
        (b'<30>Nov 23 12:00:00 host {"a": 1}', b'{"a": 1}'),
        (b"<30>a\nb\rc\r\n\0", b"a b c"),
        (b"<30>1 - - - - - -", b""),
        (b'<30>1 - - - - - [open "never closed', b'1 - - - - - [open "never closed'),
        (b"<3000>x", b"<3000>x"),
        (b"Nov 23 12:00:00 host cwaf x", b"Nov 23 12:00:00 host cwaf x"),
        (b"\0 \n", b""),
    ],
)
def test_odd_messages(message: bytes, line: bytes) -> None:
    assert log_line(message) == line


def test_a_hostile_header_costs_no_time() -> None:
    """Quadratic matching of this would take minutes."""
    for body in (b'[a b="' * 20_000, b"[" * 60_000, b'[a b="\\' * 10_000, b"\\" * 60_000, b"[]" * 30_000):
        log_line(b"<30>1 - - - - - " + body)
        log_line(b"<30>Nov 23 12:00:00 h " + body)

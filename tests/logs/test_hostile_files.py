"""Bad files end in `UnreadableFile` with the right reason, soon, and in little memory."""

import tracemalloc
import zlib
from collections import deque
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.formats.unreadable import Reason
from sakimori.logs.read_file import BadLine, numbered_events, read_events, tables_and_events
from sakimori.logs.unpack import FileReason, Limits, UnreadableFile, read_log_file
from tests.logs.test_unpack import CONTENT, encrypted, packed, private_key

_SMALL = Limits(max_bytes=10_000_000, free_bytes=100_000, max_ratio=50)


def reason_of(file: bytes, *, keys: dict[int, object] | None = None, limits: Limits = _SMALL) -> FileReason:
    with pytest.raises(UnreadableFile) as caught:
        deque(read_log_file(file, private_keys=keys or {}, limits=limits), maxlen=0)  # type: ignore[arg-type]
    assert str(caught.value) == caught.value.reason.sentence
    return caught.value.reason


def test_a_truncated_file() -> None:
    body = zlib.compress(CONTENT)
    for size in range(2, len(body)):
        assert reason_of(packed(body[:size])) is FileReason.TRUNCATED
    assert reason_of(packed(CONTENT[:-1])) is FileReason.WRONG_CHECKSUM


def test_a_wrong_checksum_comes_at_the_end() -> None:
    lines = iter(read_log_file(packed(zlib.compress(CONTENT), content=b"other")))
    assert next(lines) == b"CEF:0|first line"
    with pytest.raises(UnreadableFile) as caught:
        list(lines)
    assert caught.value.reason is FileReason.WRONG_CHECKSUM


def test_broken_compression() -> None:
    body = bytearray(zlib.compress(CONTENT * 50, 0))
    body[200] ^= 255
    assert reason_of(packed(bytes(body))) is FileReason.BROKEN_COMPRESSION
    assert reason_of(packed(zlib.compress(CONTENT) + b"lines that would be lost")) is FileReason.BROKEN_COMPRESSION


def test_keys_that_do_not_fit() -> None:
    file = encrypted(zlib.compress(CONTENT))
    assert reason_of(file) is FileReason.UNKNOWN_KEY_ID
    assert reason_of(file, keys={2: private_key(1)}) is FileReason.UNKNOWN_KEY_ID
    assert reason_of(file, keys={1: private_key(2)}) is FileReason.WRONG_KEY
    assert reason_of(file.replace(b"\nkey:", b"\nkey:!"), keys={1: private_key(1)}) is FileReason.WRONG_KEY
    assert (
        reason_of(file.replace(b"publicKeyId:1", b"publicKeyId:x"), keys={1: private_key(1)})
        is FileReason.UNKNOWN_KEY_ID
    )


def test_a_body_that_was_encrypted_with_another_key() -> None:
    header, _, _ = encrypted(b"").partition(b"|==|\n")
    body = bytes(range(256))
    assert reason_of(header + b"|==|\n" + body, keys={1: private_key(1)}) is FileReason.WRONG_KEY


def test_an_encrypted_file_that_lost_its_end() -> None:
    assert reason_of(encrypted(CONTENT)[:-3], keys={1: private_key(1)}) is FileReason.TRUNCATED


@pytest.mark.parametrize("filler", [b"\0", b"a\n"], ids=["one line", "many lines"])
def test_a_bomb_stops_early_in_little_memory(filler: bytes) -> None:
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(filler * 500_000) for _ in range(200)) + packer.flush()
    file = packed(body)
    tracemalloc.start()
    try:
        assert reason_of(file) is FileReason.TOO_LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


def test_content_beyond_the_limit_of_bytes() -> None:
    content = b"x\n" * 600
    assert reason_of(packed(content, content=content), limits=Limits(max_bytes=1000)) is FileReason.TOO_LARGE


def test_a_monotonous_but_honest_file_is_read() -> None:
    content = b"".join(b"CEF:0|%d|the same text again and again\n" % number for number in range(20_000))
    assert len(list(read_log_file(packed(zlib.compress(content), content=content)))) == 20_000


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"|==|\n", b"key:AA\n|==|\n", b"format:W3C\n|==|\n", b"\x1f\x8b\x08", b"x\x9c"]),
)
def test_no_bytes_raise_anything_else(rest: bytes, beginning: bytes) -> None:
    found = 0
    with suppress(UnreadableFile):
        for _ in numbered_events(read_log_file(beginning + rest, private_keys={1: private_key(1)})):
            found += 1
    assert found <= 1032 * len(beginning + rest)


def test_every_line_of_a_mixed_file_is_an_event_or_a_bad_line(tmp_path: Path) -> None:
    good = b"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| start=1700000000000 src=198.51.100.7"
    content = b"\n".join([good, b"\xff", b"a\0b", b"", b"# a remark", b"z" * 1_000_000, b"CEF:0|broken", good])
    path = tmp_path / "1_1.log"
    path.write_bytes(packed(zlib.compress(content), content=content))
    found = list(read_events(path, private_keys={}))
    bad = [line for line in found if isinstance(line, BadLine)]
    assert [(line.line_no, line.reason) for line in bad] == [
        (2, Reason.BAD_UTF8),
        (3, Reason.NUL),
        (6, Reason.TOO_LONG),
        (7, Reason.NO_HEADER),
    ]
    assert len(found) - len(bad) == 2
    assert (bad[0].raw, len(bad[2].raw)) == (b"\xff", 256 * 1024 + 1)


@pytest.mark.parametrize("way", ["line by line", "with threads", "without"])
@pytest.mark.parametrize("line", [b"x", b"", b"# a remark"])
def test_lines_without_end_that_are_no_events_are_read_no_further(way: str, line: bytes) -> None:
    most = 3 if line == b"x" else 60
    for lines, is_read in ((most, True), (most + 1, False)):
        file = read_log_file((line + b"\n") * lines, limits=Limits(max_bad_lines=3))
        read = numbered_events(file) if way == "line by line" else tables_and_events(file, with_threads=way[-1] == "s")
        if is_read:
            assert len(list(read)) == (3 if line == b"x" else 0)
            continue
        with pytest.raises(UnreadableFile) as caught:
            list(read)
        assert caught.value.reason is FileReason.TOO_MANY_BAD_LINES

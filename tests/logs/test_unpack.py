"""Files as the vendor delivers them, in every packing that was seen."""

import base64
import gzip
import hashlib
import io
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from sakimori.logs.formats.detect import LogFormat
from sakimori.logs.unpack import CutLine, Limits, UnreadableFile, read_log_file

CONTENT = b"CEF:0|first line\r\nCEF:0|second line\n\nCEF:0|last line"
LINES = [b"CEF:0|first line", b"CEF:0|second line", b"", b"CEF:0|last line"]


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048 + 64 * (number > 1))


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


PACKINGS = {"zlib": zlib.compress, "gzip": gzip.compress, "raw deflate": raw_deflate, "plain": bytes}


def packed(body: bytes, *, content: bytes = CONTENT, separator: bytes = b"|==|\n", extra: bytes = b"") -> bytes:
    checksum = hashlib.md5(content).hexdigest().encode()
    header = b"accountId:123\nconfigId:45\nchecksum:" + checksum + b"\nformat:CEF\nstartTime:1700000000000\n"
    return header + b"endTime:1700000001000\n" + extra + separator + body


def encrypted(clear: bytes, *, content: bytes = CONTENT, padding: bytes | None = None, key_id: int = 1) -> bytes:
    key = bytes(range(16))
    wrapped = private_key(1).public_key().encrypt(base64.b64encode(key), PKCS1v15())
    missing = 16 - len(clear) % 16
    encryptor = Cipher(AES(key), CBC(bytes(16))).encryptor()
    body = encryptor.update(clear + (bytes([missing]) * missing if padding is None else padding * (missing % 16)))
    extra = b"publicKeyId:%d\nkey:%s\n" % (key_id, base64.b64encode(wrapped))
    return packed(body, content=content, extra=extra)


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS.keys())
@pytest.mark.parametrize("separator", [b"|==|\n", b"|==|\r\n", b"|==|", b""], ids=repr)
def test_every_packing_gives_the_lines(packing, separator) -> None:  # type: ignore[no-untyped-def]
    with read_log_file(packed(packing(CONTENT), separator=separator)) as file:
        assert list(file) == LINES
        assert file.header.account_id == 123


@pytest.mark.parametrize("packing", PACKINGS.values(), ids=PACKINGS.keys())
def test_an_encrypted_file_gives_the_lines(packing) -> None:  # type: ignore[no-untyped-def]
    assert list(read_log_file(encrypted(packing(CONTENT)), private_keys={1: private_key(1)})) == LINES


@pytest.mark.parametrize("padding", [None, b"\0", b" "], ids=["pkcs7", "zeros", "blanks"])
@pytest.mark.parametrize("length", [16, 31, 48, 70])
def test_padding_of_any_kind_is_taken_off_plain_encrypted_content(padding: bytes | None, length: int) -> None:
    content = (b"CEF:0|" + b"x" * 80)[:length]
    assert list(
        read_log_file(encrypted(content, content=content, padding=padding), private_keys={1: private_key(1)})
    ) == [content]


def test_the_header_is_read_by_name_and_nothing_of_it_is_lost() -> None:
    head = b"Checksum: 00\nFormat: leef\nACCOUNTID:7\nnewKey:a:b\nstartTime:soon\nW3C fields:cs-start c-ip\n|==|\n"
    header = read_log_file(head).header
    assert (header.account_id, header.format, header.w3c_fields) == (7, LogFormat.LEEF, ("cs-start", "c-ip"))
    assert (header.checksum, header.checksum_as_sent) == ("", "00")
    assert dict(header.other) == {"newKey": "a:b", "starttime": "soon"}
    whole = read_log_file(packed(b"")).header
    assert (whole.config_id, whole.is_encrypted) == (45, False)
    assert (whole.start_time, whole.end_time) == (
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC),
    )


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"b": "|==|"}\n', b"CEF:0|a\n|==|\nCEF:0|b\n", b"", b"\n"], ids=repr)
def test_content_without_a_header_is_all_lines(content: bytes) -> None:
    file = read_log_file(content)
    assert list(file) == content.split(b"\n")[:-1]
    assert file.header.format is None


def test_a_whole_file_may_be_compressed() -> None:
    assert list(read_log_file(gzip.compress(CONTENT))) == LINES


def test_streams_one_after_the_other_are_one_content() -> None:
    body = gzip.compress(b"a\n" * 10) + gzip.compress(b"b\n" * 10)
    assert list(read_log_file(packed(body, content=b"a\n" * 10 + b"b\n" * 10))) == [b"a"] * 10 + [b"b"] * 10


def test_a_path_and_a_stream_are_read_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "1_1.log"
    path.write_bytes(packed(zlib.compress(CONTENT)))
    stream = io.BytesIO(path.read_bytes())
    with read_log_file(path) as from_path, read_log_file(stream) as from_stream:
        assert list(from_path) == list(from_stream) == LINES
    assert stream.closed


def test_a_very_long_line_comes_cut_and_marked() -> None:
    content = b"short\n" + b"x" * 1_000_000 + b"\nnext\n" + b"y" * 300_000
    lines = list(read_log_file(packed(zlib.compress(content), content=content)))
    assert [len(line) for line in lines] == [5, 256 * 1024 + 1, 4, 256 * 1024 + 1]
    assert [isinstance(line, CutLine) for line in lines] == [False, True, False, True]


@given(
    st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.endswith(b"\r")), max_size=30),
    st.sampled_from(sorted(PACKINGS)),
    st.sampled_from([b"\n", b"\r\n"]),
    st.integers(1, 60),
)
def test_no_line_is_lost_or_made(lines: list[bytes], packing: str, end: bytes, max_line_bytes: int) -> None:
    content = b"CEF:0|begin" + end + b"".join(line + end for line in lines)
    found = list(
        read_log_file(packed(PACKINGS[packing](content), content=content), limits=Limits(max_line_bytes=max_line_bytes))
    )
    assert [bytes(line) for line in found] == [
        line if len(line) <= max_line_bytes else line[: max_line_bytes + 1] for line in [b"CEF:0|begin", *lines]
    ]


def test_without_a_checksum_well_formed_padding_is_believed() -> None:
    content = b"CEF:0|" + b"x" * 20
    checksum = hashlib.md5(content).hexdigest().encode()
    for padding in (None, b"\0"):
        file = encrypted(content, content=content, padding=padding).replace(checksum, b"none")
        assert list(read_log_file(file, private_keys={1: private_key(1)})) == [content]


def test_a_file_that_is_refused_at_once_is_closed() -> None:
    stream = io.BytesIO(encrypted(CONTENT))
    with pytest.raises(UnreadableFile):
        read_log_file(stream)
    assert stream.closed

"""Recognise how a body is compressed, and inflate it in small steps: no output is made that is not asked for."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import cast

from isal import isal_zlib

from sakimori.logs.unpack.errors import FileReason, UnreadableFile

_STEP_BYTES = 128 * 1024
_BROKEN = cast("type[Exception]", isal_zlib.error)  # Its stub calls the class an exception.
_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_BITS, _GZIP_BITS, _RAW_BITS = 15, 31, -15
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
_TEXT = re.compile(rb"[\t\n\r -~\x80-\xff]*")
_LOOK_BYTES = 64
_FIRST_BYTES = 8
_BOM = b"\xef\xbb\xbf"
_PADDING = bytes(range(17))
# What may follow the compressed data: padding of the cipher, a line end of the transport.
_MAX_TRAILER_BYTES = 16


def inflate(blocks: Iterable[bytes], *, is_encrypted: bool) -> tuple[Iterator[bytes], bool]:
    """Give the content and whether it was compressed. The vendor compresses with zlib; gzip, raw deflate and
    nothing at all are seen elsewhere. What is neither compressed nor encrypted is the content, whatever it is."""
    beginning, rest = _look(blocks)
    bits = _window_bits(beginning)
    whole = chain((beginning,), rest)
    if bits is not None:
        return _inflated(whole, bits), True
    if _is_text(beginning):
        return whole, False
    if _is_raw_deflate(beginning):
        return _inflated(whole, _RAW_BITS), True
    if is_encrypted:
        raise UnreadableFile(FileReason.WRONG_KEY)
    return whole, False


def _look(blocks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    rest = iter(blocks)
    beginning = b""
    for block in rest:
        beginning += block
        if len(beginning) >= _LOOK_BYTES:
            break
    return beginning, rest


def _window_bits(beginning: bytes) -> int | None:
    if beginning[:2] == _GZIP_MAGIC:
        return _GZIP_BITS
    is_deflate = len(beginning) > 1 and beginning[0] & 15 == _ZLIB_METHOD and beginning[0] >> 4 < _ZLIB_METHOD
    if is_deflate and int.from_bytes(beginning[:2], "big") % _ZLIB_CHECK == 0:
        return _ZLIB_BITS
    return None


def _is_text(beginning: bytes) -> bool:
    """Say whether this looks like lines. A short raw deflate stream can look like text, but not like ASCII."""
    # The cipher's padding stands within the look if the content is short.
    looked_at = beginning[:_LOOK_BYTES].rstrip(_PADDING)
    first = looked_at.removeprefix(_BOM)[:_FIRST_BYTES]
    return first.isascii() and _TEXT.fullmatch(looked_at) is not None


def _is_raw_deflate(beginning: bytes) -> bool:
    """Raw deflate has no mark. What inflates to text is taken for it."""
    try:
        clear = isal_zlib.decompressobj(_RAW_BITS).decompress(beginning, _STEP_BYTES)
    except _BROKEN:
        return False
    return bool(clear) and _TEXT.fullmatch(clear[:_FIRST_BYTES]) is not None


def _inflated(blocks: Iterable[bytes], bits: int) -> Iterator[bytes]:
    streams = _Streams(bits)
    for block in blocks:
        yield from streams.feed(block)
    if not streams.has_ended:
        raise UnreadableFile(FileReason.TRUNCATED)


class _Streams:
    """One compressed stream, or several of them one after the other."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._decoder = isal_zlib.decompressobj(bits)
        self._trailer = b""

    @property
    def has_ended(self) -> bool:
        return self._decoder.eof

    def feed(self, block: bytes) -> Iterator[bytes]:
        data, self._trailer = self._trailer + block, b""
        has_more = True
        while has_more:
            if self.has_ended and not self._begins_again(data):
                return
            clear = self._step(data)
            if clear:
                yield clear
            data = self._decoder.unused_data if self.has_ended else self._decoder.unconsumed_tail
            # A full step may have left output inside the decoder even if it has taken all input.
            has_more = bool(data) or len(clear) == _STEP_BYTES

    def _step(self, data: bytes) -> bytes:
        try:
            return self._decoder.decompress(data, _STEP_BYTES)
        except _BROKEN:
            raise UnreadableFile(FileReason.BROKEN_COMPRESSION) from None

    def _begins_again(self, data: bytes) -> bool:
        """Begin the next stream. More bytes that are none than padding can be may be lines that would be lost."""
        if _window_bits(data) == self._bits:
            self._decoder = isal_zlib.decompressobj(self._bits)
            return True
        if len(data.strip(b"\r\n \0")) > _MAX_TRAILER_BYTES:
            raise UnreadableFile(FileReason.BROKEN_COMPRESSION)
        self._trailer = data
        return False

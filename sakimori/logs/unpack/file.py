"""Read one delivered log file as a stream of lines."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.logs.unpack.decrypting import body_key, decrypt
from sakimori.logs.unpack.documents import lines_of_documents
from sakimori.logs.unpack.errors import FileReason, UnreadableFile
from sakimori.logs.unpack.header import MAX_HEADER_BYTES, split_header
from sakimori.logs.unpack.inflating import inflate
from sakimori.logs.unpack.limits import Limits
from sakimori.logs.unpack.lines import CutLine, split_lines, whole_lines
from sakimori.logs.unpack.padding import without_padding

_BLOCK_BYTES = 64 * 1024
_NO_KEYS: Mapping[int, RSAPrivateKey] = {}
_DEFAULT_LIMITS = Limits()


class UnpackedFile:
    """A log file whose header has been read. Iterate once for its lines, or once over `blocks` of them; use as a
    context to close it early.

    **Lines are provisional until the iteration ends without an error**: whether a file is complete and is what was
    sent is known only at its end. After an `UnreadableFile`, or after breaking off, the caller forgets them all.
    A line longer than the limit comes as a `CutLine` (its beginning). Errors of the source itself (OSError)
    pass through.
    """

    def __init__(self, source: BinaryIO, *, private_keys: Mapping[int, RSAPrivateKey], limits: Limits) -> None:
        self._source = source
        self._limits = limits
        beginning = source.read(MAX_HEADER_BYTES)
        self.header, body = split_header(beginning)
        self._delivered_bytes = len(beginning)
        key = body_key(self.header, private_keys) if self.header.is_encrypted else None
        blocks = self._delivered(body)
        content, is_compressed = inflate(decrypt(blocks, key) if key else blocks, is_encrypted=key is not None)
        if key and not is_compressed:
            content = without_padding(content, checksum=self.header.checksum)
        self._content = lines_of_documents(self._checked(content))

    @property
    def max_bad_lines(self) -> int:
        """How many lines may be no events."""
        return self._limits.max_bad_lines

    @property
    def delivered_bytes(self) -> int:
        """How much of the file, as it was delivered, has been read so far."""
        return self._delivered_bytes

    def __iter__(self) -> Iterator[bytes]:
        return split_lines(self._content, max_line_bytes=self._limits.max_line_bytes)

    def blocks(self) -> Iterator[bytes | CutLine]:
        """Give blocks of whole lines, see `whole_lines`."""
        return whole_lines(self._content, max_line_bytes=self._limits.max_line_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def _delivered(self, body: bytes) -> Iterator[bytes]:
        yield body
        while block := self._source.read(_BLOCK_BYTES):
            self._delivered_bytes += len(block)
            yield block

    def _checked(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the content on within the limits; at its end, check what it is against the checksum."""
        digest, content_bytes = hashlib.md5(usedforsecurity=False), 0
        for block in content:
            content_bytes += len(block)
            if self._limits.are_exceeded(content_bytes=content_bytes, delivered_bytes=self._delivered_bytes):
                raise UnreadableFile(FileReason.TOO_LARGE)
            digest.update(block)
            yield block
        if self.header.checksum and digest.hexdigest() != self.header.checksum:
            raise UnreadableFile(FileReason.WRONG_CHECKSUM)


def read_log_file(
    source: Path | bytes | BinaryIO,
    *,
    private_keys: Mapping[int, RSAPrivateKey] = _NO_KEYS,
    limits: Limits = _DEFAULT_LIMITS,
) -> UnpackedFile:
    """Open a file, or take its bytes or an open stream, and read its header. Raises `UnreadableFile` or OSError."""
    stream = _stream(source)
    try:
        return UnpackedFile(stream, private_keys=private_keys, limits=limits)
    except BaseException:
        stream.close()
        raise


def _stream(source: Path | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, Path):
        return source.open("rb")
    return io.BytesIO(source) if isinstance(source, bytes) else source

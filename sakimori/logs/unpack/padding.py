"""Take the cipher's padding off a body that was encrypted without being compressed.

Which padding the vendor uses is not documented (its own client leaves it on, and zlib hides it). The checksum decides
where there is one; without one a well-formed PKCS#7 padding is believed, then zeros.
"""

import hashlib
from collections.abc import Iterable, Iterator

from sakimori.logs.unpack.decrypting import AES_BLOCK_BYTES


def without_padding(blocks: Iterable[bytes], *, checksum: str) -> Iterator[bytes]:
    """Pass the content on, always holding back the last cipher block. `checksum`: MD5 hex digits or ""."""
    digest, held = hashlib.md5(usedforsecurity=False), b""
    for block in blocks:
        ready = held + block
        held = ready[-AES_BLOCK_BYTES:]
        ready = ready[:-AES_BLOCK_BYTES]
        digest.update(ready)
        yield ready
    yield next((end for end in _ends(held) if _completes(digest, end, checksum)), held)


def _ends(held: bytes) -> Iterator[bytes]:
    """Give what the last block may be without padding, the likeliest first."""
    size = held[-1] if held else 0
    if 0 < size <= len(held) and held.endswith(bytes([size]) * size):
        yield held[:-size]
    yield held.rstrip(b"\0")
    yield held.rstrip(b" ")
    yield held


def _completes(digest: "hashlib._Hash", end: bytes, checksum: str) -> bool:
    if not checksum:
        return True
    whole = digest.copy()
    whole.update(end)
    return whole.hexdigest() == checksum

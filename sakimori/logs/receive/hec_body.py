"""A request's body as it comes: bounded in size, in what it inflates to, and in the time that it may take."""

import asyncio
import gzip
import io
import zlib
from dataclasses import dataclass

from starlette.requests import Request

from sakimori.logs.receive.hec_events import BadRequest, too_large
from sakimori.logs.receive.in_flight import Share

_CHUNK_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What a request may take.

    body_bytes: as it comes, and inflated. The largest batches that senders make by default are 10 MB (rsyslog) and
    16 MiB (LogScale's collector); most make 1 or 2. total_bytes, contract_bytes: of all requests that are under way;
    one of the largest counts three times (as it came, inflated, as lines). begin_seconds, bytes_per_second: a body must
    be there so soon, and so much later for what has come of it.
    """

    body_bytes: int = 16 << 20
    total_bytes: int = 192 << 20
    contract_bytes: int = 64 << 20
    begin_seconds: float = 20.0
    bytes_per_second: float = 64 << 10


async def body_of(request: Request, share: Share, limits: BodyLimits) -> bytes:
    """All of it. Raises BadRequest (too large, too slow), OSError (too much under way) or ClientDisconnect."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.body_bytes:
        raise too_large()
    parts, size, loop = [], 0, asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(limits.begin_seconds) as patience:
            async for part in request.stream():
                size += len(part)
                if size > limits.body_bytes:
                    raise too_large()
                share.more(len(part))
                parts.append(part)
                patience.reschedule(begun + limits.begin_seconds + size / limits.bytes_per_second)
    except TimeoutError as error:
        raise BadRequest("Request timed out", 6, 408) from error
    return b"".join(parts)


def inflated(body: bytes, share: Share, limits: BodyLimits) -> bytes:
    """What a gzip body holds. Raises BadRequest (broken, too large) or OSError (as much as may be is under way)."""
    parts, size = [], 0
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        while part := _chunk(file):
            size += len(part)
            if size > limits.body_bytes:
                raise too_large()
            share.more(len(part))
            parts.append(part)
    return b"".join(parts)


def _chunk(file: gzip.GzipFile) -> bytes:
    try:
        return file.read1(_CHUNK_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise BadRequest("Invalid data format", 6) from error

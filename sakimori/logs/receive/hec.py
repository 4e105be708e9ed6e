"""The push door: a collector that speaks Splunk's HTTP Event Collector protocol, for the vendor's only direct push.

The contract comes from the token, never from what is sent. "Success" is answered only after the events are synced on
the disk (see `together.py`). An event that is text becomes its line, an event that is an object becomes a line of JSON.
"""

import contextlib
import gzip
import io
import json
import re
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from errno import ENOSPC

from django.db import DatabaseError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sakimori.logs.formats.detect import LogFormat, format_of
from sakimori.logs.receive.gathered import GatheringDoor
from sakimori.logs.receive.together import Together, TogetherLimits
from sakimori.logs.receive.tokens import Tokens

_LIMIT_BYTES = 64 << 20
_SPACE = re.compile(r"\s*")
_FIRST_BYTES = 1024
_AT_ONCE_BYTES = 256 << 10
_SHOWN = (LogFormat.CEF, LogFormat.LEEF, LogFormat.JSON)


class BadRequest(Exception):
    """The request cannot be understood; `code` is the protocol's number for why."""

    def __init__(self, text: str, code: int, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.status = code, status


class HecDoor(GatheringDoor):
    """The door's folder of gathered files."""

    name = "hec"


def collector(door: HecDoor, *, clock: Callable[[], datetime], limits: TogetherLimits | None = None) -> Starlette:
    """The collector as an ASGI application. It needs its lifespan: what was taken is handed over at the end of it."""
    together = Together(door, limits or TogetherLimits())
    requests = _Requests(door, together, Tokens(clock=clock, steady=time.monotonic))

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        await together.open()
        try:
            yield
        finally:
            await together.close()

    prefix, ends = "/services/collector", ("", "/event", "/event/1.0", "/raw", "/raw/1.0")
    doors = [Route(prefix + end, requests.answer, methods=["POST"]) for end in ends]
    healths = [Route(f"{prefix}/health{end}", requests.health) for end in ("", "/1.0")]
    return Starlette(routes=[*doors, *healths], lifespan=lifespan)


class _Requests:
    """Every request: those that bring events, and those that only ask how it goes."""

    def __init__(self, door: HecDoor, together: Together, tokens: Tokens) -> None:
        self._door, self._together, self._tokens = door, together, tokens

    async def answer(self, request: Request) -> JSONResponse:
        try:
            await self._take(request)
        except BadRequest as error:
            return JSONResponse({"text": str(error), "code": error.code}, error.status)
        except (OSError, DatabaseError):
            return JSONResponse({"text": "Server is busy", "code": 9}, 503)
        return JSONResponse({"text": "Success", "code": 0})

    async def _take(self, request: Request) -> None:
        # The token comes first: a stranger's body is not even read.
        contract_id = await self._tokens.contract_id(_token(request))
        if contract_id is None:
            raise BadRequest("Invalid token", 4, 403)
        if not self._door.has_room():
            raise OSError(ENOSPC, "the floor of the disk is reached")
        raw = request.url.path.endswith(("/raw", "/raw/1.0"))
        body, packed = await _body(request), request.headers.get("content-encoding", "").lower() == "gzip"
        if packed or len(body) > _AT_ONCE_BYTES:
            lines, alone = await run_in_threadpool(_content, body, raw=raw, packed=packed)
        else:
            # Going to a thread and back would take longer than the reading.
            lines, alone = _content(body, raw=raw, packed=False)
        await self._together.take(contract_id, lines, alone=alone)

    async def health(self, _request: Request) -> JSONResponse:
        if not self._door.has_room():
            return JSONResponse({"text": "HEC is unhealthy, queues are full", "code": 18}, 503)
        return JSONResponse({"text": "HEC is healthy", "code": 17})


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LIMIT_BYTES:
            raise BadRequest("Request entity too large", 27, 413)
        parts.append(part)
    return b"".join(parts)


def _inflated(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            plain = file.read(_LIMIT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadRequest("Invalid data format", 6) from error
    if len(plain) > _LIMIT_BYTES:
        raise BadRequest("Request entity too large", 27, 413)
    return plain


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        raise BadRequest("Token is required", 2, 401)
    if scheme.lower() != "splunk":
        raise BadRequest("Invalid authorization", 3, 401)
    return token.strip()


def _content(body: bytes, *, raw: bool, packed: bool) -> tuple[bytes, bool]:
    """What a request brings, and whether it is a file of its own.

    Lines that show their format may share a file with others. What begins otherwise is left as it came: a header, a
    compressed body or an order of fields counts for all that follows it.
    """
    plain = _inflated(body) if packed else body
    if not plain.strip():
        raise BadRequest("No data", 5)
    lines = plain if raw else b"".join(_lines(plain))
    if format_of(lines[:_FIRST_BYTES]) not in _SHOWN:
        return lines, True
    return (lines if lines.endswith(b"\n") else lines + b"\n"), False


def _lines(body: bytes) -> Iterator[bytes]:
    """The events of a request, which are JSON objects one after the other, each as one line.

    What is no UTF-8 spoils its own line only: a visitor's bytes must not keep the events of others out.
    """
    try:
        text = body.decode(errors="surrogateescape")
        decoder, position = json.JSONDecoder(), _after_space(text, 0)
        while position < len(text):
            envelope, end = decoder.raw_decode(text, position)
            yield _line(envelope)
            position = _after_space(text, end)
    except (ValueError, RecursionError) as error:
        raise BadRequest("Invalid data format", 6) from error


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _line(envelope: object) -> bytes:
    if not isinstance(envelope, dict) or "event" not in envelope:
        raise BadRequest("Event field is required", 12)
    event = envelope["event"]
    if event in ("", None):
        raise BadRequest("Event field cannot be blank", 13)
    text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return text.replace("\n", " ").replace("\r", " ").encode(errors="surrogatepass") + b"\n"

"""The push door: a collector that speaks Splunk's HTTP Event Collector protocol, for the vendor's only direct push.

The contract comes from the token, never from what is sent. "Success" is answered only after the events are synced on
the disk (see `together.py`). What becomes of an event is told in `hec_events.py`. However many send whatever they like,
requests hold a bounded number of bytes: who comes when as many are under way is told to try again.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from errno import ENOSPC
from functools import partial

from django.db import DatabaseError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sakimori.logs.formats.detect import LogFormat, format_of
from sakimori.logs.receive.gathered import GatheringDoor
from sakimori.logs.receive.hec_body import BodyLimits, body_of, inflated
from sakimori.logs.receive.hec_events import BadRequest, event_lines
from sakimori.logs.receive.in_flight import InFlight, Share
from sakimori.logs.receive.together import Together, TogetherLimits
from sakimori.logs.receive.tokens import Tokens
from sakimori.logs.unpack.documents import is_document

_FIRST_BYTES = 1024
_AT_ONCE_BYTES = 256 << 10
# Each may hold some tens of MiB while it looks at an envelope of the worst shape.
_READERS = 2
_TIMED_OUT = 408
_RETRY_AFTER = {"Retry-After": "5"}
_SHOWN = (LogFormat.CEF, LogFormat.LEEF, LogFormat.JSON)


class HecDoor(GatheringDoor):
    """The door's folder of gathered files."""

    name = "hec"


def collector(
    door: HecDoor,
    *,
    clock: Callable[[], datetime],
    limits: TogetherLimits | None = None,
    bodies: BodyLimits | None = None,
) -> Starlette:
    """The collector as an ASGI application. It needs its lifespan: what was taken is handed over at the end of it."""
    together = Together(door, limits or TogetherLimits())
    requests = _Requests(door, together, Tokens(clock=clock, steady=time.monotonic), bodies or BodyLimits())

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        await together.open()
        try:
            yield
        finally:
            await together.close()
            requests.close()

    prefix, ends = "/services/collector", ("", "/event", "/event/1.0", "/raw", "/raw/1.0")
    doors = [Route(prefix + end, requests.answer, methods=["POST"]) for end in ends]
    healths = [Route(f"{prefix}/health{end}", requests.health) for end in ("", "/1.0")]
    return Starlette(routes=[*doors, *healths], lifespan=lifespan)


class _Requests:
    """Every request: those that bring events, and those that only ask how it goes."""

    def __init__(self, door: HecDoor, together: Together, tokens: Tokens, limits: BodyLimits) -> None:
        self._door, self._together, self._tokens, self._limits = door, together, tokens, limits
        self._under_way = InFlight(total_bytes=limits.total_bytes, contract_bytes=limits.contract_bytes)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="hec-read")

    def close(self) -> None:
        """Nothing more comes."""
        self._readers.shutdown()

    async def answer(self, request: Request) -> JSONResponse:
        try:
            await self._take(request)
        except BadRequest as error:
            late = {"Connection": "close"} if error.status == _TIMED_OUT else None
            return JSONResponse({"text": str(error), "code": error.code}, error.status, late)
        except ClientDisconnect:
            return JSONResponse({"text": "Invalid data format", "code": 6}, 400)  # Nobody is there to read it.
        except (OSError, DatabaseError):
            return JSONResponse({"text": "Server is busy", "code": 9}, 503, _RETRY_AFTER)
        return JSONResponse({"text": "Success", "code": 0})

    async def _take(self, request: Request) -> None:
        # The token comes first: a stranger's body is not even read.
        contract_id = await self._tokens.contract_id(_token(request))
        if contract_id is None:
            raise BadRequest("Invalid token", 4, 403)
        if not self._door.has_room():
            raise OSError(ENOSPC, "the floor of the disk is reached")
        with self._under_way.share(contract_id) as share:
            lines, alone = await self._read(request, share)
            await self._together.take(contract_id, lines, alone=alone)

    async def _read(self, request: Request, share: Share) -> tuple[bytes, bool]:
        raw = request.url.path.endswith(("/raw", "/raw/1.0"))
        packed = request.headers.get("content-encoding", "").lower() == "gzip"
        body = await body_of(request, share, self._limits)
        content = partial(_content, body, share, self._limits, raw=raw, packed=packed)
        if packed or len(body) > _AT_ONCE_BYTES:
            return await asyncio.get_running_loop().run_in_executor(self._readers, content)
        # Going to a thread and back would take longer than the reading.
        return content()

    async def health(self, _request: Request) -> JSONResponse:
        if not self._door.has_room():
            return JSONResponse({"text": "HEC is unhealthy, queues are full", "code": 18}, 503)
        return JSONResponse({"text": "HEC is healthy", "code": 17})


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        raise BadRequest("Token is required", 2, 401)
    if scheme.lower() != "splunk":
        raise BadRequest("Invalid authorization", 3, 401)
    return token.strip()


def _content(body: bytes, share: Share, limits: BodyLimits, *, raw: bool, packed: bool) -> tuple[bytes, bool]:
    """What a request brings, and whether it is a file of its own.

    Lines that show their format may share a file with others. What begins otherwise is left as it came: a header, a
    compressed body or an order of fields counts for all that follows it, and a JSON document is read as a whole.
    """
    plain = inflated(body, share, limits) if packed else body
    if not plain[:_FIRST_BYTES].strip() and not plain.strip():
        raise BadRequest("No data", 5)
    if not raw:
        share.more(len(plain))
    lines = plain if raw else event_lines(plain)
    if format_of(lines[:_FIRST_BYTES]) not in _SHOWN or (raw and is_document(lines)):
        return lines, True
    return (lines if lines.endswith(b"\n") else lines + b"\n"), False

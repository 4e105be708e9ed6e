"""The push door: a collector that speaks Splunk's HTTP Event Collector protocol, for the vendor's only direct push.

The contract comes from the token, never from what is sent. "Success" is answered only after the events lie in the
spool and the ledger. Every request becomes one file of lines: an event that is text becomes its line, an event that
is an object becomes a line of JSON.
"""

import gzip
import hashlib
import io
import json
import re
import secrets
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import DatabaseError, close_old_connections
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.customers.secrets import token_digest
from sakimori.lib.jst import day_of
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool, TooLarge

DOOR = "hec"
_LIMIT_BYTES = 64 << 20
_SPACE = re.compile(r"\s*")


class BadRequest(Exception):
    """The request cannot be understood; `code` is the protocol's number for why."""

    def __init__(self, text: str, code: int, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.status = code, status


def collector(*, spool: Spool, clock: Callable[[], datetime]) -> Starlette:
    """The collector as an ASGI application."""

    async def take(request: Request) -> JSONResponse:
        raw = request.url.path.endswith(("/raw", "/raw/1.0"))
        try:
            # The token comes first: a stranger's body is not even read.
            contract = await run_in_threadpool(_contract, _token(request), clock())
            body = await _body(request)
            await run_in_threadpool(_take, body, contract, raw=raw, spool=spool, clock=clock)
        except BadRequest as error:
            return JSONResponse({"text": str(error), "code": error.code}, error.status)
        except (TooLarge, OSError, DatabaseError):
            return JSONResponse({"text": "Server is busy", "code": 9}, 503)
        return JSONResponse({"text": "Success", "code": 0})

    async def health(_request: Request) -> JSONResponse:
        if await run_in_threadpool(spool.floor.is_reached):
            return JSONResponse({"text": "HEC is unhealthy, queues are full", "code": 18}, 503)
        return JSONResponse({"text": "HEC is healthy", "code": 17})

    prefix = "/services/collector"
    doors = [
        Route(f"{prefix}{end}", take, methods=["POST"]) for end in ("", "/event", "/event/1.0", "/raw", "/raw/1.0")
    ]
    return Starlette(routes=[*doors, Route(f"{prefix}/health", health), Route(f"{prefix}/health/1.0", health)])


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LIMIT_BYTES:
            raise BadRequest("Request entity too large", 27, 413)
        parts.append(part)
    body = b"".join(parts)
    return _inflated(body) if request.headers.get("content-encoding", "").lower() == "gzip" else body


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


def _take(body: bytes, contract: Contract, *, raw: bool, spool: Spool, clock: Callable[[], datetime]) -> None:
    close_old_connections()
    if not body.strip():
        raise BadRequest("No data", 5)
    lines = body if raw else b"".join(_lines(body))
    digest = hashlib.sha256(lines).hexdigest()[:32]
    accept([lines], contract=contract, door=DOOR, name=f"hec-{digest}", spool=spool, now=clock())


def _contract(token: str, now: datetime) -> Contract:
    """Whose token it is. From the day of cancellation on a token is refused like one that nobody knows."""
    close_old_connections()
    digest = token_digest(token)
    accounts = VendorAccount.objects.filter(running(day_of(now), contract="contract"), collector_token_digest=digest)
    account = accounts.select_related("contract").first()
    if account is None or not secrets.compare_digest(account.collector_token_digest, digest):
        raise BadRequest("Invalid token", 4, 403)
    return account.contract


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

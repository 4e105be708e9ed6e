"""`sakimori probe serve`: visits pages for a Sakimori elsewhere. Signed orders only, the same guard, no database."""

import asyncio
import ssl
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import parse_qs

import uvicorn
from django.conf import settings
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sakimori.blacklist.networks import vendor_networks
from sakimori.incidents.beside import Visiting
from sakimori.incidents.elsewhere import NONCE, PATH, SIGNATURE, TIME
from sakimori.incidents.probing import visit
from sakimori.incidents.vantage import (
    MOST_ORDER_BYTES,
    Doorkeeper,
    Nonsense,
    NotTrusted,
    answer_text,
    read_order,
    signature,
)
from sakimori.incidents.visit import Limits
from sakimori.lib.jst import utc_now

_AT_ONCE = 16
_BODY_SECONDS = 10.0


def vantage_app(key: str, *, visiting: Visiting, limits: Limits, clock: Callable[[], datetime]) -> Starlette:
    """The service. limits: its own; an order may ask for less time, never for more."""
    keeper = Doorkeeper(key, clock().timestamp())
    room = asyncio.Semaphore(_AT_ONCE)

    async def look(request: Request) -> Response:
        order = await _order_of(request)
        given = {name: request.headers.get(name, "") for name in (TIME, NONCE, SIGNATURE)}
        try:
            keeper.check(order, time=given[TIME], nonce=given[NONCE], given=given[SIGNATURE], now=clock().timestamp())
            target, seconds = read_order(order)
        except NotTrusted as error:
            return PlainTextResponse(str(error), status_code=403)
        except Nonsense as error:
            return PlainTextResponse(str(error), status_code=400)
        if room.locked():
            return PlainTextResponse("too many visits at once", status_code=503)
        async with room:
            bounds = Limits(min(seconds, limits.probe_seconds), limits.slow_seconds, training=limits.training)
            seen = await run_in_threadpool(partial(visiting, target, limits=bounds, at=clock()))
        text = answer_text(seen)
        return Response(text, headers={SIGNATURE: signature(key, "answer", given[NONCE], text)})

    return Starlette(routes=[Route(PATH, look, methods=["POST"])])


async def _order_of(request: Request) -> str:
    """The order of a request, empty if there is none. No more is read than an order may be long."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > 4 * MOST_ORDER_BYTES:
                    return ""
        return parse_qs(body.decode(), max_num_fields=4).get("order", [""])[0]
    except (ClientDisconnect, TimeoutError, ValueError):
        return ""


def serve() -> int:
    """Answer until asked to stop. Returns 2, after one sentence, where a setting is missing."""
    config = settings.CONFIG
    if not config.vantage_key:
        print("The setting SAKIMORI_VANTAGE_KEY is missing: without it nobody can ask for a visit.", file=sys.stderr)
        return 2
    host, port = config.vantage_listen
    app = vantage_app(
        config.vantage_key,
        visiting=partial(visit, vendor=vendor_networks()),
        limits=Limits(config.probe_seconds, config.slow_seconds, training=config.training),
        clock=utc_now,
    )
    print(f"Visits are made for those who know the key, on {host}:{port}.", flush=True)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=config.tls_key,
    )
    return 0

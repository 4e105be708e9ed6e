"""The shops that are protected: a page per site whose state can be switched.

`/` is the shop by itself, `/<site id>/` the one of a site; each has its own state.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sakimori.simulators.loopback import LoopbackOnly, hang_up
from sakimori.simulators.page import page, static_route
from sakimori.simulators.state import State

SHOP_NAME = "さきもり商店"
SHOP_ITSELF = 0  # The site id of `/`.


class SiteMode(StrEnum):
    """NORMAL answers at once, SLOW after some seconds, DEAD hangs up, ERROR answers 503."""

    NORMAL = "normal"
    SLOW = "slow"
    DEAD = "dead"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SiteCondition:
    """How a site does. `seconds` counts for SLOW."""

    mode: SiteMode = SiteMode.NORMAL
    seconds: float = 0.0


def condition(state: State, site_id: int) -> SiteCondition:
    """How the site does now."""
    rows = state.rows("SELECT mode, seconds FROM site_mode WHERE site_id = ?", site_id)
    return SiteCondition(SiteMode(rows[0]["mode"]), rows[0]["seconds"]) if rows else SiteCondition()


def set_condition(state: State, site_id: int, wanted: SiteCondition) -> None:
    """Switch the site's state; it stays until it is switched again."""
    if wanted.seconds < 0:
        raise ValueError("seconds must not be negative")
    with state.change() as db:
        row = (site_id, wanted.mode, wanted.seconds)
        db.execute("REPLACE INTO site_mode (site_id, mode, seconds) VALUES (?, ?, ?)", row)


def website_app(state: State) -> Starlette:
    """All shops."""

    async def shop(request: Request) -> Response:
        now = condition(state, request.path_params.get("site_id", SHOP_ITSELF))
        if now.mode is SiteMode.SLOW:
            await asyncio.sleep(now.seconds)
        if now.mode is SiteMode.DEAD:
            await hang_up(request.scope)
        if now.mode is SiteMode.ERROR:
            return PlainTextResponse("ただいまご利用いただけません。", status_code=503)
        return page(SHOP_NAME, "<p>全国の名産品をお届けします。</p><p>おせち料理のご予約を承っております。</p>")

    routes = [Route("/", shop), Route("/{site_id:int}/", shop), static_route()]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])

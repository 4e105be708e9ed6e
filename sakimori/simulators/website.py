"""The shops that are protected: a page per site whose state can be switched.

The vendor's edge stands before each: it marks what it passes on, and answers by itself when it is told to.
`/` is the shop by itself, `/<site id>/` the one of a site; each has its own state.
"""

import asyncio
import random
from dataclasses import dataclass
from enum import StrEnum

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sakimori.simulators import waf_pages
from sakimori.simulators.loopback import LoopbackOnly, hang_up
from sakimori.simulators.page import page, static_route
from sakimori.simulators.state import State

SHOP_NAME = "さきもり商店"
SHOP_ITSELF = 0  # The site id of `/`.


class SiteMode(StrEnum):
    """NORMAL answers at once, SLOW after some seconds, DEAD hangs up, ERROR answers 503.

    CHALLENGE, CAPTCHA and WAF_ERROR: the WAF answers in the site's place. BYPASS: answers without the WAF's marks.
    """

    NORMAL = "normal"
    SLOW = "slow"
    DEAD = "dead"
    ERROR = "error"
    CHALLENGE = "challenge"
    CAPTCHA = "captcha"
    WAF_ERROR = "waf_error"
    BYPASS = "bypass"


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
    chance = random.Random()

    async def shop(request: Request) -> Response:
        site_id = request.path_params.get("site_id", SHOP_ITSELF)
        now = condition(state, site_id)
        if now.mode is SiteMode.SLOW:
            await asyncio.sleep(now.seconds)
        if now.mode is SiteMode.DEAD:
            await hang_up(request.scope)
        answer = _answer(now.mode, site_id, has_passed=waf_pages.cookie_name(site_id) in request.cookies)
        if now.mode is not SiteMode.BYPASS:
            answer.headers.update(waf_pages.marks(chance, site_id))
        return answer

    async def resource(request: Request) -> Response:
        site = request.query_params.get("site", "")
        return waf_pages.challenge_script(int(site) if site.isdecimal() else SHOP_ITSELF)

    routes = [
        Route("/", shop),
        Route("/{site_id:int}/", shop),
        Route(waf_pages.RESOURCE, resource),
        static_route(),
    ]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])


def _answer(mode: SiteMode, site_id: int, *, has_passed: bool) -> Response:
    if mode is SiteMode.ERROR:
        return PlainTextResponse("ただいまご利用いただけません。", status_code=503)
    if mode is SiteMode.CHALLENGE and not has_passed:
        return waf_pages.challenge(site_id)
    if mode is SiteMode.CAPTCHA:
        return waf_pages.captcha()
    if mode is SiteMode.WAF_ERROR:
        return waf_pages.error()
    return page(SHOP_NAME, "<p>全国の名産品をお届けします。</p><p>おせち料理のご予約を承っております。</p>")

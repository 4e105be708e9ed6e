"""Pages and marks with which the simulated vendor's edge answers in a site's place.

Assumption: the vendor publishes neither; these follow what visitors have written down of them.
"""

import random

from starlette.responses import HTMLResponse, Response

RESOURCE = "/_Incapsula_Resource"
_HEAD = (
    '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">'
    '<meta name="viewport" content="initial-scale=1.0">'
)


def marks(chance: random.Random, site_id: int) -> dict[str, str]:
    """Headers that the edge adds to every answer."""
    number = chance.randrange(1, 99)
    return {
        "X-CDN": "Imperva",
        "X-Iinfo": f"{number}-{chance.randrange(10**7)}-0 NNNN RT(0 0) q(0 -1 -1 0) r(0 -1)",
        "Set-Cookie": f"visid_incap_{site_id}={chance.randrange(10**9)}; path=/; HttpOnly",
    }


def cookie_name(site_id: int) -> str:
    """Who has this cookie has passed the site's challenge."""
    return f"incap_ses_1_{site_id}"


def challenge(site_id: int) -> Response:
    """A page whose script makes the cookie and asks again, as a browser does and a robot does not."""
    script = f'<script src="{RESOURCE}?SWJIYLWA=719d34d31c8e3a6e&amp;site={site_id}"></script>'
    return HTMLResponse(f"{_HEAD}{script}</head><body></body></html>")


def challenge_script(site_id: int) -> Response:
    """What that page loads."""
    code = f'document.cookie = "{cookie_name(site_id)}=1; path=/"; setTimeout(() => location.reload(), 100);'
    return Response(code, media_type="text/javascript")


def captcha() -> Response:
    """A page that only a person gets past."""
    return HTMLResponse(f"{_HEAD}</head><body>{_frame(12)}</body></html>", status_code=403)


def error() -> Response:
    """The edge cannot reach the site."""
    return HTMLResponse(
        "<html><head><title>Error</title></head><body><h1>Error code 20</h1>"
        "<p>The proxy failed to connect to the web server, due to TCP connection timeout.</p>"
        "<p>Incapsula incident ID: 127000000000000001-1</p><p>Powered by Incapsula</p></body></html>",
        status_code=503,
    )


def _frame(detail: int) -> str:
    incident = "127000000000000001-1"
    source = f"{RESOURCE}?SWUDNSAI=31&incident_id={incident}&edet={detail}"
    return f'<iframe id="main-iframe" src="{source}">Request unsuccessful. Incapsula incident ID: {incident}</iframe>'

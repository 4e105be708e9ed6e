"""What a page or a program sends to the simulators' own controls: a form or a JSON object."""

import json
from urllib.parse import parse_qsl

from starlette.requests import Request

from sakimori.simulators.state import JsonObject


def is_form(request: Request) -> bool:
    """Did a page's form send this?"""
    return "urlencoded" in request.headers.get("content-type", "")


async def payload(request: Request) -> JsonObject:
    """The fields sent; empty if they are no JSON object. Values of a form are texts."""
    body = await request.body()
    if is_form(request):
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def number(data: JsonObject, name: str, default: float) -> float:
    """A figure, from JSON or a form. ValueError if it is none."""
    given = data.get(name)
    return default if given in (None, "") else float(str(given))


def texts(data: JsonObject, name: str) -> tuple[str, ...]:
    """A list of texts: a JSON list, or one text cut at commas and white space."""
    given = data.get(name) or ()
    parts = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(parts, list | tuple):
        raise ValueError(f"{name} must be a list")
    return tuple(str(part) for part in parts)

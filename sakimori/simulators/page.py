"""What all pages of the simulators share: frame, style, small form parts, times in JST. Nothing from elsewhere."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
JST = timezone(timedelta(hours=9), "JST")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # Under no-referrer a browser sends our own forms with Origin: null.
}


def page(title: str, body: str, *, script: str = "", version: str = "", status: int = 200) -> HTMLResponse:
    """A whole page. `body` is HTML already; `script` the name of a static script; `version` is for that script."""
    tag = f'<script src="/static/{script}" defer></script>' if script else ""
    html = (
        '<!doctype html><html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/static/style.css">{tag}</head>'
        f'<body data-version="{escape(version)}"><main><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
    return HTMLResponse(html, status, headers=HEADERS)


def static_route() -> Route:
    """Serves the style sheet and the scripts of our own."""

    async def serve(request: Request) -> Response:
        file = STATIC / request.path_params["name"]
        if file.parent != STATIC or not file.is_file():
            return Response(status_code=404)
        return FileResponse(file)

    return Route("/static/{name}", serve)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells are texts, not HTML."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def form(action: str, fields: str, button: str) -> str:
    """A form that posts; `fields` is HTML already."""
    return f'<form method="post" action="{action}">{fields}<button>{escape(button)}</button></form>'


def choice(name: str, label: str, options: Mapping[str, str], chosen: str = "") -> str:
    """A labelled select; options by value."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{escape(label)}<select name="{name}">{items}</select></label>'


def text_input(name: str, label: str, value: str = "", kind: str = "text") -> str:
    """A labelled input."""
    step = ' step="any"' if kind == "number" else ""
    return f'<label>{escape(label)}<input name="{name}" type="{kind}"{step} value="{escape(value)}"></label>'


def hidden(name: str, value: str) -> str:
    """A value that goes with a form."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def time_text(at_ms: int) -> str:
    """Epoch milliseconds as people in Japan read them."""
    if not at_ms:
        return "最初から"
    return datetime.fromtimestamp(at_ms / 1000, JST).strftime("%Y-%m-%d %H:%M:%S")

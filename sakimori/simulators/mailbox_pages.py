"""The mailbox to look into: a page, newest mail first, and the same as JSON."""

from dataclasses import asdict
from html import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sakimori.simulators.loopback import LoopbackOnly
from sakimori.simulators.mailbox import Mail, mails
from sakimori.simulators.page import page, static_route, time_text
from sakimori.simulators.state import State

# Without any right the page of a mail neither runs nor fetches anything; only its own style holds, as in a mail client.
_MAIL_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def mailbox_app(state: State) -> Starlette:
    """`/` for people, `/mails.json` for programs, `/mails/{id}.html` the HTML part of a mail."""

    async def show(request: Request) -> Response:
        del request
        articles = "".join(_article(mail) for mail in mails(state))
        return page("模擬メールボックス", articles or "<p>メールはまだありません。</p>")

    async def show_html(request: Request) -> Response:
        shown = [mail.html for mail in mails(state) if mail.id == request.path_params["mail_id"] and mail.html]
        return HTMLResponse(shown[0], headers=_MAIL_HEADERS) if shown else Response(status_code=404)

    async def show_json(request: Request) -> Response:
        del request
        return JSONResponse({"mails": [asdict(mail) for mail in mails(state)]})

    pages = [Route("/", show), Route("/mails.json", show_json), Route("/mails/{mail_id:int}.html", show_html)]
    return Starlette(routes=[*pages, static_route()], middleware=[Middleware(LoopbackOnly)])


def _article(mail: Mail) -> str:
    facts = (
        ("受信日時", time_text(mail.received_ms)),
        ("差出人", mail.sender),
        ("宛先", mail.to),
        ("届け先", ", ".join(mail.recipients)),
        ("Message-ID", mail.message_id),
        ("配送回数", f"{mail.deliveries} 回"),
    )
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{escape(value)}</td></tr>' for name, value in facts)
    subject = escape(mail.subject or "(件名なし)")
    files = "".join(
        f"<li>{escape(file.name)}（{escape(file.content_type)}、{file.size:,} バイト）</li>" for file in mail.files
    )
    attached = f"<p>添付ファイル</p><ul>{files}</ul>" if files else ""
    frame = f'<iframe sandbox="" title="HTML" loading="lazy" src="/mails/{mail.id}.html"></iframe>'
    shown = f"<details><summary>HTML で見る</summary>{frame}</details>" if mail.html else ""
    return f"<article><h2>{subject}</h2><table>{rows}</table><pre>{escape(mail.text)}</pre>{attached}{shown}</article>"

"""The phone on a page (ringing calls, keys), and what demo and tests ask of it; the provider's API stands beside it.

GET /calls[?reference=], GET /calls/{id}, POST /calls/{id}/act {action}, POST /habits {number, action} (an empty action
takes the habit away), POST /faults {kind, calls}: what goes wrong with the next calls that are asked for.
"""

import asyncio
from html import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sakimori.simulators.loopback import LoopbackOnly
from sakimori.simulators.page import choice, form, hidden, page, static_route, text_input, time_text
from sakimori.simulators.payload import is_form, number, payload
from sakimori.simulators.phone import Phone
from sakimori.simulators.phone_api import FAULTS, OTHER_FAULTS, api_routes
from sakimori.simulators.phone_rows import PhoneAction, PhoneCall, national
from sakimori.simulators.state import JsonObject

STATE_TEXTS = {
    "ringing": "呼び出し中",
    "answered": "応答",
    "confirmed": "確認済み (1)",
    "declined": "対応不可 (2)",
    "busy": "話し中",
    "no-answer": "応答なし",
    "machine": "留守番電話",
    "failed": "発信できず",
}
BUTTONS = {
    PhoneAction.ANSWER: "電話に出る",
    PhoneAction.CONFIRM: "1",
    PhoneAction.DECLINE: "2",
    PhoneAction.REPEAT: "* (もう一度聞く)",
    PhoneAction.HANG_UP: "切る",
    PhoneAction.BUSY: "話し中にする",
    PhoneAction.NO_ANSWER: "出ない",
    PhoneAction.MACHINE: "留守番電話にする",
}
_WHILE_TALKING = (PhoneAction.CONFIRM, PhoneAction.DECLINE, PhoneAction.REPEAT, PhoneAction.HANG_UP)
_WHILE_RINGING = tuple(action for action in BUTTONS if action not in _WHILE_TALKING[:3])
FAULT_TEXTS = {
    "": "なし",
    "error": "サーバーエラー (500)",
    "busy": "混雑 (429)",
    "lost": "発信後に応答が失われる",
    "never-rings": "受け付けるが呼び出さない",
    "geo": "地域の発信許可がない",
    "invalid": "無効な番号",
    "caller": "発信者番号が未確認",
}
SOUND = '<p><input type="checkbox" id="sound"> <label for="sound">呼び出し音を鳴らす</label></p>'


def phone_app(phone: Phone) -> Starlette:
    """Page and API."""
    endpoints = _Endpoints(phone)
    routes = [
        Route("/", endpoints.show),
        Route("/calls", endpoints.list_calls, methods=["GET"]),
        Route("/calls/{call_id:int}", endpoints.get_call),
        Route("/calls/{call_id:int}/act", endpoints.act, methods=["POST"]),
        Route("/habits", endpoints.set_habit, methods=["POST"]),
        Route("/faults", endpoints.set_fault, methods=["POST"]),
        *api_routes(phone),
        static_route(),
    ]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])


class _Endpoints:
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def show(self, request: Request) -> Response:
        del request
        calls = self._phone.rows.calls()
        version = ",".join(f"{call.id}{call.state}{call.keys}" for call in calls)
        articles = "".join(_article(call) for call in calls) or "<p>着信はありません。</p>"
        body = f'{SOUND}{_faults()}<div id="calls" aria-live="polite">{articles}</div>'
        return page("模擬電話", body, script="phone.js", version=version)

    async def list_calls(self, request: Request) -> Response:
        reference = request.query_params.get("reference")
        calls = [call for call in self._phone.rows.calls() if reference in (None, call.reference)]
        return JSONResponse({"calls": [_shown(call) for call in calls]})

    async def get_call(self, request: Request) -> Response:
        try:
            return JSONResponse(_shown(self._phone.rows.call(request.path_params["call_id"])))
        except KeyError:
            return JSONResponse({"error": "no such call"}, 404)

    async def act(self, request: Request) -> Response:
        data = await payload(request)
        try:
            action = PhoneAction(str(data.get("action", "")))
            call = await asyncio.to_thread(self._phone.act, request.path_params["call_id"], action)
        except KeyError:
            return JSONResponse({"error": "no such call"}, 404)
        except ValueError as error:
            return RedirectResponse("/", 303) if is_form(request) else JSONResponse({"error": str(error)}, 409)
        return RedirectResponse("/", 303) if is_form(request) else JSONResponse(_shown(call))

    async def set_habit(self, request: Request) -> Response:
        data = await payload(request)
        who, action = str(data.get("number", "")), str(data.get("action") or "")
        try:
            self._phone.set_habit(who, action)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"number": who, "action": action or None})

    async def set_fault(self, request: Request) -> Response:
        data = await payload(request)
        kind = str(data.get("kind") or "")
        if kind and kind not in (*FAULTS, *OTHER_FAULTS):
            return JSONResponse({"error": "no such fault"}, 400)
        calls = int(number(data, "calls", 1))
        self._phone.rows.set_fault(kind, calls)
        if is_form(request):
            return RedirectResponse("/", 303)
        return JSONResponse({"kind": kind or None, "calls": calls})


def _faults() -> str:
    fields = choice("kind", "次の発信で起こす障害", FAULT_TEXTS) + text_input("calls", "回数", "1", "number")
    return form("/faults", fields, "設定する")


def _shown(call: PhoneCall) -> JsonObject:
    return {
        "id": call.id,
        "to": national(call.to),
        "from": national(call.caller),
        "say": call.said,
        "reference": call.reference,
        "state": call.state,
        "status": call.status,
        "key": call.keys[-1:],
        "keys": call.keys,
        "parent": call.parent,
        "at_ms": call.at_ms,
        "ended_ms": call.ended_ms,
    }


def _article(call: PhoneCall) -> str:
    is_ringing = call.state == "ringing"
    actions = () if call.is_over else _WHILE_RINGING if is_ringing else _WHILE_TALKING
    buttons = "".join(_button(call, action, BUTTONS[action]) for action in actions)
    words = f"<pre>{escape(call.said)}</pre>" if call.said else ""
    who = "SOC への転送" if call.parent else f"発信元 {escape(national(call.caller))}"
    keys = f" / 押したキー {escape(call.keys)}" if call.keys else ""
    return (
        f'<article class="{"ringing" if is_ringing else ""}">'
        f"<h2>{escape(national(call.to))} <small>{STATE_TEXTS[call.state]}</small></h2>"
        f"<p>{who} / {time_text(call.at_ms)}{keys}</p>{words}{buttons}</article>"
    )


def _button(call: PhoneCall, action: PhoneAction, text: str) -> str:
    field = hidden("action", action)
    button = f'<button data-act="{call.id}-{action.name}">{escape(text)}</button>'
    return f'<form method="post" action="/calls/{call.id}/act">{field}{button}</form> '

"""The phone on a page (ringing calls, keys) and its JSON API.

POST /calls {to, from, say, reference?}, GET /calls[?reference=], GET /calls/{id}, POST /calls/{id}/act {action},
POST /habits {number, action}: action "" takes the habit away.
"""

from dataclasses import asdict
from html import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sakimori.simulators.loopback import LoopbackOnly
from sakimori.simulators.page import hidden, page, static_route, time_text
from sakimori.simulators.payload import is_form, payload
from sakimori.simulators.phone import GOING_ON, CallState, Phone, PhoneAction, PhoneCall
from sakimori.simulators.state import JsonObject

STATE_TEXTS = {
    CallState.RINGING: "呼び出し中",
    CallState.ANSWERED: "応答",
    CallState.CONFIRMED: "確認済み (1)",
    CallState.DECLINED: "対応不可 (2)",
    CallState.BUSY: "話し中",
    CallState.NO_ANSWER: "応答なし",
    CallState.MACHINE: "留守番電話",
}
BUTTONS = {
    PhoneAction.ANSWER: "電話に出る",
    PhoneAction.CONFIRM: "1 (確認した)",
    PhoneAction.DECLINE: "2 (対応できない)",
    PhoneAction.REPEAT: "* (もう一度聞く)",
    PhoneAction.HANG_UP: "切る",
    PhoneAction.BUSY: "話し中にする",
    PhoneAction.NO_ANSWER: "出ない",
    PhoneAction.MACHINE: "留守番電話にする",
}
SOUND = '<p><input type="checkbox" id="sound"> <label for="sound">呼び出し音を鳴らす</label></p>'


def phone_app(phone: Phone) -> Starlette:
    """Page and API."""
    endpoints = _Endpoints(phone)
    routes = [
        Route("/", endpoints.show),
        Route("/calls", endpoints.list_calls, methods=["GET"]),
        Route("/calls", endpoints.start_call, methods=["POST"]),
        Route("/calls/{call_id:int}", endpoints.get_call),
        Route("/calls/{call_id:int}/act", endpoints.act, methods=["POST"]),
        Route("/habits", endpoints.set_habit, methods=["POST"]),
        static_route(),
    ]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])


class _Endpoints:
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    async def show(self, request: Request) -> Response:
        del request
        calls = self._phone.calls()
        version = ",".join(f"{call.id}{call.state}{call.key}" for call in calls)
        articles = "".join(_article(call) for call in calls) or "<p>着信はありません。</p>"
        body = f'{SOUND}<div id="calls" aria-live="polite">{articles}</div>'
        return page("模擬電話", body, script="phone.js", version=version)

    async def list_calls(self, request: Request) -> Response:
        reference = request.query_params.get("reference")
        calls = [call for call in self._phone.calls() if reference in (None, call.reference)]
        return JSONResponse({"calls": [_shown(call) for call in calls]})

    async def start_call(self, request: Request) -> Response:
        data = await payload(request)
        try:
            call = self._phone.ring(
                to=str(data.get("to", "")),
                caller=str(data.get("from", "")),
                say=str(data.get("say", "")),
                reference=str(data.get("reference", "")),
            )
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(_shown(call), 201)

    async def get_call(self, request: Request) -> Response:
        try:
            return JSONResponse(_shown(self._phone.call(request.path_params["call_id"])))
        except KeyError:
            return JSONResponse({"error": "no such call"}, 404)

    async def act(self, request: Request) -> Response:
        data = await payload(request)
        try:
            action = PhoneAction(str(data.get("action", "")))
            call = self._phone.act(request.path_params["call_id"], action)
        except KeyError:
            return JSONResponse({"error": "no such call"}, 404)
        except ValueError as error:
            return RedirectResponse("/", 303) if is_form(request) else JSONResponse({"error": str(error)}, 409)
        return RedirectResponse("/", 303) if is_form(request) else JSONResponse(_shown(call))

    async def set_habit(self, request: Request) -> Response:
        data = await payload(request)
        try:
            action = PhoneAction(str(data["action"])) if data.get("action") else None
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        self._phone.set_habit(str(data.get("number", "")), action)
        return JSONResponse({"number": data.get("number", ""), "action": action})


def _shown(call: PhoneCall) -> JsonObject:
    fields = asdict(call)
    return {"from": fields.pop("caller"), **fields}


def _article(call: PhoneCall) -> str:
    is_ringing = call.state is CallState.RINGING
    buttons = ""
    if call.ended_ms is None and call.state in GOING_ON:
        buttons = "".join(_button(call, action, text) for action, text in BUTTONS.items())
    return (
        f'<article class="{"ringing" if is_ringing else ""}">'
        f"<h2>{escape(call.to)} <small>{STATE_TEXTS[call.state]}</small></h2>"
        f"<p>発信元 {escape(call.caller)} / {time_text(call.at_ms)}</p><pre>{escape(call.say)}</pre>{buttons}</article>"
    )


def _button(call: PhoneCall, action: PhoneAction, text: str) -> str:
    field = hidden("action", action)
    button = f'<button data-act="{call.id}-{action.name}">{escape(text)}</button>'
    return f'<form method="post" action="/calls/{call.id}/act">{field}{button}</form> '

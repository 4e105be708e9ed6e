"""The REST API of the simulated provider, in the wire format of Twilio (2010-04-01): calls, account, balance."""

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sakimori.simulators.loopback import hang_up
from sakimori.simulators.phone import Phone
from sakimori.simulators.phone_rows import PhoneCall
from sakimori.simulators.state import JsonObject

BASE = "/2010-04-01/Accounts/{account}"
FAULTS = {
    "error": (500, 20500, "internal error"),
    "busy": (429, 20429, "too many requests"),
    "geo": (400, 21215, "geo permission configuration is not permitting call"),
    "invalid": (400, 21211, "the 'To' number is not a valid phone number"),
    "caller": (400, 21210, "the source phone number is not yet verified for your account"),
}
OTHER_FAULTS = ("lost", "never-rings")
_MARKED = ("Url", "StatusCallback", "AsyncAmdStatusCallback")

Handler = Callable[[Request], Awaitable[Response]]


def api_routes(phone: Phone) -> list[Route]:
    """Every address of the API."""
    api = _Api(phone)
    return [
        Route(f"{BASE}.json", api.guarded(api.account)),
        Route(f"{BASE}/Balance.json", api.guarded(api.balance)),
        Route(f"{BASE}/Calls.json", api.guarded(api.list_calls), methods=["GET"]),
        Route(f"{BASE}/Calls.json", api.guarded(api.place), methods=["POST"]),
        Route(f"{BASE}/Calls/{{sid}}.json", api.guarded(api.fetch), methods=["GET"]),
        Route(f"{BASE}/Calls/{{sid}}.json", api.guarded(api.update), methods=["POST"]),
    ]


class _Api:
    def __init__(self, phone: Phone) -> None:
        self._phone = phone

    def guarded(self, handler: Handler) -> Handler:
        """Only for who knows the account's token or a key's secret."""

        async def endpoint(request: Request) -> Response:
            if request.path_params["account"] != self._phone.spec.account or not self._is_known(request):
                return _error(401, 20003, "Authenticate")
            return await handler(request)

        return endpoint

    def _is_known(self, request: Request) -> bool:
        spec = self._phone.spec
        given = request.headers.get("authorization", "")
        pairs = [(spec.account, spec.token), (spec.key, spec.secret)]
        wanted = ["Basic " + base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in pairs]
        return any(hmac.compare_digest(given.encode(), text.encode()) for text in wanted)

    async def account(self, request: Request) -> Response:
        del request
        return JSONResponse({"sid": self._phone.spec.account, "status": "active", "type": "Full"})

    async def balance(self, request: Request) -> Response:
        del request
        return JSONResponse({"currency": "USD", "balance": str(self._phone.spec.money)})

    async def list_calls(self, request: Request) -> Response:
        wanted = request.query_params
        calls = [call for call in self._phone.rows.calls() if call.to == wanted.get("To", call.to)]
        if "Status" in wanted:
            calls = [call for call in calls if call.status == wanted["Status"]]
        if "StartTime>" in wanted:
            # A call that waits to be dialled has no beginning yet.
            since = datetime.fromisoformat(wanted["StartTime>"]).replace(tzinfo=UTC).timestamp() * 1000
            calls = [call for call in calls if call.status != "queued" and call.at_ms >= since]
        shown = [self._shown(call) for call in calls[: int(wanted.get("PageSize", "50"))]]
        return JSONResponse({"calls": shown, "page": 0, "page_size": len(shown), "next_page_uri": None})

    async def place(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        fault = self._phone.rows.next_fault()
        if fault in FAULTS:
            return _error(*FAULTS[fault])
        one = {name: values[-1] for name, values in form.items()}
        if not one.get("To", "").startswith("+"):
            return _error(400, 21211, "the 'To' number is not a valid phone number")
        if one.get("From") != self._phone.spec.number:
            return _error(400, 21210, "the source phone number is not yet verified for your account")
        missing = [name for name in _MARKED if not one.get(name)]
        if missing:
            return _error(400, 21205, f"{missing[0]} is not a valid URL")
        call = self._phone.rows.add(
            to=one["To"],
            caller=one["From"],
            urls={
                "answer": one["Url"],
                "status": one["StatusCallback"],
                "machine": one["AsyncAmdStatusCallback"],
                "fault": fault,
            },
            events=tuple(form.get("StatusCallbackEvent", ["completed"])),
            ring_seconds=float(one.get("Timeout", "60")),
        )
        if fault == "lost":
            await hang_up(request.scope)
        return JSONResponse(self._shown(call), 201)

    async def fetch(self, request: Request) -> Response:
        try:
            return JSONResponse(self._shown(self._phone.rows.by_sid(request.path_params["sid"])))
        except KeyError:
            return _error(404, 20404, "The requested resource was not found")

    async def update(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        wish = form.get("Status", [""])[-1]
        try:
            call = self._phone.rows.by_sid(request.path_params["sid"])
        except KeyError:
            return _error(404, 20404, "The requested resource was not found")
        if wish not in ("canceled", "completed"):
            return _error(400, 20001, "Status must be canceled or completed")
        if not await asyncio.to_thread(self._phone.end, call, wish):
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        return JSONResponse(self._shown(self._phone.rows.call(call.id)))

    def _shown(self, call: PhoneCall) -> JsonObject:
        spec = self._phone.spec
        return {
            "sid": call.sid,
            "account_sid": spec.account,
            "parent_call_sid": self._phone.rows.call(call.parent).sid if call.parent else None,
            "to": call.to,
            "from": call.caller,
            "status": call.status,
            "direction": "outbound-dial" if call.parent else "outbound-api",
            "answered_by": call.answered_by or None,
            "date_created": _moment(call.at_ms),
            "start_time": None if call.status == "queued" else _moment(call.at_ms),
            "end_time": _moment(call.ended_ms) if call.ended_ms else None,
            "uri": f"/2010-04-01/Accounts/{spec.account}/Calls/{call.sid}.json",
        }


def _moment(at_ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(at_ms / 1000, UTC))


def _error(status: int, code: int, message: str) -> JSONResponse:
    body = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
    return JSONResponse(body | {"status": status}, status)

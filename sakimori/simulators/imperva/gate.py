"""Gate: what every call to the simulated vendor passes: key, faults, handler, journal.

Change and journal are one transaction, so that the journal is true whenever the process is killed.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from sakimori.simulators import journal
from sakimori.simulators.faults import Fault, FaultedCall, FaultKind, FaultScope, strike
from sakimori.simulators.imperva.answers import (
    HTML_PAGE,
    CloudV1,
    Dialect,
    LogService,
    PoliciesV2,
    Refusal,
    Reply,
    basic_credentials,
    disabled_key,
    json_reply,
)
from sakimori.simulators.imperva.desk import Call, caller_of, log_reader_of
from sakimori.simulators.journal import Change, JournalEntry
from sakimori.simulators.loopback import hang_up
from sakimori.simulators.spec import AccountSpec, WorldSpec
from sakimori.simulators.state import Clock, State, milliseconds

Handler = Callable[[Call], object]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler, the service it belongs to, and whether it changes anything. `dialect`: if not the service's usual."""

    handle: Handler
    scope: FaultScope
    is_write: bool = False
    dialect: Dialect | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call as it came, before anybody asked who is calling."""

    request: Request
    params: dict[str, str]
    body: bytes
    now_ms: int

    @property
    def api_id(self) -> str:
        """The id of the key that the caller claims to hold."""
        return self.credentials()[0]

    def credentials(self) -> tuple[str, str]:
        """Key id and key, from wherever this vendor accepts them."""
        headers = self.request.headers
        if "authorization" in headers:
            return basic_credentials(headers["authorization"])
        return (
            headers.get("x-api-id", self.params.get("api_id", "")),
            headers.get("x-api-key", self.params.get("api_key", "")),
        )


class Gate:
    """Makes web endpoints out of operations. `chance` decides about faults that hit only a share of the calls."""

    def __init__(self, state: State, spec: WorldSpec, clock: Clock, chance: random.Random) -> None:
        self._state = state
        self._spec = spec
        self._clock = clock
        self._chance = chance
        self._dialects: dict[FaultScope, Dialect] = {
            FaultScope.API: CloudV1(),
            FaultScope.POLICIES: PoliciesV2(),
            FaultScope.LOGS: LogService(),
        }

    def endpoint(self, operation: Operation) -> Endpoint:
        """The operation behind key, faults and journal."""

        async def serve(request: Request) -> Response:
            incoming = await self._receive(request)
            faults = self._strike(operation, incoming)
            spoiled = self._spoiled(operation, faults)
            if spoiled is not None:
                self._note(incoming, spoiled.status, faults)
                return _response(spoiled)
            return await _deliver(request, self._work(operation, incoming, faults), faults)

        return serve

    async def _receive(self, request: Request) -> Incoming:
        body = await request.body()
        params = dict(request.query_params)
        if "urlencoded" in request.headers.get("content-type", ""):
            params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        return Incoming(request, params, body, milliseconds(self._clock()))

    def _strike(self, operation: Operation, incoming: Incoming) -> Sequence[Fault]:
        call = FaultedCall(
            scope=operation.scope,
            path=incoming.request.url.path,
            is_write=operation.is_write,
            now_ms=incoming.now_ms,
        )
        return strike(self._state, call, self._chance)

    def _spoiled(self, operation: Operation, faults: Sequence[Fault]) -> Reply | None:
        """The answer of a fault that keeps the call from being worked on at all."""
        for fault in faults:
            match fault.kind:
                case FaultKind.TOO_MANY:
                    return json_reply(429, {"errors": [{"status": 429}]}, {"Retry-After": f"{fault.seconds:.0f}"})
                case FaultKind.SERVER_ERROR:
                    return json_reply(503, {"value": "An internal error occurred", "isError": True})
                case FaultKind.HTML:
                    return Reply(200, HTML_PAGE.encode(), "text/html")
                case FaultKind.DISABLED_KEY:
                    return self._dialect(operation).refuse(disabled_key())
        return None

    def _work(self, operation: Operation, incoming: Incoming, faults: Sequence[Fault]) -> Reply:
        dialect = self._dialect(operation)
        try:
            with self._state.change():
                call = self._call(operation, incoming, faults)
                reply = dialect.answer(operation.handle(call))
                self._note(incoming, _status_seen(reply, faults), faults, call.changes)
        except Refusal as refusal:
            reply = dialect.refuse(refusal)
            self._note(incoming, _status_seen(reply, faults), faults)
        return reply

    def _dialect(self, operation: Operation) -> Dialect:
        return operation.dialect or self._dialects[operation.scope]

    def _call(self, operation: Operation, incoming: Incoming, faults: Sequence[Fault]) -> Call:
        lag_ms = max((int(f.seconds * 1000) for f in faults if f.kind is FaultKind.STALE), default=0)
        return Call(
            state=self._state,
            spec=self._spec,
            caller=self._caller(operation.scope, incoming),
            path={name: str(value) for name, value in incoming.request.path_params.items()},
            params=incoming.params,
            body=_json(incoming) if operation.scope is FaultScope.POLICIES else None,
            now_ms=incoming.now_ms,
            read_ms=incoming.now_ms - lag_ms,
        )

    def _caller(self, scope: FaultScope, incoming: Incoming) -> AccountSpec:
        find = log_reader_of if scope is FaultScope.LOGS else caller_of
        return find(self._spec, *incoming.credentials())

    def _note(self, incoming: Incoming, status: int, faults: Sequence[Fault], changes: Sequence[Change] = ()) -> None:
        entry = JournalEntry(
            id=0,
            at_ms=incoming.now_ms,
            api_id=incoming.api_id,
            method=incoming.request.method,
            path=incoming.request.url.path,
            status=status,
            changes=tuple(changes),
            fault=",".join(fault.kind for fault in faults),
        )
        journal.append(self._state, entry)


def _is_silent(faults: Sequence[Fault]) -> bool:
    return any(fault.kind is FaultKind.LOST_ANSWER and fault.seconds == 0 for fault in faults)


def _status_seen(reply: Reply, faults: Sequence[Fault]) -> int:
    """What the caller sees; 0 = nothing, as the connection will be closed."""
    return 0 if _is_silent(faults) else reply.status


async def _deliver(request: Request, reply: Reply, faults: Sequence[Fault]) -> Response:
    late = (FaultKind.SLOW, FaultKind.LOST_ANSWER)
    await asyncio.sleep(sum(fault.seconds for fault in faults if fault.kind in late))
    if _is_silent(faults):
        await hang_up(request.scope)
    return _response(reply)


def _response(reply: Reply) -> Response:
    return Response(reply.content, reply.status, dict(reply.headers), reply.media_type)


def _json(incoming: Incoming) -> object:
    if not incoming.body:
        return None
    try:
        return json.loads(incoming.body)
    except ValueError:
        raise Refusal("the body is not JSON", status=400) from None

"""The control room: what a person or a test may do to the simulated world, by JSON or by a page's form.

GET  /control/blacklist?account=  /control/journal?after=  /control/faults  /control/switches  /control/world
POST /control/attacks /lines /faults /faults/clear /edit /site /setup /switches /mailbox /vendor-mail /flood /network
DELETE /control/faults[?id=]
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from smtplib import SMTPException
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sakimori.simulators import journal
from sakimori.simulators.attack_kinds import AttackKind
from sakimori.simulators.attacker import Attacker
from sakimori.simulators.control_page import control_body, error_page
from sakimori.simulators.edge import Edge, Outcome
from sakimori.simulators.faults import Fault, FaultKind, FaultScope, active_faults, add_fault, clear_faults
from sakimori.simulators.imperva.blacklist import ConsoleEdit, blacklist, edit_by_hand
from sakimori.simulators.imperva.floods import Flood, start_flood, stop_flood
from sakimori.simulators.imperva.networks import add_event
from sakimori.simulators.imperva.setup import changed_setup, set_site_setup, site_setup
from sakimori.simulators.loopback import LoopbackOnly
from sakimori.simulators.mail_door import Notice, send_notice, set_bounced
from sakimori.simulators.mailbox import MailboxMode, mailbox_mode, set_mailbox_mode
from sakimori.simulators.page import page, static_route
from sakimori.simulators.payload import is_form, number, payload, texts
from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.state import Clock, JsonObject, State, milliseconds
from sakimori.simulators.switches import Switches, read_switches, set_switches
from sakimori.simulators.website import SiteCondition, SiteMode, condition, set_condition

TITLE = "模擬環境の操作卓"
DONE = '<p role="status">操作を受け付けました。</p>'

Action = Callable[[JsonObject], JsonObject]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Links:
    """Where the other simulators are, for the page."""

    imperva: str
    mailbox: str
    phone: str
    site: str


class Control:
    """Everything that can be done to a world. Each action takes the fields sent and returns what is answered."""

    def __init__(self, state: State, spec: WorldSpec, *, clock: Clock, attacker: Attacker, edge: Edge) -> None:
        self.state = state
        self.spec = spec
        self._clock = clock
        self._attacker = attacker
        self._edge = edge

    @property
    def now_ms(self) -> int:
        """Now, epoch milliseconds."""
        return milliseconds(self._clock())

    def attack(self, data: JsonObject) -> JsonObject:
        """kind, site_id, source?, count?, outcome?, good_per_hostile?; site_mode? and seconds? of the site after it."""
        launch = self._attacker.launch(
            AttackKind(str(data["kind"])),
            site_id=int(number(data, "site_id", 0)),
            source=str(data.get("source") or ""),
            count=int(number(data, "count", 10)),
            outcome=Outcome(str(data.get("outcome") or Outcome.MIXED)),
            good_per_hostile=int(number(data, "good_per_hostile", 0)),
        )
        if data.get("site_mode"):
            self.site({"site_id": launch.site_id, "mode": data["site_mode"], "seconds": data.get("seconds")})
        served = launch.served
        acts = [verdict.act for verdict in served.verdicts]
        return {"source": launch.source, "file": served.file_name, "lines": list(served.lines), "acts": acts}

    def lines(self, data: JsonObject) -> JsonObject:
        """account, lines (texts) or lines_base64 (bytes of any kind), format?: into the next log file as they are."""
        account = self.spec.account(int(number(data, "account", 0)))
        raw = [text.encode() for text in _strings(data, "lines")]
        raw += [base64.b64decode(text, validate=True) for text in _strings(data, "lines_base64")]
        return {"file": self._edge.publish_lines(account, raw, str(data.get("format") or "CEF"))}

    def fault(self, data: JsonObject) -> JsonObject:
        """kind, scope?, probability?, calls?, seconds?, duration_seconds?, path_part?."""
        calls, duration = int(number(data, "calls", 0)), number(data, "duration_seconds", 0)
        fault = Fault(
            kind=FaultKind(str(data["kind"])),
            scope=FaultScope(str(data.get("scope") or FaultScope.ALL)),
            probability=number(data, "probability", 1.0),
            calls=calls or None,
            seconds=number(data, "seconds", 0),
            until_ms=self.now_ms + int(duration * 1000) if duration else None,
            path_part=str(data.get("path_part") or ""),
        )
        return asdict(add_fault(self.state, fault))

    def clear_faults(self, data: JsonObject) -> JsonObject:
        """id?: one fault, or all."""
        clear_faults(self.state, int(number(data, "id", 0)) or None)
        return self.faults()

    def faults(self) -> JsonObject:
        """Those that can still hit."""
        return {"faults": [asdict(fault) for fault in active_faults(self.state, self.now_ms)]}

    def edit(self, data: JsonObject) -> JsonObject:
        """account, site_id?, policy_name?, add?, remove?, by?: a human changes a list in the vendor's console."""
        account = self.spec.account(int(number(data, "account", 0)))
        defaults = ConsoleEdit(account.sites[0].site_id)
        edit = ConsoleEdit(
            site_id=int(number(data, "site_id", defaults.site_id)),
            add=texts(data, "add"),
            remove=texts(data, "remove"),
            policy_name=str(data.get("policy_name") or defaults.policy_name),
            by=str(data.get("by") or defaults.by),
        )
        return asdict(edit_by_hand(self.state, account, edit, self.now_ms))

    def site(self, data: JsonObject) -> JsonObject:
        """site_id? (0 = the shop at /), mode, seconds?."""
        site_id = int(number(data, "site_id", 0))
        wanted = SiteCondition(SiteMode(str(data["mode"])), number(data, "seconds", 0))
        set_condition(self.state, site_id, wanted)
        return {"site_id": site_id, **asdict(condition(self.state, site_id))}

    def setup(self, data: JsonObject) -> JsonObject:
        """site_id, and any of: bypassed, certificate_days (from now), servers, standby, data_centers, algorithm,
        persistent: a human sets a site up in the vendor's console.
        """
        site_id = int(number(data, "site_id", 0))
        before = site_setup(self.state, site_id, self.now_ms)
        after = changed_setup(before, data, now_ms=self.now_ms)
        set_site_setup(self.state, self.spec.account_of_site(site_id), site_id, after, self.now_ms)
        return {"site_id": site_id, **asdict(after)}

    def switches(self, data: JsonObject) -> JsonObject:
        """Any of the switches, by their names."""
        changes = {name: _like(getattr(Switches(), name, None), value) for name, value in data.items()}
        return asdict(set_switches(self.state, **changes))

    def mailbox(self, data: JsonObject) -> JsonObject:
        """mode?; bounced?: an address that is said not to exist after a mail to it was taken, empty: none."""
        if not {"mode", "bounced"} & set(data):
            raise ValueError("mode or bounced is missing")
        if "bounced" in data:
            set_bounced(self.state, str(data["bounced"]))
        mode = MailboxMode(str(data["mode"])) if "mode" in data else mailbox_mode(self.state)
        set_mailbox_mode(self.state, mode)
        return {"mode": mode}

    def flood(self, data: JsonObject) -> JsonObject:
        """site_id, state (start or stop), blocked_per_second?, incidents_per_minute?: an attack that is only seen in
        the statistics; no log line tells of it.
        """
        site = self.spec.site(int(number(data, "site_id", 0)))
        if str(data["state"]) == "stop":
            stop_flood(self.state, site.site_id, self.now_ms)
            return {"site_id": site.site_id, "state": "stop"}
        flood = Flood(number(data, "blocked_per_second", 2000), number(data, "incidents_per_minute", 60))
        start_flood(self.state, site.site_id, flood, self.now_ms)
        return {"site_id": site.site_id, "state": "start", **asdict(flood)}

    def network(self, data: JsonObject) -> JsonObject:
        """account, kind (as the vendor names events), target (a network): an event of infrastructure protection."""
        account = self.spec.account(int(number(data, "account", 0)))
        return add_event(
            self.state, account, kind=str(data["kind"]), target=str(data.get("target") or ""), now_ms=self.now_ms
        )

    def vendor_mail(self, data: JsonObject) -> JsonObject:
        """to, subject, text, is_forged?: the vendor, or somebody who pretends to be, mails a notice to the SOC."""
        forged = str(data.get("is_forged") or "").lower() in {"true", "1"}
        notice = Notice(str(data["to"]), str(data["subject"]), str(data["text"]), is_forged=forged)
        try:
            send_notice(self.state, notice, self._clock())
        except (OSError, SMTPException) as error:
            raise ValueError(f"the notice was not taken: {error}") from error
        return {"to": notice.to}

    def blacklist(self, account_id: int) -> JsonObject:
        """Every entry of every list of an account."""
        account = self.spec.account(account_id)
        return {"entries": [asdict(entry) for entry in blacklist(self.state, account, self.now_ms)]}

    def journal(self, after: int) -> JsonObject:
        """Calls with a number above `after`, oldest first."""
        return {"calls": [asdict(entry) for entry in journal.read(self.state, after)]}


def control_app(control: Control, links: Links) -> Starlette:
    """Page and API."""

    async def show(request: Request) -> Response:
        is_done = "done" in request.query_params
        shown = control_body(control.state, control.spec, now_ms=control.now_ms, links=asdict(links))
        return page(TITLE, (DONE if is_done else "") + shown)

    routes = [
        Route("/", show),
        Route("/control/faults", _reader(lambda _: control.faults()), methods=["GET"]),
        Route("/control/faults", _reader(lambda q: control.clear_faults(dict(q))), methods=["DELETE"]),
        Route("/control/switches", _reader(lambda _: asdict(read_switches(control.state))), methods=["GET"]),
        Route("/control/blacklist", _reader(lambda q: control.blacklist(int(q["account"]))), methods=["GET"]),
        Route("/control/journal", _reader(lambda q: control.journal(int(q.get("after", "0")))), methods=["GET"]),
        Route("/control/world", _reader(lambda _: {"links": asdict(links)}), methods=["GET"]),
        static_route(),
    ]
    actions: dict[str, Action] = {
        "attacks": control.attack,
        "lines": control.lines,
        "faults": control.fault,
        "faults/clear": control.clear_faults,
        "edit": control.edit,
        "site": control.site,
        "setup": control.setup,
        "switches": control.switches,
        "mailbox": control.mailbox,
        "flood": control.flood,
        "network": control.network,
        "vendor-mail": control.vendor_mail,
    }
    routes += [Route(f"/control/{name}", _doer(act), methods=["POST"]) for name, act in actions.items()]
    return Starlette(routes=routes, middleware=[Middleware(LoopbackOnly)])


def _reader(read: Callable[[dict[str, str]], JsonObject]) -> Endpoint:
    async def serve(request: Request) -> Response:
        try:
            return JSONResponse(read(dict(request.query_params)))
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return serve


def _doer(act: Action) -> Endpoint:
    async def serve(request: Request) -> Response:
        try:
            done = act(await payload(request))
        except (KeyError, ValueError, TypeError) as error:
            sentence = f"{type(error).__name__}: {error}"
            return error_page(sentence) if is_form(request) else JSONResponse({"error": sentence}, 400)
        return RedirectResponse("/?done", 303) if is_form(request) else JSONResponse(done)

    return serve


def _strings(data: JsonObject, name: str) -> list[str]:
    given = data.get(name) or []
    if isinstance(given, str):
        return [line for line in given.splitlines() if line]
    if not isinstance(given, list):
        raise TypeError(f"{name} must be a list of texts")
    return [str(text) for text in given]


def _like(example: Any, value: object) -> object:
    """A form's text as the kind of value that the switch has."""
    if not isinstance(value, str):
        return value
    return value == "true" if isinstance(example, bool) else int(value)

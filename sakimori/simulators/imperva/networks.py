"""infra/events: what happens to networks under infrastructure protection, as the control room has it."""

import ipaddress
from datetime import UTC, datetime

from sakimori.simulators.imperva.answers import Refusal
from sakimori.simulators.imperva.desk import Call
from sakimori.simulators.spec import AccountSpec
from sakimori.simulators.state import JsonObject, State

KINDS = (
    "DDOS_START_IP_RANGE",
    "DDOS_STOP_IP_RANGE",
    "DDOS_QUIET_TIME_IP_RANGE",
    "PER_IP_DDOS_START_IP_RANGE",
    "MONITORING_CRITICAL_ATTACK",
    "PROTECTED_IP_STATUS_UP",
    "PROTECTED_IP_STATUS_DOWN",
)
_PAGE_SIZES = (50, 100)


def add_event(state: State, account: AccountSpec, *, kind: str, target: str, now_ms: int) -> JsonObject:
    """Something happens now. ValueError for a kind that the vendor does not have, or what is no network."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of event {kind}")
    network = str(ipaddress.ip_network(target))
    with state.change() as db:
        db.execute(
            "INSERT INTO network_event (account_id, at_ms, kind, target) VALUES (?, ?, ?, ?)",
            (account.account_id, now_ms, kind, network),
        )
    return {"account": account.account_id, "kind": kind, "target": network}


def events(call: Call) -> object:
    """The newest first, page by page; times are told in whole seconds."""
    account = call.account("account_id")
    wanted = [kind for kind in call.params.get("event_type", "").split(",") if kind]
    start_ms, end_ms, page = (
        _number(call, name, default) for name, default in (("start", 0), ("end", 0), ("page_num", 0))
    )
    size = _number(call, "page_size", _PAGE_SIZES[0])
    if size not in _PAGE_SIZES:
        raise Refusal(str(size), pointer="page_size")
    rows = call.state.rows(
        "SELECT * FROM network_event WHERE account_id = ? AND at_ms >= ? AND at_ms <= ? ORDER BY id DESC",
        account.account_id,
        start_ms,
        end_ms or call.now_ms,
    )
    shown = [row for row in rows if not wanted or row["kind"] in wanted]
    return {
        "events": [_told(row["id"], row["at_ms"], row["kind"], row["target"]) for row in shown[page * size :][:size]]
    }


def _told(number: int, at_ms: int, kind: str, target: str) -> JsonObject:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return {
        "eventId": number,
        "eventTime": at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "eventType": kind,
        "eventTarget": target,
        "itemType": "IP_RANGE",
        "bwTotal": 12_000_000_000,
        "bwPassed": 40_000_000,
        "bwBlocked": 11_960_000_000,
        "ppsTotal": 1_400_000,
        "ppsPassed": 6_000,
        "ppsBlocked": 1_394_000,
        "reportedByPop": "TKO",
    }


def _number(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, "") or str(default)
    if not text.isdecimal():
        raise Refusal(text, pointer=name)
    return int(text)

"""The simulated vendor inside this process: its real application behind our real client, without ports and disk.

Between call and answer anything can happen: `before` and `after` are called, and a write may get lost on its way.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any, cast

import httpx

from sakimori.lib.http import GuardedClient
from sakimori.simulators.faults import Fault, add_fault, clear_faults
from sakimori.simulators.imperva.app import imperva_app
from sakimori.simulators.imperva.blacklist import ConsoleEdit, edit_by_hand, seed
from sakimori.simulators.imperva.log_files import LogFiles
from sakimori.simulators.imperva.policy_rows import (
    addresses_of,
    applied_ids,
    drop_policy,
    policies_of_account,
    save_policy,
    set_applied,
)
from sakimori.simulators.imperva.sites import blacklisted
from sakimori.simulators.journal import JournalEntry, read
from sakimori.simulators.spec import AccountSpec, BlacklistMode, ForeignEntry, SiteSpec, WorldSpec
from sakimori.simulators.state import Clock, State, milliseconds
from sakimori.simulators.switches import set_switches
from sakimori.waf.imperva import BlockList, ImpervaCredentials, ImpervaVendor, Patience

HOST = "http://127.0.0.1"
KEY = "key-4001"
SITES = (9001, 9002)
THEIRS = "198.51.100.250"
_ACCOUNT = 4001


class SimulatedVendor(httpx.BaseTransport):
    """One account with two sites, on one of which the customer has a policy (or an entry) of his own."""

    def __init__(self, mode: BlacklistMode, clock: Clock) -> None:
        self.account = AccountSpec(
            account_id=_ACCOUNT,
            name="Example",
            api_id=KEY,
            api_key="secret",
            log_config_id=1,
            log_api_id="log",
            log_api_key="log-secret",
            sites=tuple(SiteSpec(site, f"www{site}.example.jp") for site in SITES),
            mode=mode,
            foreign=(ForeignEntry(THEIRS, SITES[0]),),
        )
        self.state = State(Path(":memory:"))
        self.clock = clock
        self.before: Callable[[], object] = _nothing
        self.after: Callable[[], object] = _nothing
        self.lost_writes = 0
        self.calls = 0
        seed(self.state, self.account)
        spec = WorldSpec(accounts=(self.account,))
        files = LogFiles(self.state, Path(gettempdir()) / "no-logs")
        self._app = imperva_app(self.state, spec, clock=clock, files=files)
        self._loop = asyncio.new_event_loop()

    def client(self) -> ImpervaVendor:
        """Our own client, which insists twice and never really waits."""
        block_list = BlockList.POLICY if self.account.mode is BlacklistMode.POLICY else BlockList.ACL
        credentials = ImpervaCredentials(
            api_id=KEY, api_key="secret", account_id=None, cloud_url=HOST, api_url=HOST, block_list=block_list
        )
        return ImpervaVendor(
            credentials,
            GuardedClient(transport=self),
            sleep=lambda _: None,
            random=lambda: 0.5,
            clock=lambda: self.clock().timestamp(),
            patience=Patience(tries=2),
        )

    def close(self) -> None:
        """Let go of everything."""
        self._loop.close()
        self.state.close()

    # The way of a call.

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises what a network would, or whatever `before` and `after` raise."""
        self.calls += 1
        before, self.before = self.before, _nothing
        before()
        if self.lost_writes and _is_write(request):
            self.lost_writes -= 1
            raise httpx.ReadTimeout("lost before it was taken", request=request)
        response = self._loop.run_until_complete(self._serve(request))
        after, self.after = self.after, _nothing
        after()
        return response

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        status, body = 0, b""

        async def receive() -> Mapping[str, object]:
            return {"type": "http.request", "body": request.read(), "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, body, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
            else:
                body += message.get("body", b"")

        headers: list[tuple[bytes, bytes]] = []
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "state": {},
        }
        try:
            await self._app(scope, receive, cast("Any", send))
        except ConnectionAbortedError as error:
            raise httpx.ReadTimeout("the answer was lost", request=request) from error
        return httpx.Response(status, headers=headers, content=body)

    # What the owner of the account can do and see.

    def fault(self, fault: Fault) -> None:
        """Switch a fault on."""
        add_fault(self.state, fault)

    def heal(self) -> None:
        """No more faults of any kind."""
        clear_faults(self.state)
        self.before = self.after = _nothing
        self.lost_writes = 0
        set_switches(self.state, max_ips=1000)

    def limit(self, entries: int) -> None:
        """How many entries a list can hold."""
        set_switches(self.state, max_ips=entries)

    def names(self) -> list[str]:
        """Lists that there are: policies of our naming, or the sites."""
        if self.account.mode is BlacklistMode.LEGACY:
            return [str(site) for site in SITES]
        return sorted({str(body["name"]) for body in self._policies() if str(body["name"]).startswith("Sakimori")})

    def entries(self, name: str) -> set[str]:
        """What stands on a list, without the placeholder of empty ones. Policies of one name are one list."""
        if self.account.mode is BlacklistMode.LEGACY:
            found = list(blacklisted(self.state, int(name), self._now))
        else:
            found = [entry for body in self._policies() if body["name"] == name for entry in addresses_of(body)]
        return set(found) - {"192.0.2.1"}

    def edit(self, name: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Somebody changes a list that there is."""
        if self.account.mode is BlacklistMode.LEGACY:
            edit = ConsoleEdit(int(name), add, remove)
        else:
            edit = ConsoleEdit(SITES[0] if not name.endswith(str(SITES[1])) else SITES[1], add, remove, name)
        edit_by_hand(self.state, self.account, edit, self._now)

    def switch(self, name: str, *, enabled: bool) -> None:
        """Somebody switches a policy on or off."""
        for body in self._policies():
            if body["name"] == name:
                save_policy(self.state, {**body, "enabled": enabled}, by="console", now_ms=self._now)

    def take_off(self, name: str, site: int) -> None:
        """Somebody takes a policy off a site."""
        ids = [body["id"] for body in self._policies() if body["name"] == name]
        kept = [key for key in applied_ids(self.state, site, self._now) if key not in ids]
        set_applied(self.state, site, kept, account_id=_ACCOUNT, now_ms=self._now)

    def delete(self, name: str) -> None:
        """Somebody deletes a policy."""
        for site in SITES:
            self.take_off(name, site)
        for body in self._policies():
            if body["name"] == name:
                drop_policy(self.state, body, by="console", now_ms=self._now)

    def policies_on(self, site: int) -> list[str]:
        """Names of the policies that count on a site."""
        ids = applied_ids(self.state, site, self._now)
        return [str(body["name"]) for body in self._policies() if body["id"] in ids]

    def our_calls(self) -> list[JournalEntry]:
        """Every call that came with our key, from the vendor's own record."""
        return [entry for entry in read(self.state, limit=1_000_000) if entry.api_id == KEY]

    def _policies(self) -> list[dict[str, object]]:
        return policies_of_account(self.state, _ACCOUNT, self._now)

    @property
    def _now(self) -> int:
        return milliseconds(self.clock())


def _is_write(request: httpx.Request) -> bool:
    path = request.url.path
    return path.endswith("/configure/acl") or (request.method != "GET" and "/policies/v2/" in path)


def _nothing() -> None:
    """Nobody interferes."""


def chance_of(seed_number: int) -> random.Random:
    """The dice of one history."""
    return random.Random(seed_number)  # noqa: S311 - a game, no secret

"""What the tests of the simulators share: a small world without ports, a clock to be moved, a client."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from sakimori.simulators.attacker import Attacker
from sakimori.simulators.edge import Edge
from sakimori.simulators.imperva.app import imperva_app
from sakimori.simulators.imperva.blacklist import seed
from sakimori.simulators.imperva.log_files import LogFiles
from sakimori.simulators.spec import AccountSpec, BlacklistMode, ForeignEntry, SiteSpec, WorldSpec
from sakimori.simulators.state import State, milliseconds

V1 = "/api/prov/v1"
V2 = "/policies/v2"
FOREIGN = "203.0.113.7"

POLICY_ACCOUNT = AccountSpec(
    account_id=4001,
    name="さきもり商店",
    api_id="key-4001",
    api_key="secret-4001",
    log_config_id=55,
    log_api_id="log-4001",
    log_api_key="log-secret-4001",
    sites=(SiteSpec(9001, "shop.example.jp"), SiteSpec(9002, "blog.example.jp")),
    foreign=(ForeignEntry(FOREIGN, 9001),),
)
LEGACY_ACCOUNT = AccountSpec(
    account_id=4002,
    name="昔ながらの店",
    api_id="key-4002",
    api_key="secret-4002",
    log_config_id=56,
    log_api_id="log-4002",
    log_api_key="log-secret-4002",
    sites=tuple(SiteSpec(9100 + n, f"old{n}.example.jp") for n in range(120)),
    mode=BlacklistMode.LEGACY,
    foreign=(ForeignEntry(FOREIGN, 9100),),
)
CHILD_ACCOUNT = AccountSpec(
    account_id=4003,
    name="支店",
    api_id="key-4003",
    api_key="secret-4003",
    log_config_id=57,
    log_api_id="log-4003",
    log_api_key="log-secret-4003",
    sites=(SiteSpec(9300, "branch.example.jp"),),
    parent_id=4001,
)
SPEC = WorldSpec(accounts=(POLICY_ACCOUNT, LEGACY_ACCOUNT, CHILD_ACCOUNT))


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 4, 15, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def now_ms(self) -> int:
        return milliseconds(self.now)


@dataclass
class LocalClient:
    """Calls an application in this process, under a loopback name."""

    app: Starlette
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


class Stage:
    """The simulated vendor over a folder, without ports."""

    def __init__(self, folder: Path, spec: WorldSpec = SPEC) -> None:
        self.folder = folder
        self.spec = spec
        self.clock = MovableClock()
        self.open()

    def open(self) -> None:
        self.state = State(self.folder / "state.sqlite3")
        for account in self.spec.accounts:
            seed(self.state, account)
        self.files = LogFiles(self.state, self.folder / "logs")
        self.pushed: list[bytes] = []
        chance = random.Random(7)
        self.edge = Edge(
            self.state,
            self.files,
            clock=self.clock,
            chance=chance,
            push=lambda account, lines: self.pushed.extend(lines),
        )
        self.attacker = Attacker(self.spec, self.edge, clock=self.clock, chance=chance)
        self.app = imperva_app(self.state, self.spec, clock=self.clock, files=self.files)

    def reopen(self) -> None:
        self.state.close()
        self.open()

    def client(self, account: AccountSpec = POLICY_ACCOUNT) -> LocalClient:
        return LocalClient(self.app, {"x-API-Id": account.api_id, "x-API-Key": account.api_key})

    def read_log(self, path: str, account: AccountSpec = POLICY_ACCOUNT) -> httpx.Response:
        auth = (account.log_api_id, account.log_api_key)
        return LocalClient(self.app).get(f"/logs/{account.log_path}/{path}", auth=auth)


def block_policy(*addresses: str, name: str = "Sakimori") -> dict[str, Any]:
    """The body that creates a policy with these addresses."""
    setting = {"policySettingType": "IP", "settingsAction": "BLOCK", "data": {"ips": list(addresses)}}
    return {"name": name, "policyType": "ACL", "policySettings": [setting]}

"""World: all simulators together, in one thread, on loopback, out of one folder.

`start` returns when every port answers; `stop` within about a second. A world that was killed and is made again
over the same folder goes on where it was, on the same ports. A stopped world is not started again: make a new one.
"""

import asyncio
import random
import socket
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette

from sakimori.simulators.attacker import Attacker, Life
from sakimori.simulators.control import Control, Links, control_app
from sakimori.simulators.edge import Edge
from sakimori.simulators.hec_pusher import HecPusher, hec_client, queue_lines
from sakimori.simulators.imperva.app import imperva_app
from sakimori.simulators.imperva.blacklist import seed
from sakimori.simulators.imperva.log_files import LogFiles
from sakimori.simulators.loop_thread import LoopThread
from sakimori.simulators.loopback import ClosableProtocol, check_loopback
from sakimori.simulators.mailbox import MailboxHandler, smtp_protocol
from sakimori.simulators.mailbox_pages import mailbox_app
from sakimori.simulators.phone import Phone
from sakimori.simulators.phone_pages import phone_app
from sakimori.simulators.phone_wire import poster
from sakimori.simulators.ports import bound_sockets
from sakimori.simulators.spec import AccountSpec, WorldSpec
from sakimori.simulators.state import Clock, State
from sakimori.simulators.website import website_app

_PHONE_TICK_SECONDS = 0.2


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class World:
    """A simulated world over a folder. `attacker`, `control` and `phone` may be used directly, from any thread."""

    def __init__(self, folder: Path, *, spec: WorldSpec, clock: Clock = utc_now) -> None:
        """Open or make the folder. Nothing listens yet. ValueError for a host that is not loopback."""
        check_loopback(spec.host)
        self.spec = spec
        self.state = State(folder / "simulators.sqlite3")
        for account in spec.accounts:
            seed(self.state, account)
        chance = _chance(self.state, spec.seed)
        self._clock = clock
        self._files = LogFiles(self.state, folder / "logs")
        self.edge = Edge(self.state, self._files, clock=clock, chance=chance, push=self._push)
        self.attacker = Attacker(spec, self.edge, clock=clock, chance=chance)
        self.control = Control(self.state, spec, clock=clock, attacker=self.attacker, edge=self.edge)
        self.phone = Phone(self.state, clock, poster(spec.phone), spec.phone)
        self._life = Life(spec, self.edge, clock=clock, chance=chance)
        self._sockets: dict[str, socket.socket] = {}
        self._thread: LoopThread | None = None

    def start(self) -> None:
        """Listen. OSError if a port is taken."""
        self._sockets = bound_sockets(self.state, self.spec)
        self._thread = LoopThread(self._serve)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close the folder. Calls that still wait for a slow answer are cut.

        Raises what had gone wrong in the background, if anything had.
        """
        thread, self._thread = self._thread, None
        try:
            if thread is not None:
                thread.stop()
        finally:
            self.state.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def imperva_url(self) -> str:
        """Base for `/api/prov/v1`, `/api/stats/v1`, `/policies/v2`; without a slash at the end."""
        return self._url("imperva")

    def log_base_url(self, account_id: int) -> str:
        """Base of an account's log files, with the slash at the end, as the vendor shows it."""
        return f"{self.imperva_url}/logs/{self.spec.account(account_id).log_path}/"

    @property
    def smtp_port(self) -> int:
        """Port of the SMTP server on 127.0.0.1; no TLS, no login."""
        return self._port("smtp")

    @property
    def mailbox_url(self) -> str:
        """The mailbox's page; `/mails.json` beside it."""
        return self._url("mailbox")

    @property
    def phone_url(self) -> str:
        """The phone's page; `/calls` beside it."""
        return self._url("phone")

    @property
    def site_url(self) -> str:
        """The shop. See `site_page` for the one of a site."""
        return self._url("site")

    def site_page(self, site_id: int) -> str:
        """The page of a protected site, with its own state."""
        return f"{self.site_url}/{site_id}/"

    @property
    def control_url(self) -> str:
        """The control room's page; `/control/...` beside it."""
        return self._url("control")

    def _url(self, name: str) -> str:
        host = f"[{self.spec.host}]" if ":" in self.spec.host else self.spec.host
        return f"http://{host}:{self._port(name)}"

    def _port(self, name: str) -> int:
        if name not in self._sockets:
            raise RuntimeError("the world has not been started")
        return int(self._sockets[name].getsockname()[1])

    def _push(self, account: AccountSpec, lines: Sequence[bytes]) -> None:
        if account.push is not None:
            queue_lines(self.state, str(account.account_id), lines)

    def _apps(self) -> dict[str, Starlette]:
        links = Links(self.imperva_url, self.mailbox_url, self.phone_url, self.site_url)
        return {
            "imperva": imperva_app(self.state, self.spec, clock=self._clock, files=self._files),
            "mailbox": mailbox_app(self.state),
            "phone": phone_app(self.phone),
            "site": website_app(self.state),
            "control": control_app(self.control, links),
        }

    async def _serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        servers = {name: _server(app) for name, app in self._apps().items()}
        serving = [asyncio.create_task(s.serve(sockets=[self._sockets[name]])) for name, s in servers.items()]
        busy = [asyncio.create_task(work) for work in self._endless()]
        mail = await asyncio.get_running_loop().create_server(self._mail_protocol, sock=self._sockets["smtp"])
        ready()
        await stop.wait()
        mail.close()
        for server in servers.values():
            server.should_exit = True
        await asyncio.gather(*serving)
        failures = await _ended(busy)
        await _ended(asyncio.all_tasks() - {asyncio.current_task()})  # Open SMTP connections.
        if failures:
            raise failures[0]

    def _endless(self) -> list[Coroutine[Any, Any, None]]:
        pushes = [self._push_forever(account) for account in self.spec.accounts if account.push is not None]
        return [self._life.run(self.state), self._phone_forever(), *pushes]

    async def _phone_forever(self) -> None:
        while True:
            await asyncio.sleep(_PHONE_TICK_SECONDS)
            await asyncio.to_thread(self.phone.tick)

    async def _push_forever(self, account: AccountSpec) -> None:
        if account.push is not None:
            async with hec_client(account.push) as client:
                await HecPusher(self.state, str(account.account_id), account.push, client).run()

    def _mail_protocol(self) -> SMTP:
        return smtp_protocol(MailboxHandler(self.state, self._clock))


def _server(app: Starlette) -> uvicorn.Server:
    """A server that leaves logging alone; signals it leaves alone too, as it is not in the main thread."""
    config = uvicorn.Config(
        app,
        http=ClosableProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _chance(state: State, seed_number: int) -> random.Random:
    """Fresh for every run of the same world, so that no id of a line comes twice."""
    with state.change():
        runs = int(state.setting("runs") or 0) + 1
        state.set_setting("runs", str(runs))
    return random.Random(f"{seed_number}/{runs}")


async def _ended(tasks: Collection[asyncio.Task[Any] | None]) -> list[Exception]:
    """Cancel them, wait, and return what had gone wrong before."""
    open_tasks = [task for task in tasks if task is not None]
    for task in open_tasks:
        task.cancel()
    results = await asyncio.gather(*open_tasks, return_exceptions=True)
    return [result for result in results if isinstance(result, Exception)]

"""Requests of one contract that come close together share one sync of the disk and one file.

Every request of a fast sender as a file of its own would be thousands of files a minute, in the ledger and in the log
store. So requests are answered when their lines are synced in the contract's file in the door's folder, which the next
start takes in whatever happens; a moment later the file goes into spool and ledger.

All but `close` runs on one event loop. Only writing and handing over take threads, and never each other's.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from django.db import DatabaseError

from sakimori.logs.receive.gathered import Gathered, GatheringDoor
from sakimori.logs.receive.taken import Key, Taken

_log = structlog.get_logger()
_WRITERS, _HAND_OVERS = 8, 2
_ROUND_SECONDS = 5.0
_FAILED_FOR = timedelta(seconds=30)
_MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class TogetherLimits:
    """A file is handed over when it is so old (older where many contracts send or the log
    store is behind) or so large.

    A request that comes again within `again_seconds` is taken once.
    """

    file_bytes: int = 8 << 20
    file_seconds: float = 1.0
    again_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What one request has brought, and who waits for it."""

    key: Key
    lines: bytes
    done: asyncio.Future[None]


@dataclass
class _Contract:
    """What one contract's requests share."""

    waiting: list[_Waiting] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    file: Gathered | None = None


class Together:
    """The requests of all contracts of one door. Begin with `open`, end with `close`."""

    def __init__(self, door: GatheringDoor, limits: TogetherLimits) -> None:
        self._door, self._limits = door, limits
        self._contracts: dict[int, _Contract] = {}
        self._recent: dict[Key, tuple[float, asyncio.Future[None]]] = {}
        self._taken = Taken(door.folder.with_name(f"{door.folder.name}-taken"), again_seconds=limits.again_seconds)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None
        self._is_closing = False
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix=f"{door.name}-write")
        self._hand_overs = ThreadPoolExecutor(_HAND_OVERS, thread_name_prefix=f"{door.name}-hand-over")

    async def open(self) -> None:
        """Take what a killed process left."""
        await self._sweep(timedelta(0))
        self._rounds = asyncio.create_task(self._sweep_again_and_again())

    async def close(self) -> None:
        """Write what waits and hand everything over. Nothing may be taken meanwhile."""
        self._is_closing = True
        for contract in self._contracts.values():
            contract.arrived.set()
        while self._tasks:
            await asyncio.gather(*self._tasks)
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
        await asyncio.to_thread(self._writers.shutdown)
        await asyncio.to_thread(self._hand_overs.shutdown)

    async def take(self, contract_id: int, lines: bytes, *, alone: bool) -> None:
        """Take what one request has brought. It is durable on return.

        alone: it is a file of its own. Otherwise it must be whole lines, each with its end.

        Raises OSError (disk full); then nothing of them was taken and the sender must try again.
        """
        key, now = (contract_id, hashlib.sha256(lines).digest()), time.monotonic()
        self._forget(now - self._limits.again_seconds)
        if key not in self._recent:
            if self._taken.knows(key):
                return
            self._recent[key] = (now, self._wait(key, lines, alone=alone))
        done = self._recent[key][1]
        try:
            # Somebody else may wait for the same: who goes away must not take it along.
            await asyncio.shield(done)
        except OSError:
            self._recent.pop(key, None)
            raise

    def _wait(self, key: Key, lines: bytes, *, alone: bool) -> asyncio.Future[None]:
        contract_id, waiting = key[0], _Waiting(key, lines, asyncio.get_running_loop().create_future())
        if alone:
            self._start(self._write_alone(contract_id, _Contract(waiting=[waiting])))
            return waiting.done
        contract = self._contracts.get(contract_id)
        if contract is None:
            contract = self._contracts[contract_id] = _Contract()
            self._start(self._serve(contract_id, contract))
        contract.waiting.append(waiting)
        contract.arrived.set()
        return waiting.done

    def _forget(self, before: float) -> None:
        """Requests are remembered in the order in which they came."""
        while self._recent:
            key = next(iter(self._recent))
            if self._recent[key][0] >= before and len(self._recent) < _MOST_REMEMBERED:
                return
            del self._recent[key]

    async def _serve(self, contract_id: int, contract: _Contract) -> None:
        """Write what waits, together; hand the file over when it is due, and end when nothing more comes."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_left(contract)):
                    await contract.arrived.wait()
            contract.arrived.clear()
            if contract.waiting:
                await self._write(contract_id, contract)
            if self._is_due(contract):
                self._finish(contract)
            if contract.file is None and not contract.waiting:
                del self._contracts[contract_id]
                return

    async def _write_alone(self, contract_id: int, contract: _Contract) -> None:
        await self._write(contract_id, contract)
        self._finish(contract)

    async def _write(self, contract_id: int, contract: _Contract) -> None:
        together, contract.waiting = contract.waiting, []
        loop = asyncio.get_running_loop()
        try:
            if contract.file is None:
                contract.file = await loop.run_in_executor(self._writers, Gathered, self._door.folder, contract_id)
            await loop.run_in_executor(self._writers, self._write_and_note, contract.file, together)
        except OSError as error:
            for waiting in together:
                waiting.done.set_exception(error)
            self._finish(contract)  # It holds what it held before, and the next try begins anew.
        else:
            for waiting in together:
                waiting.done.set_result(None)

    def _write_and_note(self, file: Gathered, together: Sequence[_Waiting]) -> None:
        file.write_durably(b"".join(waiting.lines for waiting in together))
        self._taken.note([waiting.key for waiting in together])

    def _seconds_left(self, contract: _Contract) -> float:
        if self._is_closing or contract.file is None or contract.file.since is None:
            return 0.0
        wanted = self._door.gathering_seconds(len(self._contracts), shortest=self._limits.file_seconds)
        return max(0.0, contract.file.since + wanted - time.monotonic())

    def _is_due(self, contract: _Contract) -> bool:
        file = contract.file
        return file is not None and (self._seconds_left(contract) <= 0 or file.size_bytes >= self._limits.file_bytes)

    def _finish(self, contract: _Contract) -> None:
        """Requests that come from now on get another file: they need not wait for the ledger."""
        file, contract.file = contract.file, None
        if file is not None:
            self._start(self._hand_over(file))

    async def _hand_over(self, file: Gathered) -> None:
        await asyncio.get_running_loop().run_in_executor(self._hand_overs, self._finish_and_hand_over, file)

    def _finish_and_hand_over(self, file: Gathered) -> None:
        ready: Path | None = None
        try:
            if ready := file.finish():
                self._door.hand_over(ready)
        except (OSError, DatabaseError) as error:
            name = ready.name if ready else ""
            _log.warning(
                "gathered.postponed", door=self._door.name, file=name, error=f"{type(error).__name__}: {error}"[:300]
            )

    async def _sweep_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            await self._sweep(_FAILED_FOR)

    async def _sweep(self, older_than: timedelta) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._hand_overs, lambda: self._door.sweep(older_than=older_than))
        except (OSError, DatabaseError) as error:
            _log.warning("gathered.round_failed", door=self._door.name, error=f"{type(error).__name__}: {error}"[:300])

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

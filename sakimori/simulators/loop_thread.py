"""A thread with an event loop of its own, for code that is not asynchronous itself."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

START_SECONDS = 10.0
STOP_SECONDS = 5.0

Serve = Callable[[Callable[[], None], asyncio.Event], Coroutine[Any, Any, None]]


class LoopThread:
    """Runs one coroutine, which gets a function to call when it is ready and an event to stop at."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="simulators", daemon=True)

    def start(self) -> None:
        """Return when it is ready; raise what kept it from becoming so."""
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError("the simulators did not start")
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Return when it has ended; raise what went wrong in it."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise TimeoutError("the simulators did not stop")
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001  (It is raised again in the caller's thread.)
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._serve(self._ready.set, self._stop)

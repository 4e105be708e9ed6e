"""The thread behind the world: errors come out where they can be seen."""

import asyncio
from collections.abc import Callable

import pytest

from sakimori.simulators.loop_thread import LoopThread

Ready = Callable[[], None]


def test_what_goes_wrong_at_the_start_is_raised_there() -> None:
    async def serve(ready: Ready, stop: asyncio.Event) -> None:
        raise OSError("no port")

    with pytest.raises(OSError, match="no port"):
        LoopThread(serve).start()


def test_what_goes_wrong_later_is_raised_at_the_end() -> None:
    async def serve(ready: Ready, stop: asyncio.Event) -> None:
        ready()
        await stop.wait()
        raise ValueError("broken in the background")

    thread = LoopThread(serve)
    thread.start()
    with pytest.raises(ValueError, match="background"):
        thread.stop()


def test_it_ends_when_told() -> None:
    seen: list[str] = []

    async def serve(ready: Ready, stop: asyncio.Event) -> None:
        ready()
        await stop.wait()
        seen.append("stopped")

    thread = LoopThread(serve)
    thread.start()
    assert seen == []
    thread.stop()
    assert seen == ["stopped"]

"""Requests that share a sync and a file: answered only when durable, whole or not at all, none left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from sakimori.lib.jst import utc_now
from sakimori.logs.receive import gathered
from sakimori.logs.receive.gathered import GatheringDoor, gathering_seconds
from sakimori.logs.receive.together import Together, TogetherLimits
from sakimori.logs.spool import Spool

LONG = TogetherLimits(file_seconds=3600)


class Door(GatheringDoor):
    """A door that only remembers what was handed over."""

    name = "test"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Spool(folder.parent / "spool"), utc_now)
        self.files: list[tuple[int, bytes]] = []
        self.came = threading.Event()

    def hand_over(self, ready: Path) -> None:
        """Runs in a thread of the hand-overs."""
        self.files.append((int(ready.name.partition("-")[0]), ready.read_bytes()))
        ready.unlink()
        self.came.set()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "gathered")


def play(door: Door, acts: Callable[[Together], Coroutine[None, None, None]], limits: TogetherLimits = LONG) -> None:
    """Open, act, close."""

    async def run() -> None:
        together = Together(door, limits)
        await together.open()
        try:
            await acts(together)
        finally:
            await together.close()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_requests_of_a_contract_are_one_file_in_their_order(door: Door) -> None:
    async def acts(together: Together) -> None:
        for number in range(5):
            await together.take(1, b"%d\n" % number, alone=False)
        await together.take(2, b"other\n", alone=False)
        assert door.files == []

    play(door, acts)
    assert sorted(door.files) == [(1, b"0\n1\n2\n3\n4\n"), (2, b"other\n")]
    assert list(door.folder.iterdir()) == []


def test_many_requests_at_once_share_few_syncs(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    real = gathered.os.fsync
    monkeypatch.setattr(gathered.os, "fsync", lambda descriptor: syncs.append(descriptor) or real(descriptor))

    async def acts(together: Together) -> None:
        await asyncio.gather(*(together.take(1, b"%03d\n" % number, alone=False) for number in range(200)))

    play(door, acts)
    assert sorted(door.files[0][1].split()) == [b"%03d" % number for number in range(200)]
    assert len(syncs) < 20


def test_nothing_is_answered_before_it_is_synced(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    real = gathered.os.fsync

    def slow(descriptor: int) -> None:
        begun.set()
        assert go_on.wait(60)
        real(descriptor)

    monkeypatch.setattr(gathered.os, "fsync", slow)

    async def acts(together: Together) -> None:
        answer = asyncio.create_task(together.take(1, b"line\n", alone=False))
        assert await asyncio.to_thread(begun.wait, 20)
        assert not answer.done()
        go_on.set()
        await answer

    play(door, acts)
    assert door.files == [(1, b"line\n")]


@pytest.mark.parametrize(
    "limits", [TogetherLimits(file_bytes=100, file_seconds=3600), TogetherLimits(file_seconds=0.001)]
)
def test_a_file_goes_on_when_it_is_old_or_large(door: Door, limits: TogetherLimits) -> None:
    async def acts(together: Together) -> None:
        await together.take(1, b"x" * 100 + b"\n", alone=False)
        assert await asyncio.to_thread(door.came.wait, 20)

    play(door, acts, limits)
    assert door.files == [(1, b"x" * 100 + b"\n")]


def test_the_same_request_again_is_taken_once_as_long_as_it_is_remembered(door: Door) -> None:
    async def acts(together: Together) -> None:
        await asyncio.gather(*(together.take(1, b"same\n", alone=False) for _ in range(3)))
        await together.take(2, b"same\n", alone=False)
        for _ in range(2):
            await together.take(1, b"PK-bytes", alone=True)

    play(door, acts)
    assert sorted(door.files) == [(1, b"PK-bytes"), (1, b"same\n"), (2, b"same\n")]
    door.files.clear()
    play(door, acts, TogetherLimits(file_seconds=3600, again_seconds=-1))
    assert (1, b"same\n" * 3) in door.files


def test_after_a_failed_sync_nothing_stays_and_the_next_try_is_taken(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async def acts(together: Together) -> None:
        await together.take(1, b"before\n", alone=False)
        with monkeypatch.context() as broken:
            broken.setattr(gathered.os, "fsync", full)
            for alone in (False, True):
                with pytest.raises(OSError, match="No space"):
                    await together.take(1, b"line\n", alone=alone)
        await together.take(1, b"line\n", alone=False)

    play(door, acts)
    assert door.files == [(1, b"before\n"), (1, b"line\n")]


def test_somebody_who_goes_away_takes_nothing_along(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    real = gathered.os.fsync
    monkeypatch.setattr(gathered.os, "fsync", lambda descriptor: go_on.wait(60) and real(descriptor))

    async def acts(together: Together) -> None:
        first, second = (asyncio.create_task(together.take(1, b"line\n", alone=False)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        go_on.set()
        await second

    play(door, acts)
    assert door.files == [(1, b"line\n")]


def test_a_folder_that_cannot_be_looked_through_is_no_end(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(door, "sweep", refused)

    async def acts(together: Together) -> None:
        await together.take(1, b"line\n", alone=False)

    play(door, acts)
    assert door.files == [(1, b"line\n")]


_KILLED = """
import asyncio, os, signal, sys
import django
django.setup()
from pathlib import Path
from tests.logs.test_together import LONG, Door
from sakimori.logs.receive.together import Together

async def answer():
    together = Together(Door(Path(sys.argv[1])), LONG)
    await together.open()
    for number in range(50):
        await together.take(number % 2 + 1, b"%d\\n" % number, alone=False)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(answer())
"""


def test_what_was_answered_survives_a_kill_and_comes_once(door: Door) -> None:
    command = [sys.executable, "-c", _KILLED, str(door.folder)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(command, timeout=120, cwd=root, check=False, env=environment)
    assert done.returncode == -signal.SIGKILL

    async def nothing(_: Together) -> None:
        assert len(door.files) == 2

    play(door, nothing)
    play(door, nothing)
    lines = {contract: [int(line) for line in content.split()] for contract, content in door.files}
    assert lines == {1: list(range(0, 50, 2)), 2: list(range(1, 50, 2))}


@pytest.mark.parametrize(
    ("open_files", "waiting", "seconds"),
    [
        (0, 0, 1.0),
        (1, 4, 1.0),
        (25, 0, 1.0),
        (50, 0, 2.0),
        (5000, 4, 3.0),
        (1, 10, 4.0),
        (50, 100, 2.0),
        (50, 110, 7.0),
        (5000, 110, 8.0),
        (50, 200, 30.0),
    ],
)
def test_the_more_files_are_open_or_wait_the_longer_lines_are_gathered(
    open_files: int, waiting: int, seconds: float
) -> None:
    assert gathering_seconds(open_files, waiting, shortest=1.0) == seconds
    assert gathering_seconds(open_files, waiting, shortest=3600.0) == 3600.0

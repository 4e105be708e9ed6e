"""A request that comes again after its answer was lost is taken once, also by another process and after a restart."""

import os
import time
from pathlib import Path

import pytest

from sakimori.logs.receive import taken
from sakimori.logs.receive.taken import Taken
from sakimori.logs.receive.together import Together, TogetherLimits
from tests.logs.test_together import LONG, Door, play

KEY, OTHER = (1, b"a" * 32), (1, b"b" * 32)


def notes(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.taken"))


def age(path: Path, *, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(path, (at, at))


def test_a_restarted_process_knows_what_the_one_before_has_taken(door: Door) -> None:
    async def acts(together: Together) -> None:
        await together.take(1, b"same\n", alone=False)
        await together.take(1, b"PK-bytes", alone=True)

    play(door, acts)
    play(door, acts)
    assert sorted(door.files) == [(1, b"PK-bytes"), (1, b"same\n")]


def test_two_processes_know_of_each_other_request_by_request(door: Door) -> None:
    async def acts(one: Together) -> None:
        two = Together(door, LONG)
        await two.open()
        for first, second, lines in ((one, two, b"1\n"), (two, one, b"2\n"), (one, two, b"3\n")):
            await first.take(1, lines, alone=False)
            await second.take(1, lines, alone=False)
            await second.take(2, lines, alone=False)
        await two.close()

    play(door, acts)
    of_one = sorted(line for contract, body in door.files if contract == 1 for line in body.split())
    of_two = sorted(line for contract, body in door.files if contract == 2 for line in body.split())
    assert of_one == of_two == [b"1", b"2", b"3"]


def test_what_was_not_taken_is_not_remembered(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    async def fails(together: Together) -> None:
        with monkeypatch.context() as broken:
            broken.setattr("sakimori.logs.receive.gathered.os.fsync", full)
            with pytest.raises(OSError, match="No space"):
                await together.take(1, b"line\n", alone=False)

    async def goes_well(together: Together) -> None:
        await together.take(1, b"line\n", alone=False)

    play(door, fails)
    play(door, goes_well)
    assert door.files == [(1, b"line\n")]


def test_a_note_that_cannot_be_written_costs_no_answer(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Taken, _now: float) -> Path:
        raise OSError(28, "No space left on device")

    async def acts(together: Together) -> None:
        monkeypatch.setattr(Taken, "_file", broken)
        await together.take(1, b"line\n", alone=False)
        await together.take(1, b"line\n", alone=False)

    play(door, acts)
    assert door.files == [(1, b"line\n")]


def test_after_its_time_a_request_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Taken(tmp_path, again_seconds=600) for _ in range(2))
    one.note([KEY])
    assert (two.knows(KEY), two.knows(OTHER)) == (True, False)
    real = time.time
    monkeypatch.setattr(taken.time, "time", lambda: real() + 601)
    assert not two.knows(KEY)
    monkeypatch.setattr(taken.time, "time", lambda: real() - 601)
    assert not Taken(tmp_path, again_seconds=600).knows(KEY)


def test_old_files_go_and_there_are_never_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Taken(tmp_path, again_seconds=600) for _ in range(2))
    real = time.time
    for round_ in range(5):
        monkeypatch.setattr(taken.time, "time", lambda past=round_ * 601: real() + past)
        one.note([KEY])
    assert len(notes(tmp_path)) == 5
    monkeypatch.undo()
    for path in notes(tmp_path)[:4]:
        age(path, seconds=601)
    (tmp_path / "not ours").write_bytes(b"")
    two.knows(KEY)
    assert (len(notes(tmp_path)), (tmp_path / "not ours").exists()) == (1, True)
    assert len(two._read) <= 1


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taken, "_MOST_REMEMBERED", 10)
    one, two = (Taken(tmp_path, again_seconds=600) for _ in range(2))
    keys = [(number, b"a" * 32) for number in range(50)]
    one.note(keys)
    assert (two.knows(keys[0]), two.knows(keys[-1])) == (False, True)
    assert len(two._known) == 10


def test_half_a_note_is_read_when_it_is_whole_and_rubbish_harms_nobody(tmp_path: Path) -> None:
    one, two = (Taken(tmp_path, again_seconds=600) for _ in range(2))
    one.note([KEY, OTHER])
    (path,) = notes(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:70])
    assert (two.knows(KEY), two.knows(OTHER)) == (True, False)
    path.write_bytes(content)
    assert two.knows(OTHER)
    (tmp_path / "x.taken").write_bytes(b"\xff" * 1000)
    assert two.knows(KEY)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "gathered")


def test_a_killed_process_takes_a_request_twice_only_if_its_note_is_missing(door: Door) -> None:
    """Lines first, then the note: who is killed in between has taken lines that nobody knows of, never the reverse."""

    async def dies(together: Together) -> None:
        together._taken.note = lambda _keys: None  # type: ignore[method-assign]
        await together.take(1, b"line\n", alone=False)

    async def again(together: Together) -> None:
        await together.take(1, b"line\n", alone=False)

    play(door, dies)
    play(door, again)
    assert door.files == [(1, b"line\n")] * 2
    assert TogetherLimits().again_seconds == 600

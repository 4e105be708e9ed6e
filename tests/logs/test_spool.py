"""The spool: a name appears only over content that is on the disk, and after a failure nothing stays."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.logs.spool import Spool, TooLarge

ENOSPC = 28


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    return Spool(folder)


@settings(max_examples=30)
@given(chunks=st.lists(st.binary(max_size=200), max_size=6))
def test_what_goes_in_comes_out(spool: Spool, chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    stored = spool.put(chunks, limit_bytes=2000)
    with spool.open(stored.name) as file:
        assert file.read() == content
    assert stored.size_bytes == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()


def test_names_are_random_and_files_are_private(spool: Spool, folder: Path) -> None:
    names = {spool.put([b"the same"], limit_bytes=10).name for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"[0-9a-f]{32}\.log", name) for name in names)
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in names} == {0o600}


def test_the_name_appears_after_the_content_is_on_the_disk(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fsync is recorded with what it was called for and which finished names stood in the folder then."""
    calls: list[tuple[str, int, list[str]]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "file"
        calls.append((kind, found.st_size if kind == "file" else 0, finished(folder)))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    stored = spool.put([b"abc", b"def"], limit_bytes=10)
    assert calls == [("file", 6, []), ("folder", 0, [stored.name])]


@pytest.mark.parametrize("limit", [0, 5])
def test_too_large_leaves_nothing(spool: Spool, folder: Path, limit: int) -> None:
    with pytest.raises(TooLarge):
        spool.put([b"abc", b"def"], limit_bytes=limit)
    assert list(folder.iterdir()) == []


def test_exactly_the_limit_is_taken(spool: Spool) -> None:
    assert spool.put([b"abc", b"def"], limit_bytes=6).size_bytes == 6


def test_too_large_stops_reading_the_sender(spool: Spool) -> None:
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield bytes(1000)

    with pytest.raises(TooLarge):
        spool.put(endless(), limit_bytes=10_000)
    assert asked == 11


@pytest.mark.parametrize("failing", [1, 2], ids=["content", "folder"])
def test_a_full_disk_leaves_nothing(spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    calls = 0

    def fsync(_descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"):
        spool.put([b"abc"], limit_bytes=10)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), KeyboardInterrupt()])
def test_a_sender_that_breaks_off_leaves_nothing(spool: Spool, folder: Path, error: BaseException) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise error

    with pytest.raises(type(error)):
        spool.put(broken(), limit_bytes=10)
    assert list(folder.iterdir()) == []


def test_an_unfinished_file_has_no_finished_name(spool: Spool, folder: Path) -> None:
    seen: list[list[str]] = []

    def slow() -> Iterator[bytes]:
        yield b"half"
        seen.append(finished(folder))
        yield b"rest"

    stored = spool.put(slow(), limit_bytes=10)
    assert seen == [[]]
    assert finished(folder) == [stored.name]


def test_removing_twice_is_removing(spool: Spool) -> None:
    stored = spool.put([b"abc"], limit_bytes=10)
    spool.remove(stored.name)
    spool.remove(stored.name)
    with pytest.raises(FileNotFoundError):
        spool.open(stored.name)


def test_old_names_are_found_finished_or_not(spool: Spool, folder: Path) -> None:
    old = spool.put([b"old"], limit_bytes=10).name
    spool.put([b"new"], limit_bytes=10)
    (folder / ".half.log").write_bytes(b"half")
    (folder / "subfolder").mkdir()
    for name in (old, ".half.log"):
        os.utime(folder / name, (1000, 1000))
    assert set(spool.names_older_than(2000)) == {old, ".half.log"}


def test_a_file_that_vanishes_while_names_are_listed_is_passed_over(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker clears the same folder, and a file under way gets its finished name."""
    names = {spool.put([b"x"], limit_bytes=10).name for _ in range(3)}
    for name in names:
        os.utime(folder / name, (1000, 1000))
    gone = names.pop()
    real = os.scandir

    def scandir(path: Path) -> list[os.DirEntry[str]]:
        entries = list(real(path))
        (folder / gone).unlink()
        return entries

    monkeypatch.setattr(os, "scandir", scandir)
    assert set(spool.names_older_than(2000)) == names


def test_check_writable_leaves_nothing_and_says_what_is_wrong(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.check_writable()
    assert list(folder.iterdir()) == []
    folder.rmdir()
    with pytest.raises(OSError, match="No such file"):
        spool.check_writable()


def finished(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]

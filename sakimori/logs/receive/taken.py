"""Which requests were taken a moment ago, by whichever process of this machine, also one that is no more.

A sender whose answer was lost sends the same once more, perhaps after our restart or to the process beside us. Each
process notes what it has taken in files of its own in one folder, and reads what others have noted. A file is removed
when all that stands in it is old, so there are never more than a few. It is a memory, no promise: a note follows the
sync of the lines by some microseconds, and who is killed in between takes them twice. Then the log store marks the
doubles among them, as far as the events have a request id.
"""

import os
import secrets
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

Key = tuple[int, bytes]

_NOTE = struct.Struct(">Qd32s")  # Contract, seconds since the epoch, SHA-256 of the lines.
_ENDING = ".taken"
_MOST_REMEMBERED = 100_000


class Taken:
    """The notes of one door. Methods may block for the time of a small read or write.

    again_seconds: how long a request is remembered.
    """

    def __init__(self, folder: Path, *, again_seconds: float) -> None:
        self._folder, self._again = folder, again_seconds
        self._known: dict[Key, float] = {}
        self._read: dict[str, int] = {}
        self._own: Path | None = None
        self._own_until = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def knows(self, key: Key) -> bool:
        """Whether this request was taken a moment ago, as far as notes of other processes say."""
        with suppress(OSError):
            self._catch_up()
        at = self._known.get(key)
        return at is not None and abs(time.time() - at) <= self._again

    def note(self, keys: Iterable[Key]) -> None:
        """These requests are durable. Where the disk takes no note, only this process knows of them."""
        now = time.time()
        notes = b"".join(_NOTE.pack(contract, now, digest) for contract, digest in keys)
        with suppress(OSError):
            descriptor = os.open(self._file(now), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, notes)
            finally:
                os.close(descriptor)

    def _file(self, now: float) -> Path:
        """A new one every now and then, so that old notes can go as whole files."""
        if self._own is None or now >= self._own_until:
            self._own = self._folder / f"{os.getpid()}-{secrets.token_hex(8)}{_ENDING}"
            self._own_until = now + max(self._again, 0.0)
        return self._own

    def _catch_up(self) -> None:
        """Read what was noted since the last time, and remove files in which everything is old."""
        now, there = time.time(), set[str]()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not entry.name.endswith(_ENDING):
                    continue
                found = entry.stat()
                if now - found.st_mtime > self._again:
                    Path(entry.path).unlink(missing_ok=True)
                    continue
                there.add(entry.name)
                if self._own is None or entry.name != self._own.name:
                    self._read_on(Path(entry.path), found.st_size)
        self._read = {name: size for name, size in self._read.items() if name in there}
        self._forget(now)

    def _read_on(self, path: Path, size: int) -> None:
        """Only whole notes: the last one may be under way."""
        begin = self._read.get(path.name, 0)
        end = size - size % _NOTE.size
        if end <= begin:
            return
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read(end - begin)
        whole = len(content) - len(content) % _NOTE.size
        for contract, at, digest in _NOTE.iter_unpack(content[:whole]):
            self._known[contract, digest] = at
        self._read[path.name] = begin + whole

    def _forget(self, now: float) -> None:
        while self._known:
            key = next(iter(self._known))
            if now - self._known[key] <= self._again and len(self._known) <= _MOST_REMEMBERED:
                return
            del self._known[key]

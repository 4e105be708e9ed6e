"""One folder into which a sender writes log files, such as an SFTP server's: which are complete, and taking one.

A file is complete when it looked the same twice, with a pause between. To be taken it gets a hidden name first: from
then on nobody can put another file in its place. It is removed only after the caller has it for good. Nothing here
follows a symbolic link, and what is no plain file is left alone.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

_TAKING = ".taking-"
_UNFINISHED = (".part", ".tmp", ".filepart")
_CHUNK_BYTES = 1 << 20
_SEEN_AT_ONCE = 1000
_LONGEST_NAME = 255  # Bytes, on every file system in use.


class Changing(Exception):
    """The file was written to while it was read. It is complete later."""


class Unreadable(Exception):
    """The file, or the folder, cannot be read or moved: somebody must give us the right to."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like."""

    inode: int
    size_bytes: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder: the name under which it lies, and the one that its sender gave it."""

    entry: str
    name: str
    look: Look


@dataclass
class Folder:
    """A sender's folder, and how its files looked before. Of one process: after a restart each is looked at twice."""

    path: Path
    _seen: dict[str, tuple[Look, datetime]] = field(default_factory=dict)

    def complete(self, *, now: datetime, pause: timedelta) -> list[Found]:
        """Files that have looked the same for `pause`. Raises Unreadable; a folder that is not there holds nothing."""
        with self._opened() as folder:
            found = list(_files(folder)) if folder is not None else []
        before, self._seen = self._seen, {}
        for file in found:
            look, since = before.get(file.entry, (file.look, now))
            self._seen[file.entry] = (file.look, since if look == file.look else now)
        return [file for file in found if now - self._seen[file.entry][1] >= pause]

    @contextmanager
    def taken(self, file: Found) -> Iterator[Iterator[bytes]]:
        """The content of a file, which is removed when the block ends well.

        Raises Unreadable, and Changing at the end of the content at the latest.
        """
        with self._opened() as folder:
            if folder is None:
                raise Changing
            hidden = _hide(folder, file)
            with _reading(folder, hidden) as descriptor:
                yield _content(descriptor, file.look)
            with suppress(FileNotFoundError):
                os.unlink(hidden, dir_fd=folder)
            self._seen.pop(file.entry, None)

    @contextmanager
    def _opened(self) -> Iterator[int | None]:
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            yield None
            return
        except OSError as error:
            raise Unreadable from error
        try:
            yield folder
        finally:
            os.close(folder)


def _files(folder: int) -> Iterator[Found]:
    """Plain files that are meant to be taken, by name; not more than are looked at in one go, and each of them once."""
    with os.scandir(folder) as entries:
        wanted = sorted(filter(_is_wanted, entries), key=lambda entry: entry.name)
    for entry in wanted[:_SEEN_AT_ONCE]:
        with suppress(FileNotFoundError):
            about = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(about.st_mode):
                yield Found(entry.name, _sender_name(entry.name), _look(about))


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    """Whether it is a plain file under a finished name. The folder itself tells of what kind an entry is."""
    name = entry.name
    return (name.startswith(_TAKING) or not _is_passed_over(name)) and entry.is_file(follow_symlinks=False)


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def _sender_name(entry: str) -> str:
    """The name as text: bytes that are no UTF-8 cannot be written into a row."""
    name = entry.removeprefix(_TAKING).partition("-")[2] if entry.startswith(_TAKING) else entry
    return os.fsencode(name).decode(errors="replace")


def _hide(folder: int, file: Found) -> str:
    """Give the file its hidden name, unless it has one from a try that was broken off."""
    if file.entry.startswith(_TAKING):
        return file.entry
    with _reading(folder, file.entry):
        pass  # What cannot be read keeps its name, so that whoever looks for it finds it.
    hidden = _hidden_name(file.entry)
    try:
        os.rename(file.entry, hidden, src_dir_fd=folder, dst_dir_fd=folder)
    except FileNotFoundError as error:
        raise Changing from error
    except OSError as error:
        raise Unreadable from error
    return hidden


def _hidden_name(entry: str) -> str:
    """A name that nobody can guess, with as much of the file's own as a file system allows."""
    before = f"{_TAKING}{secrets.token_hex(8)}-"
    return before + os.fsdecode(os.fsencode(entry)[: _LONGEST_NAME - len(before)])


@contextmanager
def _reading(folder: int, entry: str) -> Iterator[int]:
    try:
        descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError as error:
        raise Changing from error
    except OSError as error:
        raise Unreadable from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int, expected: Look) -> Iterator[bytes]:
    """The file piece by piece, if it is the one that was looked at, and still is when it has been read."""
    if _look(os.fstat(descriptor)) != expected:
        raise Changing
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        yield chunk
    if _look(os.fstat(descriptor)) != expected:
        raise Changing


def _look(about: os.stat_result) -> Look:
    return Look(about.st_ino, about.st_size, about.st_mtime_ns)

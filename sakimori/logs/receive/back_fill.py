"""Files that somebody imports by hand: finding them, and taking each into spool and ledger. The door is `import`.

The contract is the one that the operator names. What he names twice, or imports again, is taken once.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sakimori.customers.models import Contract
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool, TooLarge

STANDARD_INPUT = "-"
_CHUNK_BYTES = 1 << 20


class NotTaken(Exception):
    """A file cannot be taken; the text says why. Others may be."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where content comes from: a file, or standard input (path None). `name`: what the ledger calls it."""

    path: Path | None
    name: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A row of the ledger; not `is_new`: the same content under the same name was imported before."""

    file: LogFile
    is_new: bool


def find(words: Sequence[str], *, standard_input_name: str) -> tuple[list[Source], list[str]]:
    """The files that words name, each once, in order, and the words that name nothing.

    A word is a file, a folder (all files in it and below, but hidden ones), a pattern with wildcards, or `-`.
    """
    found: dict[str, Source] = {}
    missing = []
    for word in words:
        if word == STANDARD_INPUT:
            found[word] = Source(None, standard_input_name)
            continue
        paths = list(_paths(word))
        found |= {os.path.realpath(path): _source(path) for path in paths}
        if not paths:
            missing.append(word)
    return list(found.values()), missing


def take(
    source: Source,
    *,
    contract: Contract,
    spool: Spool,
    standard_input: BinaryIO,
    now: datetime,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> Taken:
    """Take one file's content as it is. Raises NotTaken, and OSError when the spool cannot hold it.

    on_bytes: is told how much more was read.
    """
    try:
        chunks = _content(source, standard_input, on_bytes)
        file = accept(chunks, contract=contract, door=IMPORT_DOOR, name=source.name, spool=spool, now=now)
    except TooLarge as error:
        raise NotTaken(f"{error}: cut it into smaller files") from error
    return Taken(file, file.received_at == now)


def _paths(word: str) -> Iterator[Path]:
    path = Path(word)
    if path.is_dir():
        yield from _below(path)
    elif path.exists() or path.is_symlink():
        yield path
    else:
        for match in sorted(glob.glob(word, recursive=True)):  # noqa: PTH207 - it may be absolute, Path.glob refuses that
            yield from _below(Path(match)) if Path(match).is_dir() else (Path(match),)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _source(path: Path) -> Source:
    name = os.fsencode(path.name).decode(errors="replace")
    try:
        return Source(path, name, path.stat().st_size)
    except OSError:
        return Source(path, name)  # Reading it will tell why.


def _content(source: Source, standard_input: BinaryIO, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """The content piece by piece. What is no plain file is not even opened: a pipe would be waited for."""
    if source.path is None:
        yield from _chunks(standard_input, on_bytes)
        return
    try:
        if source.path.exists() and not source.path.is_file():
            raise NotTaken("it is no plain file")
        with source.path.open("rb") as file:
            yield from _chunks(file, on_bytes)
    except OSError as error:
        raise NotTaken(error.strerror or str(error)) from error


def _chunks(file: BinaryIO, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
        on_bytes(len(chunk))

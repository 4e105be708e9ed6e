"""Looks through a downloaded bundle (a ZIP, or the folder it was unpacked into) without any database.

A bundle holds parts, `README.txt`, `chain.json`, `SHA256SUMS`, and files as they were received. What is checked: every
file is there, unchanged and named in the sums; the chain holds; it accounts for as many lines as the parts have; each
received file is the one that its link in the chain names, so that every line in it is proven. What cannot be known
here is whether the chain is the SOC's: for that its newest digest is compared with the one that the SOC tells.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sakimori.logs.exports.excerpt import Excerpt, NoChain, broken, read

CHAIN, SUMS, README = "chain.json", "SHA256SUMS", "README.txt"
_ORIGINAL = re.compile(r"received-([1-9]\d*)\.bin")
_LARGEST_CHAIN = 1 << 29
_HASHED_AT_ONCE = 1 << 20
_SUM = re.compile(r"([0-9a-f]{64})  (\S.*)")

Folder = zipfile.Path | Path


@dataclass(slots=True)
class Found:
    """What a bundle is found to be: sentences about what is wrong, and the chain, if it can be read.

    originals: files in it as they were received.
    """

    troubles: list[str] = field(default_factory=list)
    excerpt: Excerpt | None = None
    originals: int = 0


def original_name(file: int) -> str:
    """What a file as it was received is called in a bundle, by its key in the ledger."""
    return f"received-{file}.bin"


def look_through(path: Path) -> Found:
    """Check a bundle. Raises OSError for one that cannot be opened at all."""
    if path.is_dir():
        return _checked(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names):
                return Found(["two files in it have the same name"])
            return _checked(zipfile.Path(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        return Found([f"it is no bundle, or damaged ({error})"])


def _checked(folder: Folder) -> Found:
    found = Found()
    names = {entry.name for entry in folder.iterdir()}
    for name in sorted({CHAIN, SUMS, README} - names):
        found.troubles.append(f"{name} is missing")
    sums = _sums(folder) if SUMS in names else {}
    found.troubles += _wrong_files(folder, names, sums)
    if CHAIN in names:
        found.troubles += _read_chain(folder, found, sums)
    return found


def _sums(folder: Folder) -> dict[str, str]:
    with (folder / SUMS).open("rb") as file:
        text = file.read(_LARGEST_CHAIN).decode("utf-8", errors="replace")
    return {match[2]: match[1] for line in text.splitlines() if (match := _SUM.fullmatch(line))}


def _wrong_files(folder: Folder, names: set[str], sums: dict[str, str]) -> Iterator[str]:
    for name in sorted(sums.keys() - names):
        yield f"{name} is missing"
    for name in sorted(names - {SUMS}):
        if name not in sums:
            yield f"{name} is not named in {SUMS}"
        elif _hash(folder, name) != sums[name]:
            yield f"{name} was changed"


def _hash(folder: Folder, name: str) -> str:
    digest = hashlib.sha256()
    with (folder / name).open("rb") as file:
        while chunk := file.read(_HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()


def _read_chain(folder: Folder, found: Found, sums: dict[str, str]) -> Iterator[str]:
    with (folder / CHAIN).open("rb") as file:
        text = file.read(_LARGEST_CHAIN + 1)
    if len(text) > _LARGEST_CHAIN:
        yield f"{CHAIN} is too large"
        return
    try:
        found.excerpt = excerpt = read(text)
    except NoChain as error:
        yield f"{CHAIN}: {error}"
        return
    yield from (f"{CHAIN}: {trouble}" for trouble in broken(excerpt))
    originals = {name: int(match[1]) for name in sums if (match := _ORIGINAL.fullmatch(name))}
    found.originals = len(originals)
    yield from _wrong_originals(excerpt, originals, sums)
    parts = excerpt.facts.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        yield f"{CHAIN} names no parts"
        return
    if {part.get("name") for part in parts} != sums.keys() - originals.keys() - {CHAIN, README}:
        yield f"{CHAIN} names other parts than {SUMS}"
    if sum(part.get("lines", 0) for part in parts) != excerpt.lines:
        yield f"{CHAIN} accounts for {excerpt.lines} lines, the parts have another number"


def _wrong_originals(excerpt: Excerpt, originals: Mapping[str, int], sums: Mapping[str, str]) -> Iterator[str]:
    """The sums have been compared with the files; here they are compared with the chain."""
    known = {link.file: link.sha256 for link in excerpt.links}
    for name, file in originals.items():
        if known.get(file) != sums[name]:
            yield f"{name} is not the file that was received"

"""Looks through a downloaded bundle (a ZIP, or the folder it was unpacked into) without any database.

A bundle holds parts, `README.txt`, `chain.json`, `SHA256SUMS`, and files as they were received. What is checked: every
file is there, unchanged and named in the sums; the chain holds; it accounts for the lines that the parts have, file by
file; each received file is the one that its link in the chain names; each row of a part says what its line in the
received file says (see `proving.py`). The sums themselves are not signed: whoever rewrites a part can rewrite them.

What cannot be known here: whether a row is true whose received file is not there; whether rows were taken out (from
parts and accounts alike); whether the chain is the SOC's. For those the SOC has the record of what it made (`--own`).
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from sakimori.logs.exports.excerpt import Excerpt, NoChain, broken, read
from sakimori.logs.exports.parts import Folder, Part
from sakimori.logs.exports.proving import Keys, Proof, prove

CHAIN, SUMS, README = "chain.json", "SHA256SUMS", "README.txt"
_ORIGINAL = re.compile(r"received-([1-9]\d*)\.bin")
_LARGEST_CHAIN = 1 << 29
_HASHED_AT_ONCE = 1 << 20
_SUM = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(slots=True)
class Found:
    """What a bundle is found to be: sentences about what is wrong, and the chain, if it can be read.

    originals: files in it as they were received. proof: what the rows were found to be, if they could be read. sums:
    SHA-256 of `SHA256SUMS`, which names everything in it.
    """

    troubles: list[str] = field(default_factory=list)
    excerpt: Excerpt | None = None
    originals: int = 0
    proof: Proof | None = None
    sums: str = ""


def original_name(file: int) -> str:
    """What a file as it was received is called in a bundle, by its key in the ledger."""
    return f"received-{file}.bin"


def no_keys(_contract: str) -> Keys:
    """Nothing opens encrypted files where there is no installation."""
    return {}


def look_through(path: Path, keys_of: Callable[[str], Keys] = no_keys) -> Found:
    """Check a bundle. Raises OSError for one that cannot be opened at all.

    keys_of: the keys that open encrypted files of a contract, by its number.
    """
    if path.is_dir():
        return _checked(path, keys_of)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names):
                return Found(["two files in it have the same name"])
            return _checked(zipfile.Path(archive), keys_of)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        return Found([f"it is no bundle, or damaged ({error})"])


def _checked(folder: Folder, keys_of: Callable[[str], Keys]) -> Found:
    found = Found()
    names = {entry.name for entry in folder.iterdir()}
    for name in sorted({CHAIN, SUMS, README} - names):
        found.troubles.append(f"{name} is missing")
    sums = _sums(folder) if SUMS in names else {}
    found.sums = _hash(folder, SUMS) if SUMS in names else ""
    unchanged = {name for name in names & sums.keys() if _hash(folder, name) == sums[name]}
    found.troubles += _wrong_files(names, sums, unchanged)
    if CHAIN in names:
        parts = _read_chain(folder, found, sums)
        if found.excerpt is not None:
            there = [part for part in parts if names.issuperset(part.files)]
            originals = _originals(folder, found.excerpt, unchanged, sums)
            found.proof = prove(folder, there, found.excerpt, originals, keys_of(found.excerpt.contract))
            found.troubles += found.proof.troubles
    return found


def _sums(folder: Folder) -> dict[str, str]:
    with (folder / SUMS).open("rb") as file:
        text = file.read(_LARGEST_CHAIN).decode("utf-8", errors="replace")
    return {match[2]: match[1] for line in text.splitlines() if (match := _SUM.fullmatch(line))}


def _wrong_files(names: set[str], sums: Mapping[str, str], unchanged: set[str]) -> Iterator[str]:
    for name in sorted(sums.keys() - names):
        yield f"{name} is missing"
    for name in sorted(names - {SUMS} - unchanged):
        yield f"{name} was changed" if name in sums else f"{name} is not named in {SUMS}"


def _hash(folder: Folder, name: str) -> str:
    digest = hashlib.sha256()
    with (folder / name).open("rb") as file:
        while chunk := file.read(_HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()


def _read_chain(folder: Folder, found: Found, sums: Mapping[str, str]) -> list[Part]:
    """Fill in the chain and what is wrong with it. Returns the parts that it names."""
    tell = found.troubles.append
    with (folder / CHAIN).open("rb") as file:
        text = file.read(_LARGEST_CHAIN + 1)
    if len(text) > _LARGEST_CHAIN:
        tell(f"{CHAIN} is too large")
        return []
    try:
        found.excerpt = excerpt = read(text)
    except NoChain as error:
        tell(f"{CHAIN}: {error}")
        return []
    found.troubles += (f"{CHAIN}: {trouble}" for trouble in broken(excerpt))
    originals = {name: int(match[1]) for name in sums if (match := _ORIGINAL.fullmatch(name))}
    found.originals = len(originals)
    found.troubles += _wrong_originals(excerpt, originals, sums)
    parts = _parts(excerpt)
    if parts is None:
        tell(f"{CHAIN} names no parts")
        return []
    if {name for part in parts for name in part.files} != sums.keys() - originals.keys() - {CHAIN, README}:
        tell(f"{CHAIN} names other parts than {SUMS}")
    if sum(part.lines for part in parts) != excerpt.lines:
        tell(f"{CHAIN} accounts for {excerpt.lines} lines, the parts have another number")
    return parts


def _parts(excerpt: Excerpt) -> list[Part] | None:
    try:
        return [
            Part(str(part["name"]), int(part["lines"]), str(part.get("places", ""))) for part in excerpt.facts["parts"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _originals(
    folder: Folder, excerpt: Excerpt, unchanged: set[str], sums: Mapping[str, str]
) -> dict[int, Callable[[], BinaryIO]]:
    """The received files that are those of their links: only from them something follows."""
    received = {link.file: link.sha256 for link in excerpt.links}
    there = {name: int(match[1]) for name in unchanged if (match := _ORIGINAL.fullmatch(name))}
    return {file: partial(_open, folder, name) for name, file in there.items() if sums[name] == received.get(file)}


def _open(folder: Folder, name: str) -> BinaryIO:
    return cast("BinaryIO", (folder / name).open("rb"))


def _wrong_originals(excerpt: Excerpt, originals: Mapping[str, int], sums: Mapping[str, str]) -> Iterator[str]:
    """The sums have been compared with the files; here they are compared with the chain."""
    known = {link.file: link.sha256 for link in excerpt.links}
    for name, file in originals.items():
        if known.get(file) != sums[name]:
            yield f"{name} is not the file that was received"

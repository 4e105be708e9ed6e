"""`sakimori logs verify`: computes the chains of stored log files anew, or looks through downloaded bundles.

With files it needs no installation: neither settings nor a database are asked, unless `--own` wants to know whether
they are what this installation made.

A line is `ok`, `NG` (something is wrong, which is told below), or `??`: nothing is wrong, but not every row of the
bundle could be compared with its received file.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sakimori.lib.config import SettingError, read
from sakimori.logs.exports.bundle import Found, look_through, no_keys
from sakimori.logs.exports.excerpt import Excerpt
from sakimori.logs.exports.proving import Keys, Proof
from sakimori.run.cli import set_up_django

HELP = "check the chain of stored log files, or downloaded bundles"


NOT_ALL_PROVEN = 3


class OwnChains(Protocol):
    """What `own_chains.py` offers. It needs Django, so it is loaded when it is needed."""

    def look(self, *, contract: str, day: date | None, rows: bool) -> Iterator[tuple[str, list[str]]]:
        """Each contract's chain in a line, and what is wrong with it."""

    def strange(self, found: Found, path: Path) -> Iterator[str]:
        """What of a bundle is not of this installation."""

    def keys_of(self, contract: str) -> Keys:
        """What opens the contract's encrypted files."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at, in a line, and what is wrong. is_open: nothing is, but not everything could be proven."""

    line: str
    troubles: list[str]
    is_open: bool = False

    @property
    def code(self) -> int:
        """What the command returns for it."""
        return 1 if self.troubles else NOT_ALL_PROVEN if self.is_open else 0


_SIGNS = {0: "ok", 1: "NG", NOT_ALL_PROVEN: "??"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[FILE ... [--own]] [--contract NUMBER] [--day YYYY-MM-DD] [--without-rows]`."""
    parser.description = (
        "Computes the chain of stored log files anew, or, with files, looks through downloaded bundles: each row is"
        " compared with its line in the received file that the bundle carries. Rows whose received file is not there,"
        " or is encrypted, are counted as not provable. That no row was taken out, and that the whole chain is not an"
        " invention, is known with --own only."
    )
    parser.epilog = (
        "Ends with 0 when everything holds and is proven, 1 when anything is wrong (NG), 2 for a wrong setting or"
        f" contract, {NOT_ALL_PROVEN} when nothing is wrong but not every row is provable from its bundle (??)."
    )
    parser.add_argument("file", nargs="*", type=Path, help="a downloaded ZIP, or the folder it was unpacked into")
    parser.add_argument("--contract", default="", metavar="NUMBER", help="only this contract's chain")
    parser.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only this Japanese day")
    parser.add_argument(
        "--own",
        action="store_true",
        help="with files: whether their chain is the one of this installation, and they are as it made them;"
        " encrypted received files are opened with the contract's keys",
    )
    parser.add_argument(
        "--without-rows",
        action="store_true",
        help="do not ask the log store how many rows it holds",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was looked at and what is wrong. Returns 1 when anything is, 2 for a wrong setting or contract, 3 when
    nothing is but not every row of a bundle is proven.
    """
    if arguments.file and not arguments.own:
        return _print(_bundle(path, None) for path in arguments.file)
    try:
        read(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    set_up_django()
    own: OwnChains = import_module("sakimori.run.own_chains")
    try:
        if arguments.file:
            return _print(_bundle(path, own) for path in arguments.file)
        looks = own.look(contract=arguments.contract, day=arguments.day, rows=not arguments.without_rows)
        return _print(Looked(*look) for look in looks)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2


def _print(looks: Iterable[Looked]) -> int:
    codes = set()
    for look in looks:
        print(f"{_SIGNS[look.code]}  {look.line}")
        for trouble in look.troubles:
            print(f"    {trouble}")
        codes.add(look.code)
    sys.stdout.flush()
    return 1 if 1 in codes else max(codes, default=0)


def _bundle(path: Path, own: OwnChains | None) -> Looked:
    try:
        found = look_through(path, own.keys_of if own else no_keys)
    except OSError as error:
        return Looked(f"{path}", [error.strerror or type(error).__name__])
    if found.excerpt is None or found.proof is None:
        return Looked(f"{path}", found.troubles)
    troubles = [*found.troubles, *(own.strange(found, path) if own else ())]
    return Looked(f"{path}: {_told(found, found.excerpt, found.proof)}", troubles, found.proof.open_rows > 0)


def _told(found: Found, excerpt: Excerpt, proof: Proof) -> str:
    newest = f", {excerpt.days[-1].day} is {excerpt.days[-1].digest}" if excerpt.days else ""
    unlinked = f", {excerpt.unlinked} of them of files without a link" if excerpt.unlinked else ""
    received = f" ({found.originals} as received)" if found.originals else ""
    lines = f"{excerpt.lines} lines of {len(excerpt.given)} files{received}{unlinked}"
    return f"contract {excerpt.contract}, {lines}, {_proven(proof)}{newest}"


def _proven(proof: Proof) -> str:
    if not proof.open_rows:
        return "all proven by received files"
    reasons = (
        (proof.absent, "the received file is not in the bundle"),
        (proof.closed, "the received file is encrypted"),
        (proof.unplaced, "the bundle does not say which line of which received file"),
        (proof.otherwise, "the line is as received, its columns were made by another parser version"),
    )
    why = "; ".join(f"{count}: {reason}" for count, reason in reasons if count)
    return f"{proof.proven} proven by received files, {proof.open_rows} NOT PROVABLE FROM THIS BUNDLE ({why})"

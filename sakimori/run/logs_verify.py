"""`sakimori logs verify`: computes the chains of stored log files anew, or looks through downloaded bundles.

With files it needs no installation: neither settings nor a database are asked, unless `--own` wants to know whether
their chain is that of this installation.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol

from sakimori.lib.config import SettingError, read
from sakimori.logs.exports.bundle import look_through
from sakimori.logs.exports.excerpt import Excerpt
from sakimori.run.cli import set_up_django

HELP = "check the chain of stored log files, or downloaded bundles"


class OwnChains(Protocol):
    """What `own_chains.py` offers. It needs Django, so it is loaded when it is needed."""

    def look(self, *, contract: str, day: date | None, rows: bool) -> Iterator[tuple[str, list[str]]]:
        """Each contract's chain in a line, and what is wrong with it."""

    def strange(self, excerpt: Excerpt) -> Iterator[str]:
        """What of a bundle's chain is not of this installation."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[FILE ... [--own]] [--contract NUMBER] [--day YYYY-MM-DD] [--without-rows]`."""
    parser.add_argument("file", nargs="*", type=Path, help="a downloaded ZIP, or the folder it was unpacked into")
    parser.add_argument("--contract", default="", metavar="NUMBER", help="only this contract's chain")
    parser.add_argument("--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="only this Japanese day")
    parser.add_argument(
        "--own", action="store_true", help="with files: whether their chain is the one of this installation"
    )
    parser.add_argument(
        "--without-rows",
        action="store_true",
        help="do not ask the log store how many rows it holds (an embedded one is taken while `sakimori up` runs)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was looked at and what is wrong. Returns 1 when anything is, 2 for a wrong setting or contract."""
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
        return _print(own.look(contract=arguments.contract, day=arguments.day, rows=not arguments.without_rows))
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2


def _print(looks: Iterable[tuple[str, list[str]]]) -> int:
    broken = 0
    for line, troubles in looks:
        print(f"{'NG' if troubles else 'ok'}  {line}")
        for trouble in troubles:
            print(f"    {trouble}")
        broken += bool(troubles)
    sys.stdout.flush()
    return 1 if broken else 0


def _bundle(path: Path, own: OwnChains | None) -> tuple[str, list[str]]:
    try:
        found = look_through(path)
    except OSError as error:
        return f"{path}", [error.strerror or type(error).__name__]
    excerpt = found.excerpt
    if excerpt is None:
        return f"{path}", found.troubles
    newest = f", {excerpt.days[-1].day} is {excerpt.days[-1].digest}" if excerpt.days else ""
    unlinked = f", {excerpt.unlinked} of them of files without a link" if excerpt.unlinked else ""
    proven = f" ({found.originals} as received)" if found.originals else ""
    told = f"contract {excerpt.contract}, {excerpt.lines} lines of {len(excerpt.given)} files{proven}{unlinked}{newest}"
    return f"{path}: {told}", [*found.troubles, *(own.strange(excerpt) if own else ())]

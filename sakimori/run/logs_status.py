"""`sakimori logs status`: how the intake of every contract is, for the shell and for monitoring.

It reads the database only: the embedded log store may be held by `sakimori up`.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

from sakimori.lib.config import SettingError, read
from sakimori.lib.jst import JST, utc_now
from sakimori.run.cli import set_up_django

HELP = "how each contract's logs come in: complete until when, gaps, lags, sums"

Status = Mapping[str, Any]


class Intake(Protocol):
    """What `intake_status.py` offers. It needs Django, so it is loaded when it is needed."""

    def statuses(self, *, contract: str, now: datetime) -> Sequence[Status]:
        """One record per contract, made of what JSON knows. Raises LookupError with a sentence."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`[--contract NUMBER] [--json]`."""
    parser.add_argument("--contract", default="", metavar="NUMBER", help="only this contract")
    parser.add_argument("--json", action="store_true", help="one JSON object; times in UTC, spans in seconds")


def run(arguments: argparse.Namespace) -> int:
    """Print how it is. Returns 1 when something is missing or differs, 2 for a wrong setting or contract."""
    try:
        read(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    set_up_django()
    intake: Intake = import_module("sakimori.run.intake_status")
    now = utc_now()
    try:
        found = intake.statuses(contract=arguments.contract, now=now)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps({"now": now.isoformat(), "contracts": found}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(line for status in found for line in lines_of(status)))
    return 1 if any(status["troubled"] for status in found) else 0


def lines_of(status: Status) -> list[str]:
    """One contract for people."""
    ended = "" if status["runs"] else ", ended"
    return [
        f"{status['contract']} {status['customer']}{ended}: complete until {_clock(status['complete_until'])}",
        *(f"  gap {_clock(gap['begins'])} .. {_clock(gap['ends'])}: {_why(gap)}" for gap in status["gaps"]),
        *(_door(door) for door in status["doors"]),
        _files(status),
        _lines(status),
        _parser(status["parser"], runs=status["runs"]),
    ]


def _files(status: Status) -> str:
    sums = status["sums"]
    waiting = f"{sums['waiting']} waiting (oldest {_clock(status['oldest_waiting'])})"
    return f"  files: {sums['stored']} stored, {waiting}, {sums['quarantined']} quarantined"


def _lines(status: Status) -> str:
    sums, store = status["sums"], status["store"]
    differ = len(store["differences"])
    equal = f"{differ} files differ" if differ else "equal"
    compared = f"compared with the store {_clock(store['checked_at'])}, {equal}"
    return (
        f"  lines: {sums['lines']} = {sums['rows']} rows + {sums['quarantined_lines']} quarantined "
        f"+ {sums['unkept_lines']} not kept; "
        f"{sums['doubles']} of the rows are doubles; {compared if store['checked_at'] else 'not compared yet'}"
    )


def _parser(parser: Status, *, runs: bool) -> str:
    """Those of a contract that has ended are not read again: they are to be deleted."""
    version, older = parser["version"], parser["older_files"]
    what_to_do = " (sakimori logs reparse)" if runs else ""
    told = f"{older} files were read by an older one{what_to_do}" if older else "all files were read by it"
    return f"  parser version {version}: {told}"


def _why(gap: Status) -> str:
    return f"{gap['why']} {gap['door']}" if gap["door"] else f"{gap['why']} ({gap['count']})"


def _door(door: Status) -> str:
    lags = ", ".join(
        f"{name} {_span(lag['last'])} (p95 {_span(lag['p95'])})"
        for name, lag in (("source lag", door["source_lag"]), ("our lag", door["our_lag"]))
        if lag
    )
    failing = f"; {door['failures']} failures, next try {_clock(door['next_try_at'])}: {door['error']}"
    return (
        f"  {door['door']}: {door['files']} files, last {_clock(door['last_file_at'])}{', ' if lags else ''}{lags}"
        f"{failing if door['failures'] else ''}"
        f"{'; left out: ' + door['left_out'] if door['left_out'] else ''}"
        f"{'; no index since ' + _clock(door['index_missing_since']) if door['index_missing_since'] else ''}"
    )


def _clock(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(JST):%Y-%m-%d %H:%M:%S} JST" if moment else "-"


def _span(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s" if rest >= 60 else f"{rest} s"

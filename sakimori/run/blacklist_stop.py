"""`sakimori blacklist stop` and `go`: the stop switch (`blacklist/stop.py`) in the shell, for when no page opens."""

import argparse
import getpass
import sys
from dataclasses import dataclass

from django.db import DatabaseError

from sakimori.blacklist import stop
from sakimori.lib.jst import utc_now, written

_NAME = "運用コマンド"


@dataclass(slots=True)
class Turn:
    """One way to turn the switch."""

    HELP: str
    on: bool

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--reason TEXT`."""
        parser.add_argument("--reason", required=True, help="why; it is shown on every page of the desk and kept")

    def run(self, arguments: argparse.Namespace) -> int:
        """Turn it and say how it stands. Returns 0, also when it stood so already; 2 without a reason."""
        reason = arguments.reason.strip()
        if not reason:
            print("--reason must not be empty.", file=sys.stderr)
            return 2
        turn = stop.stop if self.on else stop.go
        try:
            turned = turn(by=stop.Hand(_person(), _NAME), reason=reason, now=utc_now())
            current = stop.current()
        except DatabaseError as error:
            print(
                f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})",
                file=sys.stderr,
            )
            return 1
        if current is None:
            print("Blocks are made and written again." if turned else "Nothing was stopped.")
        else:
            print(f"Nothing is put on any list since {written(current.since)} ({current.reason}).")
        return 0


TURNS = {
    "stop": Turn("nothing is put on any list any more; what is asked to come off still does", on=True),
    "go": Turn("decide and write as usual again; approved blocks that waited are written", on=False),
}


def _person() -> str:
    """Who runs the shell, as the machine knows him."""
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):
        return "shell"

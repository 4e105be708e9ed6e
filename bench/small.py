"""`./run bench small`: processor time of a small file from the spool to rows and ledger, stored together and alone."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.doors import environment


def measure_small(arguments: Sequence[str]) -> dict[str, object]:
    """Files of a hundred lines from so many contracts."""
    parser = argparse.ArgumentParser(prog="./run bench small")
    parser.add_argument("--contracts", type=int, default=50)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as name:
        command = [sys.executable, "-m", "bench.small_files", str(given.contracts)]
        told = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, stdout=subprocess.PIPE, env=environment(Path(name)), text=True, check=True
        )
    return {"contracts": given.contracts, **json.loads(told.stdout)}

"""`sakimori probe`: looks at a page once, as an incident would, or serves as a second vantage point. No database.

Exit codes: 0 normal, 1 not displayed or extremely slow, 2 inconclusive, or the call or a setting is wrong.
"""

import argparse
import atexit
import os
import shutil
import tempfile
from importlib import import_module

from sakimori.run.cli import ready

HELP = "look at a page and print the verdict, or serve as a second vantage point"
SERVE = "serve"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`URL` with what is expected of it, or the word `serve`."""
    parser.add_argument("page", metavar="URL|serve", help="the page to look at; or serve: visit pages for others")
    parser.add_argument("--text", default="", help="a text that must appear on the page")
    parser.add_argument("--origin", default="", metavar="ADDRESS", help="look straight at the origin as well")
    parser.add_argument("--screenshot", default="", metavar="FILE", help="keep a picture of the page (PNG)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(arguments: argparse.Namespace) -> int:
    """Look, or serve. Returns the exit code."""
    _fill_in_what_is_not_needed()
    if not ready():
        return 2
    if arguments.page == SERVE:
        code: int = import_module("sakimori.run.probe_server").serve()
    else:
        code = import_module("sakimori.run.probe_shell").look(arguments)
    return code


def _fill_in_what_is_not_needed() -> None:
    """Settings that a whole installation must have and that no visit uses."""
    if not {"SAKIMORI_DATA", "SAKIMORI_DATA_FILE"} & set(os.environ):
        folder = tempfile.mkdtemp(prefix="sakimori-probe-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["SAKIMORI_DATA"] = folder
    for name, value in (
        ("SAKIMORI_BASE_URL", "https://localhost"),
        ("SAKIMORI_MAIL_URL", "smtps://localhost"),
        ("SAKIMORI_MAIL_FROM", "soc@localhost"),
        ("SAKIMORI_SOC_PHONE", "-"),
    ):
        if f"{name}_FILE" not in os.environ:
            os.environ.setdefault(name, value)

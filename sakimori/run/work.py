"""`sakimori work`: only the duties. As many of these as wished may run, on one PostgreSQL and one ClickHouse."""

import argparse

from django.conf import settings

from sakimori import backends
from sakimori.lib.memory import settle_in
from sakimori.run.control_pages import warn
from sakimori.run.duties import all_duties
from sakimori.run.loops import Loops
from sakimori.run.prepare import prepare
from sakimori.run.serving import wait_for_signal

HELP = "only the duties"
_STOP_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Work until asked to stop."""
    warn(settings.CONFIG)
    prepare()
    loops = Loops(all_duties())
    settle_in()
    door = backends.store_door()
    if door:
        door.start()
    loops.start()
    print("Duties are running.", flush=True)
    wait_for_signal()
    if door:
        door.stop()
    loops.stop(timeout_seconds=_STOP_SECONDS)
    backends.log_store().close()
    return 0

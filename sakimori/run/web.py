"""`sakimori web`: only the pages. The log store must be a server, for chDB allows one process per folder."""

import argparse

from django.conf import settings

from sakimori.run.serving import PagesServer, wait_for_signal

HELP = "only the pages"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Serve until asked to stop."""
    server = PagesServer()
    server.start()
    print(f"Pages are ready: {settings.CONFIG.base_url}", flush=True)
    wait_for_signal()
    server.stop()
    return 0

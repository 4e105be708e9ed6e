"""`sakimori receive`: only the doors that logs are pushed through."""

import argparse
import sys

from django.conf import settings

from sakimori.run.collector import CollectorServer
from sakimori.run.serving import wait_for_signal

HELP = "only the doors that logs are pushed through"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Receive until asked to stop."""
    if settings.CONFIG.hec_listen is None:
        print("The setting SAKIMORI_HEC_LISTEN is missing: without it there is no door to open.", file=sys.stderr)
        return 2
    server = CollectorServer(*settings.CONFIG.hec_listen)
    server.start()
    print("The collector is listening.", flush=True)
    wait_for_signal()
    server.stop()
    return 0

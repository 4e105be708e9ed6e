"""`sakimori up`: pages, doors and duties in one process."""

import argparse
import os
import threading
from collections.abc import Iterable
from typing import Protocol

from django.conf import settings

from sakimori import backends
from sakimori.lib.memory import settle_in
from sakimori.run.collector import CollectorServer
from sakimori.run.control_pages import warn
from sakimori.run.duties import all_duties
from sakimori.run.loops import Loops
from sakimori.run.mail_door import MailDoor
from sakimori.run.prepare import prepare
from sakimori.run.serving import PagesServer, wait_for_signal
from sakimori.run.syslog import SyslogServer

HELP = "everything in one process: pages, doors and duties"
_STOP_SECONDS = 15.0


class Server(Protocol):
    """Something that can be started and stopped."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Start everything and wait for the signal to stop."""
    warn(settings.CONFIG)
    running = start()
    print(f"Sakimori is ready: {settings.CONFIG.base_url}", flush=True)
    wait_for_signal()
    print("Stopping ...", flush=True)
    running.stop()
    return 0


class Running:
    """The parts of a running installation."""

    def __init__(self, servers: Iterable[Server], loops: Loops) -> None:
        self._servers = list(servers)
        self._loops = loops

    def start(self) -> None:
        """Start the parts."""
        for server in self._servers:
            server.start()
        self._loops.start()

    def stop(self) -> None:
        """Stop the doors first, then let every duty finish what it is at, then close the log store."""
        for server in self._servers:
            server.stop()
        self._loops.stop(timeout_seconds=_STOP_SECONDS)
        _last_resort()
        backends.log_store().close()


def start() -> Running:
    """Prepare the stores and start everything that the settings ask for."""
    prepare()
    servers: list[Server] = [PagesServer()]
    if settings.CONFIG.hec_listen:
        servers.append(CollectorServer(*settings.CONFIG.hec_listen))
    if settings.CONFIG.syslog_listen:
        servers.append(SyslogServer(*settings.CONFIG.syslog_listen))
    if settings.CONFIG.smtp_listen:
        servers.append(MailDoor(*settings.CONFIG.smtp_listen))
    if door := backends.store_door():
        servers.append(door)
    running = Running(servers, Loops(all_duties()))
    settle_in()
    running.start()
    return running


def _last_resort() -> None:
    """A part that hangs must not keep the process: every row survives a hard end."""
    timer = threading.Timer(_STOP_SECONDS, os._exit, args=(1,))
    timer.daemon = True
    timer.start()

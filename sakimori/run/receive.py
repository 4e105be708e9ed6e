"""`sakimori receive`: only the doors that logs and mails are pushed through."""

import argparse
import sys

from django.conf import settings

from sakimori.run.collector import CollectorServer
from sakimori.run.mail_door import MailDoor
from sakimori.run.serving import wait_for_signal
from sakimori.run.syslog import SyslogServer

HELP = "only the doors that logs are pushed through"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Receive until asked to stop."""
    config = settings.CONFIG
    if config.hec_listen is None and config.syslog_listen is None and config.smtp_listen is None:
        print(
            "The settings SAKIMORI_HEC_LISTEN, SAKIMORI_SYSLOG_LISTEN and SAKIMORI_SMTP_LISTEN are missing: "
            "without them there is no door to open.",
            file=sys.stderr,
        )
        return 2
    servers: list[CollectorServer | SyslogServer | MailDoor] = [
        *([CollectorServer(*config.hec_listen)] if config.hec_listen else []),
        *([SyslogServer(*config.syslog_listen)] if config.syslog_listen else []),
        *([MailDoor(*config.smtp_listen)] if config.smtp_listen else []),
    ]
    for server in servers:
        server.start()
    print("The doors are open.", flush=True)
    wait_for_signal()
    for server in servers:
        server.stop()
    return 0

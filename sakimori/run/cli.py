"""The command line tool: finds the command, prepares what it needs, runs it.

A command is a module with `HELP`, `add_arguments(parser)` and `run(arguments) -> exit code`. Exit codes: 0 done,
1 something was found wrong, 2 the call or a setting is wrong.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Protocol

import django
import structlog

from sakimori.lib.config import SettingError, read


class Command(Protocol):
    """What a command's module offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which arguments the command takes."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it. Returns the exit code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives. `settings`: it works on an installation, so the settings must be right."""

    module: str
    help: str
    settings: bool = True


COMMANDS = {
    "up": Entry("sakimori.run.up", "everything in one process: pages, doors and duties"),
    "web": Entry("sakimori.run.web", "only the pages"),
    "work": Entry("sakimori.run.work", "only the duties"),
    "receive": Entry("sakimori.run.receive", "only the doors that logs are pushed through"),
    "logs": Entry("sakimori.run.logs", "read and import log files, seek in the store, check it", settings=False),
    "blacklist": Entry("sakimori.run.blacklist", "stop and go on putting addresses on lists; try a changed policy"),
    "doctor": Entry("sakimori.run.doctor", "check settings, stores, mail, phone, duty roster, contacts and vendor"),
    "person": Entry("sakimori.run.person", "make somebody of the SOC's desk, give him a new password, or stop him"),
    "probe": Entry("sakimori.run.probe", "look at a page and print the verdict, or do it for others", settings=False),
    "exercise": Entry("sakimori.run.exercise", "play a DDoS for a sandbox customer, mails and phones included"),
    "demo": Entry("sakimori.run.demo.command", "everything with simulators, on this machine only", settings=False),
}


_STAND_INS = {
    "SAKIMORI_BASE_URL": "https://portal.example.jp",
    "SAKIMORI_MAIL_URL": "smtp://mail.example.jp",
    "SAKIMORI_MAIL_FROM": "soc@example.jp",
    "SAKIMORI_SOC_PHONE": "03-0000-0000",
}


def main() -> int:
    """The process: what its arguments name, with its log on stderr. Returns the exit code."""
    configure_logging()
    return run_command(sys.argv[1:])


def run_command(given: Sequence[str]) -> int:
    """Run the command that the arguments name. Returns the exit code. The process's log is left as it is."""
    name = next((word for word in given if not word.startswith("-")), "")
    parser, chosen = _parser(name)
    if chosen is None:
        parser.parse_args(given)
        parser.print_help()
        return 2
    try:
        return _run(chosen, parser, given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print("The setting SAKIMORI_LISTEN or SAKIMORI_HEC_LISTEN names a port that is in use.", file=sys.stderr)
        return 2


def _parser(name: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser | None]:
    """The tool's parser, and the one of the named command."""
    parser = argparse.ArgumentParser(prog="sakimori", description="Sakimori: a managed web site protection service.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    made = {key: commands.add_parser(key, help=entry.help) for key, entry in COMMANDS.items()}
    chosen = made.get(name)
    if chosen is not None:
        chosen.set_defaults(command=name)
    return parser, chosen


def _run(chosen: argparse.ArgumentParser, parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    name = str(chosen.get_default("command"))
    entry = COMMANDS[name]
    if not entry.settings:
        return _call(entry, chosen, parser, given)
    if {"-h", "--help"} & set(given):
        with TemporaryDirectory(prefix="sakimori-help-") as folder:
            _stand_in(folder)
            return _call(entry, chosen, parser, given)
    return _call(entry, chosen, parser, given) if ready() else 2


def _call(entry: Entry, chosen: argparse.ArgumentParser, parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    command: Command = import_module(entry.module)
    command.add_arguments(chosen)
    return command.run(parser.parse_args(given))


def ready() -> bool:
    """Prepare what works on an installation. False, after one sentence on stderr, when a setting is wrong."""
    try:
        read(os.environ)
    except SettingError as error:
        print(error, file=sys.stderr)
        return False
    set_up_django()
    return True


def _stand_in(folder: str) -> None:
    """Whoever asks for help may have no settings yet, or wrong ones: this process uses stand-ins and opens nothing."""
    for name in [name for name in os.environ if name.startswith(("SAKIMORI_", "DATABASE_URL", "LOGSTORE_URL"))]:
        del os.environ[name]
    os.environ.update(_STAND_INS, SAKIMORI_DATA=folder)
    set_up_django()


def set_up_django() -> None:
    """Load the settings and the rooms' models. The settings must be right: a wrong one ends the process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sakimori.settings")
    django.setup()


def configure_logging() -> None:
    """One JSON object per line on stderr, so that no text of a visitor can forge an entry."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )

"""`sakimori blacklist`: what an operator does with the blacklists in the shell. Each action has its own module."""

import argparse
from collections.abc import Mapping

from sakimori.run import blacklist_stop
from sakimori.run.cli import Command

HELP = "keep everything off every blacklist (stop), or let it run again (go)"
_MODULES: Mapping[str, Command] = {"stop": blacklist_stop.STOP, "go": blacklist_stop.GO}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`stop --reason TEXT`, `go --reason TEXT`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for name, module in _MODULES.items():
        module.add_arguments(actions.add_parser(name, help=module.HELP))


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says. Returns its exit code."""
    return _MODULES[arguments.action].run(arguments)

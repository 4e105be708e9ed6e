"""`sakimori blacklist`: what an operator does with the blacklists in the shell. Each action has its own module."""

import argparse

from sakimori.run.blacklist_stop import TURNS

HELP = "keep everything off every blacklist (stop), or let it run again (go)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`stop --reason TEXT`, `go --reason TEXT`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for name, turn in TURNS.items():
        turn.add_arguments(actions.add_parser(name, help=turn.HELP))


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says. Returns its exit code."""
    return TURNS[arguments.action].run(arguments)

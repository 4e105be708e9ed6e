"""`sakimori blacklist ACTION`: keep everything off every blacklist, let it run again, or try a changed policy."""

import argparse

from sakimori.run import blacklist_replay
from sakimori.run.blacklist_stop import TURNS

HELP = (
    "keep everything off every blacklist (stop), let it run again (go), try a changed policy on the stored log (replay)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`replay`, `stop --reason TEXT`, `go --reason TEXT`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    blacklist_replay.add_arguments(actions.add_parser("replay", help=blacklist_replay.HELP))
    for name, turn in TURNS.items():
        turn.add_arguments(actions.add_parser(name, help=turn.HELP))


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says. Returns its exit code."""
    return TURNS[arguments.action].run(arguments) if arguments.action in TURNS else blacklist_replay.run(arguments)

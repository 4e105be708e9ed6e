"""`sakimori blacklist`: what an operator does with the blacklists in the shell. Each action has its own module."""

import argparse

from sakimori.run import blacklist_replay

HELP = "try a changed policy on the stored log (replay)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`replay`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    blacklist_replay.add_arguments(actions.add_parser("replay", help=blacklist_replay.HELP))


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says. Returns its exit code."""
    return blacklist_replay.run(arguments)

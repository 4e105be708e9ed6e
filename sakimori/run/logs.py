"""`sakimori logs`: what an operator does with logs in the shell.

`parse FILE` reads a vendor log file, or bare lines, and prints one JSON object per event. Other actions have their own
modules.
"""

import argparse
import sys
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.lib.rsa_keys import read_rsa_key
from sakimori.logs.printing import event_as_json
from sakimori.logs.read_file import BadLine, read_events
from sakimori.logs.unpack import UnreadableFile
from sakimori.run import logs_search, logs_status, logs_verify
from sakimori.run.cli import Command, ready

HELP = (
    "read log files (parse), import them (import), read stored ones again (reparse), seek (search), check the chain"
    " (verify), tell how it goes (status)"
)
_PROGRESS_EVERY = 100_000
_WITH_MODELS = {"import": "sakimori.run.log_import", "reparse": "sakimori.run.log_reparse"}
_MODULES: Mapping[str, Command] = {"search": logs_search, "status": logs_status, "verify": logs_verify}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`parse FILE [--key ID=PEM]`, `import --contract NUMBER FILE...`, `reparse`, `search`, `status`, `verify`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    parse = actions.add_parser("parse", help="print one JSON object per event")
    parse.add_argument("file", type=Path, help="a vendor log file or bare lines, in any supported format")
    parse.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="ID=PEM",
        help="private key file for log files encrypted with the public key of this number",
    )
    for name, module in _MODULES.items():
        module.add_arguments(actions.add_parser(name, help=module.HELP))
    _add_import(actions)
    _add_reparse(actions)


def _add_import(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    importing = actions.add_parser("import", help="store files of a contract; what is in them blocks and tells nobody")
    importing.add_argument("--contract", required=True, metavar="NUMBER", help="the contract that the files belong to")
    importing.add_argument("--name", default="stdin", help="what the ledger calls the content of standard input (-)")
    importing.add_argument("--no-wait", action="store_true", help="end when the files are in spool and ledger")
    importing.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="log files or bare lines, plain, compressed or encrypted; folders, wildcards, or - for standard input",
    )


def _add_reparse(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reparse = actions.add_parser(
        "reparse",
        help="make the rows of stored files anew, as the parser of today reads them",
        description="Reads stored files again, by default all that an older parser version has read, and puts the new"
        " rows in the place of the old. Nothing is blocked, mailed or called because of it. Files of which other lines"
        " would be rows are left alone. The running process does it, behind new files; without one this command does.",
    )
    reparse.add_argument("--contract", default="", metavar="NUMBER", help="only files of this contract")
    for name, words in (("from", "from this Japanese day on"), ("to", "until this Japanese day")):
        reparse.add_argument(
            f"--{name}",
            dest=f"{name}_day",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help=f"only files with events {words}",
        )
    reparse.add_argument("--again", action="store_true", help="also files that this parser version has read already")
    what = reparse.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="tell how many files and rows it is about; change nothing")
    what.add_argument("--no-wait", action="store_true", help="ask for it, and end; the running process does it")
    what.add_argument("--stop", action="store_true", help="begin no further files of what is being read again")


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says. Returns its exit code."""
    if arguments.action in _WITH_MODELS:
        # They need settings and models, which `parse` does without.
        return import_module(_WITH_MODELS[arguments.action]).run(arguments) if ready() else 2
    module = _MODULES.get(arguments.action)
    return module.run(arguments) if module else _parse(arguments)


def _parse(arguments: argparse.Namespace) -> int:
    """Print events to stdout and unreadable lines to stderr. Returns 1 when anything was unreadable."""
    try:
        keys = dict(_key(text) for text in arguments.key)
    except (ValueError, OSError) as error:
        print(f"--key: {error}", file=sys.stderr)
        return 2
    try:
        return _print_events(arguments.file, keys)
    except UnreadableFile as error:
        print(f"{arguments.file}: unreadable ({error.reason.value}): {error.reason.sentence}", file=sys.stderr)
    except OSError as error:
        print(f"{arguments.file}: {error.strerror}", file=sys.stderr)
    return 1


def _print_events(path: Path, keys: dict[int, RSAPrivateKey]) -> int:
    bad = 0
    for number, item in enumerate(read_events(path, private_keys=keys), start=1):
        if isinstance(item, BadLine):
            bad += 1
            print(f"{path}: line {item.line_no}: {item.reason.value}: {item.reason.sentence}", file=sys.stderr)
        else:
            print(event_as_json(item))
        if number % _PROGRESS_EVERY == 0 and sys.stderr.isatty():
            print(f"{number:,} lines ...", file=sys.stderr)
    sys.stdout.flush()
    return 1 if bad else 0


def _key(text: str) -> tuple[int, RSAPrivateKey]:
    number, equals, path = text.partition("=")
    if not equals or not number.isdecimal():
        raise ValueError(f"{text!r} is not of the form ID=FILE")
    return int(number), read_rsa_key(Path(path).read_bytes())

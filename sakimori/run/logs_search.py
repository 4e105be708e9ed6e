"""`sakimori logs search CONTRACT`: seek in the log store from the shell, by what the log page seeks by.

Works on an installation, so it reads the settings itself: the other actions of `logs` need none. What was sought is
recorded like a reading at the SOC's desk.
"""

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sakimori.lib.config import SettingError, read
from sakimori.lib.defang import visible
from sakimori.lib.jst import JST, milliseconds, utc_now
from sakimori.logs import periods
from sakimori.logs.condition import LogQuery
from sakimori.logs.filters import By, Filter, WrongValue, filter_of
from sakimori.logs.printing import row_as_json
from sakimori.logs.search import Row, count, walk
from sakimori.logs.search_address import read_moment
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.run.cli import set_up_django

HELP = "seek in the log store"
_FORMATS = ("json", "table", "count")
_OLDEST = datetime(2000, 1, 1, tzinfo=JST)


class WrongCallError(Exception):
    """An argument cannot be understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """CONTRACT, a period, two options for each kind of filter, `--format` and `--limit`."""
    parser.add_argument("contract", metavar="CONTRACT", help="number of the contract")
    parser.add_argument("--period", choices=list(periods.USUAL), help=f"a usual period (default: {periods.DEFAULT})")
    for name in ("begins", "ends"):
        parser.add_argument(f"--{name}", metavar="MOMENT", help="in Japan Standard Time, such as 2026-11-25T09:30")
    for by in By:
        for prefix, what in (("", "only events with this"), ("not-", "only events without this")):
            name = f"--{prefix}{by}"
            parser.add_argument(name, action="append", default=[], metavar="VALUE", help=f"{what}; may be repeated")
    parser.add_argument(
        "--format", choices=_FORMATS, default="json", help="JSON lines (default), a table, or the count"
    )
    parser.add_argument(
        "--limit", type=_number, metavar="N", help="stop after N events, the oldest first (default: all)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was found. Returns 1 when the store cannot be asked, 2 for a wrong call or setting."""
    try:
        begins, ends = _period(arguments, now=utc_now())
        filters = frozenset(_filters(arguments))
        read(os.environ)
    except (WrongCallError, SettingError) as error:
        print(error, file=sys.stderr)
        return 2
    set_up_django()
    return _search(arguments, LogQuery(0, begins, ends, filters))


def _search(arguments: argparse.Namespace, query: LogQuery) -> int:
    # Rows need Django's settings, which only now are known.
    from django.db import DatabaseError  # noqa: PLC0415

    from sakimori import backends  # noqa: PLC0415
    from sakimori.logs.actions import note_shell_reading  # noqa: PLC0415
    from sakimori.logs.queries import contracts_with_log  # noqa: PLC0415

    try:
        store = backends.store_to_read()
        contract = contracts_with_log().filter(number=arguments.contract).first()
        if contract is None:
            print(f"There is no contract {arguments.contract!r}.", file=sys.stderr)
            return 2
        query = LogQuery(contract.pk, query.begins, query.ends, query.filters)
        note_shell_reading(contract, query, by=_person(), now=utc_now())
        _print(store, query, form=arguments.format, limit=arguments.limit)
    except StoreError as error:
        print(f"Nothing was searched: {error}.", file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1
    return 0


def _number(text: str) -> int:
    """For argparse, which makes a sentence of the error."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


def _period(arguments: argparse.Namespace, *, now: datetime) -> periods.Span:
    if arguments.period and (arguments.begins or arguments.ends):
        raise WrongCallError("--period goes without --begins and --ends.")
    begins, ends = periods.usual(arguments.period or periods.DEFAULT, now=now, oldest=_OLDEST)
    begins, ends = _moment(arguments.begins, "--begins") or begins, _moment(arguments.ends, "--ends") or ends
    if begins >= ends:
        raise WrongCallError("--begins must be before --ends.")
    return begins, ends


def _moment(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    moment = read_moment(text)
    if moment is None:
        raise WrongCallError(f"{name}: {text!r} is no moment such as 2026-11-25T09:30.")
    return moment


def _filters(arguments: argparse.Namespace) -> Iterator[Filter]:
    for by in By:
        for name, exclude in ((str(by), False), (f"not_{by}", True)):
            for text in getattr(arguments, name):
                try:
                    yield filter_of(by, text, exclude=exclude)
                except WrongValue:
                    raise WrongCallError(f"--{name.replace('_', '-')}: {text!r} cannot be sought.") from None


def _print(store: LogStore, query: LogQuery, *, form: str, limit: int | None) -> None:
    if form == "count":
        print(count(store, query))
    else:
        for row in islice(walk(store, query), limit):
            print(_table_line(row) if form == "table" else row_as_json(row))
    sys.stdout.flush()


def _table_line(row: Row) -> str:
    """One event in columns. A visitor typed parts of it: what could move the cursor is shown as a code."""
    moment = row["time"].astimezone(JST)
    query = f"?{row['query']}" if row["query"] else ""
    cells = (
        f"{moment:%Y-%m-%d %H:%M:%S}.{milliseconds(row['time']) % 1000:03}",
        f"{row['address'] or row['client_ip_text'] or '-':<39}",
        f"{row['country'] or '-':<2}",
        f"{row['attack_kind']:<23}",
        f"{row['outcome']:<10}",
        f"{row['method']} {row['url']}{query}",
    )
    return "  ".join(map(visible, cells))


def _person() -> str:
    """Who runs the shell, as the machine knows him."""
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):
        return "shell"

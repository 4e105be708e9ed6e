"""`sakimori exercise`: plays a DDoS for a sandbox customer, mails and phones included, and says how it went.

A running service (`sakimori up`) does the work; the command starts it, waits for its end, and prints the clocks.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping

from django.db import DatabaseError

from sakimori.accounts.models import User
from sakimori.incidents.actions import NotPossible
from sakimori.incidents.clocks import passed, read
from sakimori.incidents.course import Exercise
from sakimori.incidents.exercise import FASTEST, exercises, start_exercise
from sakimori.incidents.opening import NotASandbox
from sakimori.incidents.sandbox import sandbox_sites
from sakimori.incidents.scenario import INVENTED
from sakimori.incidents.telling import clocks_of
from sakimori.lib.jst import utc_now

HELP = "play a DDoS for a sandbox customer, mails and phones included"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom, what, how fast, and whether to wait."""
    parser.add_argument("customer", nargs="?", default="", help="number of the sandbox customer; empty lists them")
    parser.add_argument("--scenario", choices=sorted(INVENTED), default="down", help="which course (default: down)")
    parser.add_argument("--speed", type=float, default=30.0, help=f"so many times as fast, 1 to {FASTEST:.0f}")
    parser.add_argument("--by", default="", help="login ID of the manager who is responsible")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="wait so long for its end")


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 when it was started (and passed, if waited for), 1 when it did not pass, 2 when it cannot be."""
    try:
        return _run(arguments)
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.customer:
        for each in sandbox_sites():
            print(f"{each.contract.customer.number}  {each.contract.customer.name}")
        return 0
    site = sandbox_sites().filter(contract__customer__number=arguments.customer).first()
    person = User.objects.filter(username=arguments.by, is_active=True).first()
    if site is None or person is None:
        what = "--by names no active person" if site else "there is no sandbox customer with this number"
        print(f"The exercise was not started: {what}.", file=sys.stderr)
        return 2
    try:
        row = start_exercise(site, INVENTED[arguments.scenario], speed=arguments.speed, by=person, now=utc_now())
    except (NotPossible, NotASandbox) as refusal:
        print(f"The exercise was not started: {refusal}", file=sys.stderr)
        return 2
    return _report(row, arguments.wait)


def _report(row: Exercise, seconds: float) -> int:
    limit = time.monotonic() + seconds
    while seconds and time.monotonic() < limit and not exercises().filter(pk=row.pk, next_at=None).exists():
        time.sleep(0.5)
    row = exercises().get(pk=row.pk)
    result = result_of(row)
    print(json.dumps(result, ensure_ascii=False))
    return 1 if seconds and not result["passed"] else 0


def result_of(row: Exercise) -> Mapping[str, object]:
    """What came of an exercise so far; seconds of each step."""
    readings = read(clocks_of([row.incident])[row.incident_id])
    took = {f"{each.step}_s": each.took.total_seconds() if each.took is not None else None for each in readings[1:]}
    ended = row.incident.ended_at is not None
    return {"exercise": row.pk, "ended": ended, "passed": ended and passed(readings), **took}

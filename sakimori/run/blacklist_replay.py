"""`sakimori blacklist replay`: the stored log of the last days against a changed policy, who would have been blocked.

Changes nothing. The page 遮断方針 of a contract (この設定で試す) does the same.
"""

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError

from sakimori import backends
from sakimori.blacklist.policies import note_trial, rules_for
from sakimori.blacklist.policy import Rules
from sakimori.blacklist.policy_text import WrongPolicy, as_data, read, with_kind
from sakimori.blacklist.replay import MOST_DAYS, Compared, Judged, Period, Totals, WhatIf, what_if
from sakimori.customers.models import Contract
from sakimori.lib.jst import JST, utc_now
from sakimori.logs.store.interface import StoreError

HELP = "judge the stored log by another policy, attacks by proxy included, without asking the DNS about crawlers"
_NOT_KNOWN = (
    "Not known: whom the DNS would have shown to be a crawler (some of the blocked might have been asked about or "
    "refused), and who of an attack by proxy came before it could be seen as one (they are counted as asked)."
)


class WrongCallError(Exception):
    """An argument cannot be understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A contract, a number of days, and what is otherwise than in the policy that holds."""
    parser.add_argument("--contract", required=True, metavar="NUMBER", help="number of the contract")
    parser.add_argument(
        "--days", type=_days, default=7, metavar="N", help=f"the last N days (1 to {MOST_DAYS}; default 7)"
    )
    parser.add_argument("--policy", type=Path, metavar="FILE", help="JSON: what differs from the policy that holds")
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND=MODE",
        help="such as sql_injection=ask or bad_bot=auto:30/5",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print who would have been blocked. Returns 1 when the store cannot be asked, 2 for a wrong call."""
    now = utc_now()
    try:
        contract = Contract.objects.select_related("customer").filter(number=arguments.contract).first()
        if contract is None:
            raise WrongCallError(f"There is no contract with the number {arguments.contract!r}.")
        current = rules_for(contract)
        changed = _changed(current, arguments)
        period = Period(now - timedelta(days=arguments.days), now)
        store = backends.store_to_read()
        note_trial(contract, days=arguments.days, by=_person(), now=now)
        answer = what_if(contract, current, changed, period, store=store)
    except (WrongCallError, WrongPolicy) as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"Nothing was replayed: {error}.", file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1
    print(json.dumps(_as_json(contract, changed, answer), ensure_ascii=False) if arguments.json else _as_text(answer))
    return 0


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_DAYS}")
    return int(text)


def _changed(current: Rules, arguments: argparse.Namespace) -> Rules:
    changed = current
    if arguments.policy is not None:
        try:
            changed = read(json.loads(arguments.policy.read_text("utf-8")), current)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise WrongCallError(f"The policy cannot be read: {error}") from None
    for text in arguments.kind:
        changed = with_kind(changed, text)
    return changed


def _as_json(contract: Contract, changed: Rules, answer: WhatIf) -> dict[str, object]:
    return {
        "contract": contract.number,
        "begins": answer.period.begins.isoformat(),
        "ends": answer.period.ends.isoformat(),
        "is_cut": answer.is_cut,
        "proxies_since": answer.proxies_since.isoformat() if answer.proxies_since else None,
        "policy": as_data(changed),
        "current": asdict(answer.now),
        "changed": asdict(answer.then),
        "addresses": [
            {
                "address": row.address,
                "good_requests": row.good_requests,
                "current": _judged(row.now),
                "changed": _judged(row.then),
            }
            for row in answer.rows
        ],
        "total": answer.total,
        "differing": answer.differing,
    }


def _judged(judged: Judged | None) -> dict[str, object] | None:
    if judged is None:
        return None
    return {
        **asdict(judged),
        "outcome": judged.outcome.value,
        "at": judged.at.isoformat(),
        "reason": str(judged.reason),
    }


def _as_text(answer: WhatIf) -> str:
    lines = [_sum("current policy", answer.now), _sum("changed policy", answer.then), ""]
    lines += [_line(row) for row in answer.rows]
    if answer.total > len(answer.rows):
        lines.append(f"... and {answer.total - len(answer.rows)} more addresses")
    if answer.is_cut:
        lines.append(f"Too many addresses: only what came up until {answer.period.ends.isoformat()} was judged.")
    lines.append(f"{answer.total} addresses, {answer.differing} of them different")
    if answer.proxies_since:
        lines.append(f"Too many lines: attacks by proxy were sought from {answer.proxies_since.isoformat()} on only.")
    lines.append(_NOT_KNOWN)
    return "\n".join(lines)


def _sum(name: str, totals: Totals) -> str:
    return f"{name}: {totals.blocked} blocked, {totals.asked} asked, {totals.refused} refused"


def _line(row: Compared) -> str:
    shown = row.then or row.now
    assert shown is not None  # noqa: S101 - a row is made of at least one of them
    good = "unknown" if row.good_requests is None else str(row.good_requests)
    both = f"{_word(row.now)} -> {_word(row.then)}" if row.differs else _word(row.then)
    at = shown.at.astimezone(JST)
    return f"{row.address:<39}  {both:<20}  {at:%Y-%m-%d %H:%M:%S}  {shown.kind:<23}  good: {good}"


def _word(judged: Judged | None) -> str:
    return judged.outcome.value if judged else "observe"


def _person() -> str:
    """Who runs the shell, as the machine knows him."""
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):
        return "shell"

"""`sakimori doctor`: looks at everything the service leans on, once; one sentence each for what is wrong."""

import argparse
from collections.abc import Iterator
from functools import partial

from django.db import DatabaseError

from sakimori import backends
from sakimori.customers.models import Customer, VendorAccount
from sakimori.run.examination import Finding, look, look_at_house
from sakimori.waf.interface import WafMissing

HELP = "check settings, stores, mail, phone, duty roster, contacts and vendor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Print one line per thing looked at. Returns 1 when anything is wrong; a warning (`??`) is not."""
    troubled = False
    for found in examine():
        mark = "ok" if not found.trouble else "??" if found.mild else "NG"
        print(f"{mark}  {found.what}{': ' if found.trouble else ''}{found.trouble}", flush=True)
        troubled = troubled or mark == "NG"
    return 1 if troubled else 0


def examine() -> Iterator[Finding]:
    """Look at one thing after the other. Settings were read before: wrong ones never get here."""
    yield Finding("settings")
    yield from look_at_house()
    try:
        accounts = list(VendorAccount.objects.select_related("contract"))
        has_customers = Customer.objects.exists()
    except DatabaseError:
        return
    if not has_customers:
        yield Finding("customers", "there is no customer yet, so there is nothing to protect.")
    for account in accounts:
        yield look(f"vendor API of contract {account.contract.number}", partial(_vendor, account))
        yield look(f"log pull of contract {account.contract.number}", partial(_logs, account))


def _vendor(account: VendorAccount) -> None:
    backends.waf_vendor(account).account()


def _logs(account: VendorAccount) -> None:
    if not account.log_base_url:
        raise ValueError("no log address is registered.")
    try:
        backends.waf_logs(account).log_index()
    except WafMissing:
        return  # A new configuration has no index until its first file exists.

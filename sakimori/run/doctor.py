"""`sakimori doctor`: looks at settings, stores, vendor credentials and mail; one sentence each for what is wrong."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from sakimori import backends
from sakimori.customers.models import Customer, VendorAccount
from sakimori.customers.queries import contacts_to_mail
from sakimori.lib.crypto import CannotOpen
from sakimori.logs.store.interface import StoreError
from sakimori.notify.interface import MailError
from sakimori.run.prepare import NotDurable, check_durability
from sakimori.waf.interface import WafError, WafMissing

HELP = "check settings, stores, vendor credentials and mail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what is wrong with it; `trouble` is empty when all is well."""

    what: str
    trouble: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Print one line per thing looked at. Returns 1 when anything is wrong."""
    troubled = False
    for found in examine():
        print(
            f"{'NG' if found.trouble else 'ok'}  {found.what}{': ' if found.trouble else ''}{found.trouble}", flush=True
        )
        troubled = troubled or bool(found.trouble)
    return 1 if troubled else 0


def examine() -> Iterator[Finding]:
    """Look at one thing after the other. Settings were read before: wrong ones never get here."""
    yield Finding("settings")
    yield _look("database", _database)
    yield _look("log store", lambda: backends.log_store().ping())
    yield _look("spool", lambda: backends.spool().check_writable())
    yield _look("mail", lambda: backends.mailer().check())
    try:
        accounts = list(VendorAccount.objects.select_related("contract"))
        customers = list(Customer.objects.order_by("number"))
    except DatabaseError:
        return
    if not customers:
        yield Finding("customers", "there is no customer yet, so there is nothing to protect.")
    for customer in customers:
        trouble = "" if contacts_to_mail(customer) else "has no contact, so nobody would be told."
        yield Finding(f"customer {customer.number}", trouble)
    for account in accounts:
        yield _look(f"vendor API of contract {account.contract.number}", partial(_vendor, account))
        yield _look(f"log pull of contract {account.contract.number}", partial(_logs, account))


def _look(what: str, check: Callable[[], object]) -> Finding:
    try:
        check()
    except (DatabaseError, StoreError, MailError, WafError, CannotOpen, NotDurable, OSError, ValueError) as error:
        return Finding(what, f"{error}".strip() or type(error).__name__)
    return Finding(what)


def _database() -> None:
    connection.ensure_connection()
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise ValueError(f"{len(waiting)} migrations are waiting; `sakimori up` or `sakimori work` applies them.")
    check_durability()


def _vendor(account: VendorAccount) -> None:
    backends.waf_vendor(account).account()


def _logs(account: VendorAccount) -> None:
    if not account.log_base_url:
        raise ValueError("no log address is registered.")
    try:
        backends.waf_logs(account).log_index()
    except WafMissing:
        return  # A new configuration has no index until its first file exists.

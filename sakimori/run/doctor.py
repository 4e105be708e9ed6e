"""`sakimori doctor`: looks at everything the service leans on, once; one sentence each for what is wrong."""

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from django.conf import settings
from django.db import DatabaseError

from sakimori import backends
from sakimori.customers.models import Customer, VendorAccount
from sakimori.incidents.beside import NotVisited
from sakimori.incidents.browsing import AUTO, OFF, browser_path
from sakimori.incidents.visit import Target
from sakimori.incidents.visitors import World
from sakimori.lib.jst import written
from sakimori.notify.models import InboxMark, Mailbox
from sakimori.run.control_pages import lacking
from sakimori.run.examination import Finding, look, look_at_house
from sakimori.run.incident_duties import visit_world
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
    yield from look_at_house(backends.store_to_read)
    yield from look_beside()
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


def look_beside() -> Iterator[Finding]:
    """What makes the proof better where it is set up, and what brings in mails. Without it everything works."""
    config, world = settings.CONFIG, visit_world()
    yield replace(look("control pages", _controls), mild=True)
    if config.browser not in (AUTO, OFF):
        yield replace(look("browser", partial(_browser, config.browser)), mild=True)
    if world.vantage is not None and world.controls:
        yield replace(look("second vantage point", partial(_elsewhere, world)), mild=True)
    for url, box in ((config.inbox_vendor_url, Mailbox.VENDOR), (config.inbox_bounces_url, Mailbox.BOUNCES)):
        if url:
            yield replace(look(f"inbox {box.value}", partial(_inbox, box)), mild=True)


def _controls() -> None:
    if sentences := list(lacking(settings.CONFIG)):
        raise ValueError(" ".join(sentences))


def _browser(path: str) -> None:
    if browser_path(path) is None:
        raise ValueError("Playwright is not installed: install the extra `browser`.")
    if not os.access(path, os.X_OK):
        raise ValueError("SAKIMORI_BROWSER names no program that can be run.")


def _elsewhere(world: World) -> None:
    if world.vantage is None:
        return
    try:
        world.vantage(Target(world.controls[0], whole=False), limits=world.limits, at=world.clock())
    except NotVisited as error:
        raise ValueError(str(error)) from error


def _inbox(box: Mailbox) -> None:
    """As the duty last found it: a second reader would disturb it."""
    mark = InboxMark.objects.filter(box=box, failing_since__isnull=False).first()
    if mark is not None and mark.failing_since is not None:
        raise ValueError(f"it cannot be read since {written(mark.failing_since)}: {mark.last_error}")


def _vendor(account: VendorAccount) -> None:
    backends.waf_vendor(account).account()


def _logs(account: VendorAccount) -> None:
    if not account.log_base_url:
        raise ValueError("no log address is registered.")
    try:
        backends.waf_logs(account).log_index()
    except WafMissing:
        return  # A new configuration has no index until its first file exists.

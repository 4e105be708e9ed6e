"""Brings database and log store to the schema of this version, before anything else starts."""

import os
from contextlib import AbstractContextManager

import structlog
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet

from sakimori import backends
from sakimori.lib.claims import Claimable, host_name, release_of_dead
from sakimori.lib.one_process import one_process
from sakimori.logs.reparse.working import complete_what_is_ready
from sakimori.logs.store.interface import StoreError
from sakimori.run.durability import check_durability
from sakimori.run.duties import reparse_house

_log = structlog.get_logger()


def prepare() -> None:
    """Migrate both stores and check that the database keeps what it acknowledges. Safe to run again; a process that
    comes meanwhile waits.
    """
    with nobody_else_prepares():
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        check_durability()
        free_claims_of_the_dead(me=os.getpid())
        _complete_reparse()
        backends.log_store().migrate()


def nobody_else_prepares() -> AbstractContextManager[None]:
    """Two that migrate a store at once would take its rows away from each other."""
    return one_process("prepare", database=connection, folder=settings.CONFIG.data)


def _complete_reparse() -> None:
    """Before the tables change: a copy of a day has the columns of the day. What fails is the duty's, which alarms."""
    try:
        complete_what_is_ready(reparse_house())
    except StoreError as error:
        _log.warning("reparse.not_completed", error=f"{type(error).__name__}: {error}"[:300])


def free_claims_of_the_dead(*, me: int) -> None:
    """A process that was killed left claims behind; nobody but it would have waited for their leases to end."""
    for model in apps.get_models():
        if issubclass(model, Claimable):
            rows: QuerySet[Claimable] = QuerySet(model)
            release_of_dead(rows, host=host_name(), is_alive=lambda number: _lives(number, me))


def _lives(number: int, me: int) -> bool:
    """Whether a process of this machine with that number runs. Our own number was somebody else's before us."""
    if number == me:
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

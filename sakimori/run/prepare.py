"""Brings database and log store to the schema of this version, before anything else starts."""

import os

from django.apps import apps
from django.core.management import call_command
from django.db.models import QuerySet

from sakimori import backends
from sakimori.lib.claims import Claimable, release_of_dead
from sakimori.run.durability import check_durability
from sakimori.run.duties import host_name


def prepare() -> None:
    """Migrate both stores and check that the database keeps what it acknowledges. Safe to run again."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    check_durability()
    free_claims_of_the_dead(me=os.getpid())
    backends.log_store().migrate()


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

"""Whether the database keeps what it acknowledges, also in a power cut."""

from django.conf import settings
from django.db import connection


class NotDurable(Exception):
    """The database would lose acknowledged rows in a power cut. The text is one sentence for the operator."""


def check_durability() -> None:
    """Raise NotDurable unless SQLite runs with WAL, synchronous=FULL and foreign keys."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        found = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _SQLITE]
    if found != list(_SQLITE.values()):
        raise NotDurable(f"SQLite in {settings.CONFIG.data} does not run with {_SQLITE}, but with {found}.")


_SQLITE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

"""A database of its own, for measuring what rows and the vendor's lists say: no pages, no doors, no process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from bench.doors import environment


@contextmanager
def throw_away_database() -> Iterator[None]:
    """Configures Django, once in a process, over an empty database that goes with it. Durability is not measured."""
    with tempfile.TemporaryDirectory(prefix="sakimori-bench-") as folder:
        os.environ.update(environment(Path(folder)), SAKIMORI_ALLOW_DOCUMENTATION="1", DATABASE_URL="")
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415 - Django is configured only now
        from django.db import connection  # noqa: PLC0415

        connection.cursor().execute("PRAGMA synchronous=OFF")
        call_command("migrate", verbosity=0)
        yield
        connection.close()


def measure_histories(number: int = 1000, first: int = 0) -> dict[str, float]:
    """Random histories, half of them with each kind of list; how many ended wrong and what they cost.

    first: the seed of the first; the others follow.
    """
    with throw_away_database():
        from bench.histories import play  # noqa: PLC0415 - needs a configured Django
        from bench.history_judge import Wrong  # noqa: PLC0415
        from sakimori.simulators.spec import BlacklistMode  # noqa: PLC0415

        wrong: list[str] = []
        calls = 0
        for seed in range(first, first + number):
            mode = list(BlacklistMode)[seed % 2]
            try:
                calls += play(seed, mode)
            except Wrong as error:
                wrong.append(str(error))
    for sentence in wrong[:5]:
        print(sentence)
    return {"histories": number, "first_seed": first, "histories_wrong": len(wrong), "vendor_calls": calls}


def measure_storm(number: int = 10_000) -> dict[str, float]:
    """So many blocks that are due at once."""
    with throw_away_database():
        from bench.storm import apply_storm  # noqa: PLC0415 - needs a configured Django

        return apply_storm(number)


def measure_settling(number: int = 1000) -> dict[str, float]:
    """What it costs to write down visits of quiet times; see `settling.py`."""
    with throw_away_database():
        from bench.settling import settle_visits  # noqa: PLC0415 - needs a configured Django

        return settle_visits(number, in_a_round=17)

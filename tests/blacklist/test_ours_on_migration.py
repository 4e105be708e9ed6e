"""The upgrade that tells list by list which entries are ours, over a database as it was before (migration 0070)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

BEFORE, AFTER = ("blacklist", "0060_written_to"), ("blacklist", "0070_ours_on")
NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
OLD = "before_the_upgrade"


@pytest.fixture
def old(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[MigrationExecutor]:
    """A database of its own in which everything is as of the migration before."""
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "old.db"), "OPTIONS": {}}
    connections.settings[OLD] = {**connections.settings["default"], **engine}
    with django_db_blocker.unblock():
        executor = MigrationExecutor(connections[OLD])
        executor.migrate([BEFORE])
        executor.loader.build_graph()
        yield executor
        connections[OLD].close()
    del connections[OLD], connections.settings[OLD]


def apps_at(executor: MigrationExecutor, state: tuple[str, str]) -> Any:
    return executor.loader.project_state([state]).apps


def test_ownership_is_told_by_list_as_far_as_it_was_known(old: MigrationExecutor) -> None:
    apps = apps_at(old, BEFORE)
    customer = apps.get_model("customers", "Customer").objects.using(OLD).create(number="C", name="x", created_at=NOW)
    contracts = apps.get_model("customers", "Contract").objects.using(OLD)
    contract = contracts.create(customer=customer, number="K", starts_on=NOW.date())
    blocks = apps.get_model("blacklist", "Block").objects.using(OLD)
    told: dict[str, tuple[dict[str, object], list[int] | None]] = {
        "198.51.100.1": ({"was_there_before": True, "written_at": NOW}, []),
        "198.51.100.2": ({"written_at": NOW, "written_to": [11, 12]}, [11, 12]),
        "198.51.100.3": ({"written_at": NOW, "written_to": [0]}, None),
        "198.51.100.4": ({"written_at": NOW, "written_to": []}, None),
        "198.51.100.5": ({"written_to": [11]}, None),
        "198.51.100.6": ({"was_there_before": True, "written_at": NOW, "written_to": [11]}, []),
    }
    for address, (columns, _) in told.items():
        blocks.create(
            contract=contract,
            address=address,
            state="active",
            reason="approved",
            proposed_at=NOW,
            next_try_at=NOW,
            **columns,
        )
    old.migrate([AFTER])
    after = apps_at(old, AFTER).get_model("blacklist", "Block").objects.using(OLD)
    found = dict(after.values_list("address", "ours_on"))
    assert found == {address: expected for address, (_, expected) in told.items()}

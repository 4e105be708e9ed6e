"""A contract with the option whose files are stored, and what makes bundles of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from sakimori.accounts.models import User
from sakimori.customers import files
from sakimori.customers.models import Contract, MemberRole
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports import actions
from sakimori.logs.exports.duties import House, make_due
from sakimori.logs.filters import Filter
from sakimori.logs.models import Export, ExportForm
from sakimori.logs.store.interface import LogStore
from tests.lines import cef, log_file
from tests.logs.test_ingest import Intake, intake
from tests.people import make_member

__all__ = ["intake"]


@dataclass
class Desk:
    """Alice of the contract's customer, who asks for exports, and the duty that makes them."""

    intake: Intake
    alice: User
    with_originals: bool = False

    @property
    def contract(self) -> Contract:
        return self.intake.contract

    def store_file(self, *addresses: str) -> None:
        """A file with one event per address, each a second before now."""
        at = self.intake.clock() - timedelta(seconds=1)
        self.intake.take(log_file([cef("SQL Injection", address, at=at) for address in addresses]))
        assert self.intake.run() == 1

    def query(self, *filters: Filter, days: float = 30) -> LogQuery:
        now = self.intake.clock()
        return LogQuery(self.contract.pk, now - timedelta(days=days), now, frozenset(filters))

    def ask(self, query: LogQuery | None = None, *, form: ExportForm = ExportForm.CSV, total: int = 1) -> Export:
        return actions.ask(
            self.contract, query or self.query(), form=form, total=total, by=self.alice, now=self.intake.clock()
        )

    def make(self, store: LogStore | None = None, *, worker: str = "one") -> int:
        house = House(
            store=store or self.intake.store,
            worker=worker,
            service="見本",
            log_days=75,
            clock=self.intake.clock,
            spool=self.intake.spool if self.with_originals else None,
        )
        return make_due(house)

    def path(self, export: Export) -> Path:
        return files.path_of(self.contract.customer, Export.objects.get(pk=export.pk).stored_name)

    def files(self) -> int:
        return files.count(self.contract.customer)

    @property
    def now(self) -> datetime:
        return self.intake.clock()


@pytest.fixture
def desk(intake: Intake, settings: Any, tmp_path: Path) -> Iterator[Desk]:
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    Contract.objects.filter(pk=intake.contract.pk).update(keeps_logs=True)
    intake.contract.refresh_from_db()
    cache.clear()
    yield Desk(intake, make_member(intake.contract, "alice", "佐藤", "愛", role=MemberRole.ADMIN))
    cache.clear()

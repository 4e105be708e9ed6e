"""Two customers with rows everywhere, one of which has been cancelled, approved, and is due."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sakimori.accounts.models import SocRole, User
from sakimori.closing import actions
from sakimori.closing.duties import delete_due
from sakimori.closing.models import Closing
from sakimori.closing.outside import Places
from sakimori.customers import files
from sakimori.customers.models import Contract
from sakimori.lib.jst import start_of_day
from sakimori.logs.fields import Event
from sakimori.logs.models import LogFile
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore
from tests.moments import Clock
from tests.people import NOW, People, make_file, make_people, make_user

ENDS_ON, DELETES_ON = date(2026, 11, 30), date(2026, 12, 31)
AFTER = start_of_day(date(2027, 1, 1))


@dataclass
class World:
    """Everything that a deletion touches. `delete` runs the duty at the clock's moment."""

    people: People
    manager: User
    store: LogStore
    spool: Spool
    drop: Path
    clock: Clock = field(default_factory=lambda: Clock(AFTER))

    def delete(self) -> int:
        return delete_due(places=self.places, worker="host:closing:1", clock=self.clock)

    @property
    def places(self) -> Places:
        return Places(store=self.store, spool=self.spool, data=self.drop.parent, drop=self.drop)

    def cancel(self, contract: Contract | None = None, *, approved: bool = True) -> Closing:
        contract = contract or self.people.a
        actions.enter(contract, ends_on=ENDS_ON, by=self.people.dana, now=NOW)
        if approved:
            actions.approve(contract, typed=contract.number, by=self.manager, now=NOW)
        return Closing.objects.get(contract=contract)

    def put(self, contract: Contract, file: LogFile) -> None:
        """Two events, one spooled file, one that nobody took, and one upload."""
        events = [(number, Event(time=NOW, request_id=f"{contract.pk}-{number}")) for number in (1, 2)]
        self.store.append(events, contract_id=contract.pk, file_id=file.pk)
        spooled = self.spool.put([b"line"], limit_bytes=99).name
        LogFile.objects.filter(pk=file.pk).update(spool_name=spooled)
        files.keep(contract.customer, b"upload")
        folder = self.drop / contract.number
        folder.mkdir(parents=True)
        (folder / "late.log").write_bytes(b"line")

    def store_rows(self, contract: Contract) -> int:
        sql = "SELECT count() AS rows FROM events WHERE contract_id = {contract_id:UInt32}"
        return int(self.store.query(sql, {"contract_id": contract.pk})[0]["rows"])


@pytest.fixture
def people(db: None) -> People:
    return make_people()


@pytest.fixture
def world(people: People, log_store: LogStore, tmp_path: Path, settings: Any) -> World:
    """Rows of both customers in store, spool and files."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    manager = make_user("manager", "黒田", "誠", soc_role=SocRole.MANAGER)
    made = World(people, manager, log_store, Spool(tmp_path / "spool"), tmp_path / "drop")
    for contract in (people.a, people.b):
        made.put(contract, make_file(contract))
    return made

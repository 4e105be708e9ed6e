"""What a contract has outside the database: events in the log store, files in the spool, at the doors and in
the drop folder, uploads and reports.

Everything here may be done again: what is gone is gone, and the names of the files lie in rows that go last.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sakimori.closing.belongings import Keys, rows_by_key
from sakimori.customers import files
from sakimori.customers.models import Contract
from sakimori.logs.models import LogFile
from sakimori.logs.receive import dropped
from sakimori.logs.receive.gathered import lying
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

# A model with this column keeps a file with `customers.files`, whatever room it is of.
_STORED_NAME = "stored_name"
_IS_STORED_NAME = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where it lies. data: the folder in which doors gather lines. drop: that of the drop folders, if there are any."""

    store: LogStore
    spool: Spool
    data: Path
    drop: Path | None


@dataclass(frozen=True, slots=True)
class Outside:
    """How much lies outside. Its fields are columns of `DeletionProof`."""

    store_rows: int
    spool_files: int
    dropped_files: int
    files: int

    @property
    def total(self) -> int:
        """All of it; 0 when nothing is left."""
        return self.store_rows + self.spool_files + self.dropped_files + self.files


def look(contract: Contract, keys: Keys, *, customer_too: bool, places: Places) -> Outside:
    """Count what is there now."""
    return Outside(
        store_rows=places.store.count_contract(contract.pk),
        spool_files=sum(places.spool.path(name).exists() for name in _spool_names(contract))
        + len(lying(places.data, contract.pk)),
        dropped_files=dropped.count(places.drop, contract.number),
        files=files.count(contract.customer)
        if customer_too
        else sum(files.path_of(contract.customer, name).exists() for name in _stored_names(keys)),
    )


def forget(contract: Contract, keys: Keys, *, customer_too: bool, places: Places) -> None:
    """Delete all of it, for good."""
    places.store.forget_contract(contract.pk)
    for name in _spool_names(contract):
        places.spool.remove(name)
    for path in lying(places.data, contract.pk):
        path.unlink(missing_ok=True)
    dropped.forget(places.drop, contract.number)
    if customer_too:
        files.forget(contract.customer)
    else:
        for name in _stored_names(keys):
            files.remove(contract.customer, name)


def _spool_names(contract: Contract) -> Iterable[str]:
    return LogFile.objects.filter(contract=contract).values_list("spool_name", flat=True)


def _stored_names(keys: Keys) -> list[str]:
    return [
        name
        for model, wanted in keys.items()
        if any(field.name == _STORED_NAME for field in model._meta.concrete_fields)
        for rows in rows_by_key(model, wanted)
        for name in rows.values_list(_STORED_NAME, flat=True)
        if _IS_STORED_NAME.fullmatch(name or "")
    ]

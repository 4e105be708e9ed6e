"""Turns of processes that store in one log store, as rows of the database that they share.

A turn lasts for the few statements between comparing and storing. One that was killed in between holds it until its
lease ends; at the next start on the same machine not even until then.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError

from sakimori.lib.claims import claim_together, give_back, renew
from sakimori.logs.models import StoringTurn
from sakimori.logs.store.interface import StoreBusy, StoreUnavailable
from sakimori.logs.store.turns import Turn

# Longer than any statement is waited for, and it begins anew before each that matters.
LEASE = timedelta(minutes=15)
_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class DatabaseTurns:
    """See `store/turns.py` for the promises. sleep: waits for so many seconds."""

    worker: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]

    @contextmanager
    def of(self, contracts: Collection[int], *, wait_seconds: float = 0.0) -> Iterator[Turn]:
        """After an error the turn is given back. A killed process gives nothing back."""
        mine = self._wait_for(set(contracts), wait_seconds)
        try:
            yield _Held(mine, self.clock)
        except Exception:
            give_back(StoringTurn.objects.all(), mine)
            raise
        give_back(StoringTurn.objects.all(), mine)

    def _wait_for(self, contracts: set[int], wait_seconds: float) -> Sequence[StoringTurn]:
        end = self.clock() + timedelta(seconds=wait_seconds)
        while True:
            mine = self._claim(contracts)
            busy = contracts - {turn.contract_id for turn in mine}
            if not busy:
                return mine
            give_back(StoringTurn.objects.all(), mine)
            if self.clock() >= end:
                raise StoreBusy(busy)
            self.sleep(_LOOK_EVERY_SECONDS)

    def _claim(self, contracts: set[int]) -> Sequence[StoringTurn]:
        rows = StoringTurn.objects.filter(contract__in=contracts).order_by("pk")
        try:
            there = set(rows.values_list("contract", flat=True))
            new = [StoringTurn(contract_id=key) for key in sorted(contracts - there)]
            if new:
                StoringTurn.objects.bulk_create(new, ignore_conflicts=True)
            return claim_together(rows, worker=self.worker, now=self.clock(), lease=LEASE, limit=len(contracts))
        except DatabaseError as error:
            raise StoreUnavailable(f"whose turn it is to store could not be asked: {error}") from error


@dataclass(frozen=True, slots=True)
class _Held:
    turns: Sequence[StoringTurn]
    clock: Callable[[], datetime]

    def hold(self) -> None:
        now = self.clock()
        for turn in self.turns:
            is_old = turn.claimed_until is not None and now > turn.claimed_until - LEASE / 2
            if is_old and not self._renewed(turn, now):
                raise StoreUnavailable(f"another process stores files of contract {turn.contract_id} by now")

    def _renewed(self, turn: StoringTurn, now: datetime) -> bool:
        try:
            return renew(StoringTurn.objects.all(), turn, now=now, lease=LEASE)
        except DatabaseError as error:
            raise StoreUnavailable(f"whose turn it is to store could not be asked: {error}") from error

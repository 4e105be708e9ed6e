"""Attacks by proxy in the period of a replay: found in the stored log by the rule that holds for new lines too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sakimori.blacklist.policy import Rules
from sakimori.blacklist.proxy import GOES_ON, WITHIN, times_of_parts
from sakimori.blacklist.search import visitors
from sakimori.customers.models import Contract
from sakimori.logs.store.interface import LogStore

MOST_HITS = 100_000
_MAX_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Proxies:
    """parts: when each address took part in a case. since: what was looked at begins here; None: all of it was."""

    parts: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    since: datetime | None = None

    def hold(self, address: str, at: datetime) -> bool:
        """Whether the address is one of a case's at that moment: shortly before it took part, and for a day after."""
        return any(part - WITHIN <= at <= part + GOES_ON for part in self.parts.get(address, ()))


NO_PROXIES = Proxies()


def proxies_under(
    contract: Contract, both: tuple[Rules, Rules], *, begins: datetime, ends: datetime, store: LogStore
) -> tuple[Proxies, Proxies]:
    """Look for cases under each of two policies: among what it does not only write down. Raises StoreError.

    A case goes on for a day, so the look begins a day before. Where there are too many hits, the newest are looked at.
    """
    first, second = both
    found = _proxies(contract, first.observed, begins=begins, ends=ends, store=store)
    if second.observed == first.observed:
        return found, found
    return found, _proxies(contract, second.observed, begins=begins, ends=ends, store=store)


def _proxies(
    contract: Contract, observed: frozenset[str], *, begins: datetime, ends: datetime, store: LogStore
) -> Proxies:
    hits = visitors(
        store,
        contract_id=contract.pk,
        first=begins - GOES_ON,
        last=ends,
        known=(),
        observed=observed,
        most=MOST_HITS,
        max_seconds=_MAX_SECONDS,
    )
    oldest = hits[-1].at if len(hits) >= MOST_HITS else begins
    return Proxies(times_of_parts(hits), since=oldest if oldest > begins else None)

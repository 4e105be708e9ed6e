"""A closer look at those for whom it may come to a block or a question: the DNS, and attacks by proxy.

Nothing here changes a row, and nothing runs within a transaction: the DNS may take its time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sakimori.blacklist.crawlers import Crawlers, Proof, claims
from sakimori.blacklist.models import Finding
from sakimori.blacklist.policy import Rules
from sakimori.blacklist.proxy import WITHIN, Case, find_cases
from sakimori.blacklist.proxy_cases import known_targets, taking_part
from sakimori.blacklist.search import visitors
from sakimori.customers.models import Contract
from sakimori.logs.store.interface import LogStore


@dataclass(frozen=True, slots=True)
class CloserLook:
    """What was seen.

    claimed: addresses that say they are a search engine's crawler; proofs: what the DNS says of each address.
    cases: attacks by proxy that go on now and in which somebody looked at takes part; by_proxy: addresses that take
    part in one, or lately did.
    """

    claimed: frozenset[str] = frozenset()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    cases: Sequence[Case] = ()
    by_proxy: frozenset[str] = frozenset()

    def is_crawler(self, address: str) -> bool:
        """The DNS proves that the address is a crawler's."""
        return self.proofs.get(address) is Proof.CRAWLER

    def may_be_crawler(self, address: str) -> bool:
        """It says that it is one, and the DNS has not answered."""
        return address in self.claimed and self.proofs.get(address, Proof.UNKNOWN) is Proof.UNKNOWN


def look_closer(
    contract: Contract,
    rows: Sequence[Finding],
    *,
    rules: Rules,
    store: LogStore,
    crawlers: Crawlers | None,
    now: datetime,
) -> CloserLook:
    """Look at these findings of one contract: one query in the log store, and one round of questions to the DNS.

    rules: the contract's; a kind that they only write down is no attack by proxy.
    """
    if not rows:
        return CloserLook()
    addresses = frozenset(row.address for row in rows)
    asked = ask_names(addresses, rows, crawlers=crawlers, now=now)
    known = known_targets(contract, now=now)
    first, last = min(row.first_at for row in rows), max(row.last_at for row in rows)
    hits = visitors(
        store, contract_id=contract.pk, first=first - WITHIN, last=last, known=known, observed=rules.observed
    )
    # A case without any of these is one of late or imported events: nobody is told of those on another's occasion.
    cases = [case for case in find_cases(hits, known=known) if not addresses.isdisjoint(case.addresses)]
    return replace(
        asked,
        cases=cases,
        by_proxy=taking_part(contract, addresses, now=now).union(*(case.addresses for case in cases)),
    )


def ask_names(
    addresses: Collection[str], rows: Iterable[Finding], *, crawlers: Crawlers | None, now: datetime
) -> CloserLook:
    """Only the part about crawlers: one round of questions to the DNS. rows: findings that may claim to be one."""
    claimed = frozenset(row.address for row in rows if claims(_user_agents(row)))
    proofs = crawlers.look_up(addresses, claimed=claimed, now=now) if crawlers and addresses else {}
    return CloserLook(claimed=claimed, proofs=proofs)


def _user_agents(row: Finding) -> Iterable[str]:
    return (str(sample.get("user_agent", "")) for sample in row.samples)

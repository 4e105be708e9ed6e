"""Whether so many sites are bad at once that one cause stands behind them. Pure.

A single customer's sites may all go down for his own reasons: only several contracts together speak for the vendor.
"""

from collections.abc import Mapping

FEWEST_CONTRACTS = 4


def are_many(bad_sites: Mapping[int, int], *, contracts: int, many: int) -> bool:
    """Whether `many` sites are bad, or more than half of the contracts that are looked at.

    bad_sites: how many sites are bad, by contract. contracts: how many are looked at at all.
    """
    concerned = sum(1 for number in bad_sites.values() if number > 0)
    if concerned < FEWEST_CONTRACTS:
        return False
    return sum(bad_sites.values()) >= many or concerned * 2 > contracts


def may_be_many(bad_sites: Mapping[int, int], unjudged: Mapping[int, int], *, many: int) -> bool:
    """Whether they would be many if all that are being visited for the first time turned out bad as well."""
    concerned = {contract for found in (bad_sites, unjudged) for contract, number in found.items() if number > 0}
    total = sum(bad_sites.values()) + sum(unjudged.values())
    return len(concerned) >= FEWEST_CONTRACTS and total >= many

"""Which lists at the vendor a contract has, and what stands on them.

One list is for all sites of the contract. A block that holds for some sites only stands on a list of each of them.
"""

from collections.abc import Iterable, Mapping

from sakimori.blacklist.models import Block, ListCheck
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.waf.interface import BlacklistView, BlockTarget, WafVendor

ALL_SITES = 0


def check_of(contract: Contract) -> ListCheck | None:
    """The row about this contract's list, where somebody has looked already."""
    return ListCheck.objects.filter(contract=contract).first()


def target_of(contract: Contract, number: int, *, gone: Iterable[int] = ()) -> BlockTarget:
    """The list with this number: that of a site, or ALL_SITES. Sites that the account has lost do not count."""
    sites = tuple(site for site in site_ids(contract) if site not in set(gone))
    if number == ALL_SITES:
        return BlockTarget(policy_name=f"Sakimori {contract.number}", site_ids=sites)
    return BlockTarget(
        policy_name=f"Sakimori {contract.number} {number}", site_ids=(number,) if number in sites else ()
    )


def lists_of(block: Block) -> tuple[int, ...]:
    """On which lists a block stands, or is meant to."""
    return tuple(block.only_sites) or (ALL_SITES,)


def targets_for(contract: Contract, blocks: Iterable[Block], *, gone: Iterable[int]) -> dict[int, BlockTarget]:
    """The lists that these blocks need."""
    numbers = {number for block in blocks for number in lists_of(block)}
    return {number: target_of(contract, number, gone=gone) for number in sorted(numbers)}


def read(vendor: WafVendor, targets: Mapping[int, BlockTarget]) -> dict[int, BlacklistView]:
    """What stands on each of them now. Raises WafError."""
    return {number: vendor.read_blacklist(target) for number, target in targets.items()}

"""Which lists at the vendor a contract has, what stands on them, and whose it is.

One list is for all sites of the contract. A block that holds for some sites only stands on a list of each of them.
Older accounts have lists of single sites only: there a block for all sites stands on each of those.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sakimori.blacklist.models import Block, ListCheck
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.waf.interface import BlacklistView, BlockTarget, WafVendor

ALL_SITES = 0


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists that some blocks need, by number. whole: where a block for all sites stands."""

    targets: Mapping[int, BlockTarget]
    whole: tuple[int, ...] = (ALL_SITES,)

    def of(self, block: Block) -> tuple[int, ...]:
        """On which lists a block stands, or is meant to."""
        return tuple(block.only_sites) or self.whole

    def known(self, block: Block) -> bool:
        """Whether all its lists are among these: a site may have been added since they were looked up."""
        return set(self.of(block)) <= self.targets.keys()

    def alive(self, block: Block) -> tuple[int, ...]:
        """What is to be blocked on a site that the account has lost is blocked on the others.

        A site that was added after the lists were looked up is for the next round.
        """
        numbers = tuple(number for number in self.of(block) if number in self.targets)
        alive = tuple(number for number in numbers if self.targets[number].site_ids)
        return alive if block.wanted_on_list and alive else numbers

    def ours(self, block: Block) -> frozenset[int]:
        """The lists on which an entry of this block is our own, or may be.

        Rows from before that was noted list by list: all of theirs once they were written.
        """
        if block.ours_on is not None:
            return frozenset(block.ours_on)
        return frozenset(self.of(block)) if block.written_at and not block.was_there_before else frozenset()


def check_of(contract: Contract) -> ListCheck | None:
    """The row about this contract's list, where somebody has looked already."""
    return ListCheck.objects.filter(contract=contract).first()


def target_of(contract: Contract, number: int, *, gone: Iterable[int] = ()) -> BlockTarget:
    """The list with this number: that of a site, or ALL_SITES. Sites that the account has lost do not count."""
    return _target(contract, number, _there(contract, gone))


def lists_of(block: Block) -> tuple[int, ...]:
    """On which lists a block stands, or is meant to, where the account works with policies."""
    return tuple(block.only_sites) or (ALL_SITES,)


def lists_for(contract: Contract, blocks: Iterable[Block], *, gone: Iterable[int], of_sites: bool = False) -> Lists:
    """The lists that these blocks need. of_sites: the account has lists of single sites only."""
    there = _there(contract, gone)
    whole = (there if of_sites else ()) or (ALL_SITES,)
    numbers = {number for block in blocks for number in tuple(block.only_sites) or whole}
    return Lists({number: _target(contract, number, there) for number in sorted(numbers)}, whole)


def targets_for(contract: Contract, blocks: Iterable[Block], *, gone: Iterable[int]) -> dict[int, BlockTarget]:
    """The lists that these blocks need, with one for all sites whatever the account has."""
    return dict(lists_for(contract, blocks, gone=gone).targets)


def read(vendor: WafVendor, targets: Mapping[int, BlockTarget]) -> dict[int, BlacklistView]:
    """What stands on each of them now, all read together. Raises WafError."""
    return dict(zip(targets, vendor.read_blacklists(list(targets.values())), strict=True))


def _there(contract: Contract, gone: Iterable[int]) -> tuple[int, ...]:
    lost = set(gone)
    return tuple(site for site in site_ids(contract) if site not in lost)


def _target(contract: Contract, number: int, there: tuple[int, ...]) -> BlockTarget:
    if number == ALL_SITES:
        return BlockTarget(policy_name=f"Sakimori {contract.number}", site_ids=there)
    return BlockTarget(
        policy_name=f"Sakimori {contract.number} {number}", site_ids=(number,) if number in there else ()
    )

"""Writes the planned changes to the vendor's lists, as few calls as possible, and says what was not taken.

A whole batch goes in one call. Refused, it is halved until the address that the vendor does not like stands alone, so
one bad address costs a few calls and keeps nobody back; a full list is filled to its brim on the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sakimori.waf.interface import BlockTarget, WafFull, WafMissing, WafRefused, WafUnauthorised, WafVendor

_MOST_REFUSALS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """What is to happen on one list. standing: what of `add` it holds already, though it is not in force."""

    add: frozenset[str]
    remove: frozenset[str]
    standing: frozenset[str] = frozenset()


@dataclass(slots=True)
class Written:
    """refused: addresses that the vendor does not take, and its word. left: not written, without a word about them.

    full: lists that said that they take no more; `left` then holds those that found no room.
    partly: those of both that another list had taken, and that were taken off it again: only reading tells.
    """

    refused: dict[str, WafRefused] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    full: set[int] = field(default_factory=set)
    partly: set[str] = field(default_factory=set)


def write(vendor: WafVendor, targets: Mapping[int, BlockTarget], changes: Mapping[int, Change]) -> Written:
    """Change each list. Raises what a caller must look into first: WafUnavailable, WafDoubtful, a wrong key.

    An address that is wanted on several lists and that one of them does not take is taken off those again that have
    got it just now; where it stood before it stays.
    """
    written = Written()
    for number, change in changes.items():
        _write_list(vendor, targets[number], change, written, number)
    failed = written.refused.keys() | written.left
    for number, change in changes.items():
        half = (change.add & failed) - change.standing
        if half and sum(bool(half & other.add) for other in changes.values()) > 1:
            written.partly |= half
            vendor.change_blacklist(targets[number], add=frozenset(), remove=half)
    return written


def _write_list(vendor: WafVendor, target: BlockTarget, change: Change, written: Written, number: int) -> None:
    try:
        vendor.change_blacklist(target, add=change.add, remove=change.remove)
    except (WafUnauthorised, WafMissing):
        raise
    except WafRefused:
        if not change.add:
            raise
        if change.remove:
            vendor.change_blacklist(target, add=frozenset(), remove=change.remove)
        if _add_in_parts(vendor, target, sorted(change.add), written):
            written.full.add(number)


def _add_in_parts(vendor: WafVendor, target: BlockTarget, addresses: list[str], written: Written) -> bool:
    """Returns whether the list is full. After a handful of refusals the rest is left: every one costs calls."""
    waiting = [addresses]
    refusals = 0
    while waiting:
        part = waiting.pop()
        try:
            vendor.change_blacklist(target, add=frozenset(part), remove=frozenset())
        except (WafUnauthorised, WafMissing):
            raise
        except WafRefused as error:
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            is_full = isinstance(error, WafFull)
            refusals += 1
            if is_full or refusals > _MOST_REFUSALS:
                written.left.update(part, *waiting)
                return is_full
            written.refused[part[0]] = error
    return False

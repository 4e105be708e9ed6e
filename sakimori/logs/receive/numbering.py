"""Which numbers are missing in a log index: the vendor names files `<configuration>_<number>.log`, counting from 1."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

# Longer numbers are none of the vendor's, and no column holds them.
_NAME = re.compile(r"([0-9]{1,20})_([0-9]{1,18})\.log")


@dataclass(frozen=True, slots=True, order=True)
class Missing:
    """Numbers from `first` to `last` of one configuration that no name carries."""

    prefix: str
    first: int
    last: int


def numbers_of(names: Iterable[str]) -> Mapping[str, list[int]]:
    """The numbers in an index, rising, by the part of the names before them. Other names are passed over."""
    found: dict[str, set[int]] = defaultdict(set)
    for name in names:
        if parts := _NAME.fullmatch(name):
            found[parts[1]].add(int(parts[2]))
    return {prefix: sorted(numbers) for prefix, numbers in found.items()}


def missing_since(newest: Mapping[str, int], numbers: Mapping[str, list[int]]) -> list[Missing]:
    """What the index has passed over since its highest number was `newest`. At the first look nothing is known."""
    return [
        Missing(prefix, before + 1, number - 1)
        for prefix, rising in numbers.items()
        for before, number in _steps(newest.get(prefix, rising[0]), rising)
        if number - before > 1
    ]


def settled_until(newest: Mapping[str, int], names: Sequence[str], settled: Container[str]) -> dict[str, int]:
    """The next `newest`: up to where every listed file is settled, which means taken or written down as lost.

    At a first look of which nothing could be taken it is the number before the lowest one.
    """
    return {**newest, **{prefix: _until(rising, prefix, settled) for prefix, rising in numbers_of(names).items()}}


def unsettled(newest: Mapping[str, int], names: Sequence[str], settled: Container[str]) -> dict[str, list[int]]:
    """Listed numbers above `newest` that are not settled: if the index lets go of them, they are known to be lost."""
    left = {
        prefix: [number for number in rising if number > newest[prefix] and f"{prefix}_{number}.log" not in settled]
        for prefix, rising in numbers_of(names).items()
    }
    return {prefix: numbers for prefix, numbers in left.items() if numbers}


def runs(prefix: str, numbers: Iterable[int]) -> list[Missing]:
    """Numbers as spans without holes, rising."""
    found: list[Missing] = []
    for number in sorted(set(numbers)):
        begins = found.pop().first if found and found[-1].last == number - 1 else number
        found.append(Missing(prefix, begins, number))
    return found


def _until(rising: list[int], prefix: str, settled: Container[str]) -> int:
    until = rising[0] - 1
    for number in rising:
        if f"{prefix}_{number}.log" not in settled:
            break
        until = number
    return until


def _steps(newest: int, rising: list[int]) -> Iterable[tuple[int, int]]:
    later = [number for number in rising if number > newest]
    return zip([newest, *later], later, strict=False)


def without(missing: Missing, known: Iterable[int]) -> list[Missing]:
    """What is still missing when these numbers are there after all."""
    left, first = [], missing.first
    for number in sorted(set(known)):
        if missing.first <= number <= missing.last:
            if number > first:
                left.append(Missing(missing.prefix, first, number - 1))
            first = number + 1
    if first <= missing.last:
        left.append(Missing(missing.prefix, first, missing.last))
    return left

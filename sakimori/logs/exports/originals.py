"""Which files go along in a bundle as they were received, and for what reason the others do not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

from sakimori.logs.models import LogFile

MOST_BYTES, MOST_FILES = 256 << 20, 500
_FILES_AT_ONCE = 500


@dataclass(slots=True)
class Originals:
    """chosen: key in the ledger and name in the spool, in the order of keys. The others of the files that gave lines:

    too_many: left out because of a limit. gone: no longer in the spool. unlinked: without a link, so that nothing
    tells what they were.
    """

    chosen: list[tuple[int, str]]
    too_many: int = 0
    gone: int = 0
    unlinked: int = 0


@dataclass(slots=True)
class _Seen:
    files: int = 0
    linked: int = 0
    spooled: int = 0


def choose(files: Iterable[int]) -> Originals:
    """Choose among the files that gave lines, by their keys: the smallest first, up to the limits.

    Memory does not grow with their number.
    """
    seen, chosen, room = _Seen(), [], MOST_BYTES
    for size, file, name in nsmallest(MOST_FILES, _spooled(iter(files), seen)):
        room -= size
        if room < 0:
            break
        chosen.append((file, name))
    return Originals(sorted(chosen), seen.spooled - len(chosen), seen.linked - seen.spooled, seen.files - seen.linked)


def _spooled(files: Iterator[int], seen: _Seen) -> Iterator[tuple[int, int, str]]:
    """Size, key and name of those that are in the chain and, as far as the ledger knows, in the spool."""
    while part := list(islice(files, _FILES_AT_ONCE)):
        seen.files += len(part)
        rows = LogFile.objects.filter(pk__in=part).exclude(chain_link=None)
        for file, name, size, cleared in rows.values_list("pk", "spool_name", "size_bytes", "spool_cleared_at"):
            seen.linked += 1
            if cleared is None:
                seen.spooled += 1
                yield size, file, name

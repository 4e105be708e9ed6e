"""How the vendor's lists compare with our rows: what is gone, what is back, what is not ours. Pure.

Nothing that a person did at the vendor is undone here. Two things are mended: a site that lacks our policy gets it,
and a site that is new to the contract gets the entries that hold for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sakimori.waf.interface import BlacklistView, ListState


@dataclass(frozen=True, slots=True)
class Held:
    """An active block as it should stand on its lists. ours: the lists on which we have put it; None: not noted."""

    key: int
    address: str
    lists: tuple[int, ...]
    ours: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """ours: how many active blocks stand on a list. present, missing: their keys, but for those just written.

    uncovered: lists that do not count on one of their sites.

    lacking: what new sites of older accounts still need, by list and site. known_sites: sites whose list held ours.
    foreign: entries that are not ours. back: those of them that hold what we took off.
    states: lists that are not as they should be. entries: on the fullest list.
    """

    ours: int
    present: tuple[int, ...]
    missing: tuple[int, ...]
    uncovered: tuple[int, ...]
    lacking: Mapping[int, frozenset[str]]
    known_sites: frozenset[int]
    foreign: tuple[str, ...]
    back: tuple[str, ...]
    states: Mapping[int, ListState]
    entries: int


def compare(
    held: Collection[Held],
    views: Mapping[int, BlacklistView],
    *,
    ours: Collection[str],
    fresh: Collection[str],
    restored: Collection[str],
    known_sites: Collection[int],
) -> Comparison:
    """ours: addresses of all blocks that are not over. fresh: those written so lately that a copy may be older.

    restored: entries that hold what was ours and came off.
    """
    known = frozenset(known_sites) | _sites_with(held, views)
    settled = [entry for entry in held if entry.address not in fresh]
    missing = [entry for entry in settled if _is_missing(entry, views, known)]
    found = strangers(views, ours=ours, fresh=fresh)
    others = frozenset().union(*(view.condition.others for view in views.values()))
    needed = {number for entry in held for number in entry.lists}
    return Comparison(
        ours=sum(any(entry.address in views[number].somewhere for number in entry.lists) for entry in held),
        present=tuple(entry.key for entry in settled if entry not in missing),
        missing=tuple(entry.key for entry in missing),
        uncovered=tuple(number for number, view in views.items() if number in needed and view.condition.unapplied),
        lacking=_lacking([entry for entry in held if entry not in missing], views, known),
        known_sites=known,
        foreign=tuple(sorted(found | others)),
        back=tuple(sorted(found & set(restored))),
        states={
            number: view.condition.state
            for number, view in views.items()
            if number in needed and view.condition.state is not ListState.READY
        },
        entries=max((view.condition.entries for view in views.values()), default=0),
    )


def strangers(views: Mapping[int, BlacklistView], *, ours: Collection[str], fresh: Collection[str]) -> frozenset[str]:
    """Entries that are none of ours, as `compare` has them."""
    standing = frozenset().union(*(view.somewhere for view in views.values()))
    return standing - set(ours) - set(fresh)


def _sites_with(held: Collection[Held], views: Mapping[int, BlacklistView]) -> frozenset[int]:
    """Sites whose own list holds what we have put there; the same address put there by somebody else tells nothing."""
    by_site = {site: entries for view in views.values() for site, entries in view.condition.by_site.items()}
    return frozenset(
        site
        for site, entries in by_site.items()
        if any(entry.address in entries and (entry.ours is None or site in entry.ours) for entry in held)
    )


def _is_missing(entry: Held, views: Mapping[int, BlacklistView], known: frozenset[int]) -> bool:
    """Whether somebody has taken it off one of its lists. That a whole site is not covered yet is something else."""
    return any(_misses(entry.address, views[number], known) for number in entry.lists)


def _misses(address: str, view: BlacklistView, known: frozenset[int]) -> bool:
    by_site = view.condition.by_site
    if not by_site:
        return address not in view.somewhere
    return any(address not in entries for site, entries in by_site.items() if site in known)


def _lacking(
    held: Collection[Held], views: Mapping[int, BlacklistView], known: frozenset[int]
) -> Mapping[int, frozenset[str]]:
    lacking: dict[int, frozenset[str]] = {}
    for number, view in views.items():
        wanted = frozenset(entry.address for entry in held if number in entry.lists)
        for site, entries in view.condition.by_site.items():
            if site not in known and wanted - entries:
                lacking[site] = lacking.get(site, frozenset()) | (wanted - entries)
    return lacking

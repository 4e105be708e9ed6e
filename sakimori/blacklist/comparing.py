"""Compares the vendor's lists with our rows all the time: marks what was taken off by hand, and tells the SOC.

The caller holds the writer's claim, so nothing of ours is under way meanwhile. What people did at the vendor is never
undone unasked; only sites that our list does not cover are covered (by POST, beside their other policies).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from sakimori.blacklist import lists, stop
from sakimori.blacklist.capacity import Room, limit_of, tell_fill
from sakimori.blacklist.drift import Comparison, Held, compare, strangers
from sakimori.blacklist.drift_words import sentence_of
from sakimori.blacklist.last_moment import keep_off
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState, ListCheck
from sakimori.blacklist.pacing import charge, rest
from sakimori.blacklist.plan import SETTLING_TIME
from sakimori.blacklist.returned import came_back
from sakimori.blacklist.troubles import LINK, named, note_reached, stored_words, tell_of_error
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.customers.queries import site_ids
from sakimori.notify.actions import end_alarm, raise_alarm
from sakimori.notify.models import Severity
from sakimori.waf.interface import (
    BlockTarget,
    ListState,
    WafError,
    WafMissing,
    WafRefused,
    WafUnauthorised,
    WafVendor,
)

SHOWN = 200
_SOONER = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_NOT_PROPOSED = (BlockState.PROPOSED, BlockState.FAILED, *CLOSED_STATES)


@dataclass(frozen=True, slots=True)
class _Look:
    """One contract with its rows and lists, as of `now`."""

    contract: Contract
    vendor: WafVendor
    check: ListCheck
    blocks: list[Block]
    targets: Mapping[int, BlockTarget]
    now: datetime


def compare_contract(
    contract: Contract, check: ListCheck, open_vendor: Callable[[], WafVendor], *, clock: Callable[[], datetime]
) -> bool:
    """Look once. Returns whether the vendor could be read; no `WafError` leaves."""
    try:
        vendor = open_vendor()
        before = vendor.calls_made()
        try:
            found = _looked(contract, check, vendor, clock)
        finally:
            charge(contract, vendor.calls_made() - before, now=clock())
    except WafError as error:
        _note_failure(contract, check, error, clock())
        return False
    _note_success(contract, check, found, clock())
    return True


def _looked(contract: Contract, check: ListCheck, vendor: WafVendor, clock: Callable[[], datetime]) -> Comparison:
    """Raises WafError."""
    if check.gone_sites or _was_refused(contract):
        _look_for_sites(contract, check, vendor)
    try:
        return _compared(_look(contract, check, vendor, clock()))
    except (WafUnauthorised, WafMissing):
        # Either the key is bad, or one site is not in this account any more: the list of sites tells.
        if not _look_for_sites(contract, check, vendor):
            raise
        return _compared(_look(contract, check, vendor, clock()))


def _was_refused(contract: Contract) -> bool:
    """Whether a write has met something that is not there: a site perhaps that was moved away."""
    rows = Block.objects.filter(contract=contract, state__in=(BlockState.APPLYING, BlockState.RESTORING))
    return rows.filter(Q(last_error__startswith="WafMissing") | Q(last_error__startswith="WafUnauthorised")).exists()


def _look(contract: Contract, check: ListCheck, vendor: WafVendor, now: datetime) -> _Look:
    blocks = list(Block.objects.filter(contract=contract).exclude(state__in=_NOT_PROPOSED))
    targets = lists.targets_for(contract, blocks, gone=check.gone_sites)
    targets.setdefault(lists.ALL_SITES, lists.target_of(contract, lists.ALL_SITES, gone=check.gone_sites))
    return _Look(contract, vendor, check, blocks, targets, now)


def _compared(look: _Look) -> Comparison:
    """Read, compare, mend what may be mended, and mark. Raises WafError."""
    views = lists.read(look.vendor, look.targets)
    recent = Block.objects.filter(contract=look.contract, written_at__gt=look.now - SETTLING_TIME)
    ours = {block.address for block in look.blocks}
    fresh = set(recent.values_list("address", flat=True))
    found = compare(
        [held for block in look.blocks if (held := _held(block, look.targets)) is not None],
        views,
        ours=ours,
        fresh=fresh,
        restored=came_back(look.contract, strangers(views, ours=ours, fresh=fresh)),
        known_sites=look.check.known_sites,
    )
    _mark(look, found)
    if not stop.is_on():  # What mends puts entries on more sites.
        _mend(look, found)
    return found


def _held(block: Block, targets: Mapping[int, BlockTarget]) -> Held | None:
    if block.state != BlockState.ACTIVE:
        return None
    alive = tuple(number for number in lists.lists_of(block) if targets[number].site_ids)
    ours = None if block.ours_on is None else frozenset(block.ours_on)
    return Held(block.pk, block.address, alive, ours) if alive else None


def _mark(look: _Look, found: Comparison) -> None:
    active = Block.objects.filter(contract=look.contract, state=BlockState.ACTIVE)
    _marked(active.filter(pk__in=found.missing, missing_since=None), look.now, "block.missing", look)
    _marked(active.filter(pk__in=found.present, missing_since__isnull=False), None, "block.found_again", look)


def _marked(rows: QuerySet[Block], since: datetime | None, action: str, look: _Look) -> None:
    for block in rows:
        if rows.filter(pk=block.pk).update(missing_since=since):
            audit.record(
                action,
                by="sakimori",
                target=f"block:{block.pk}",
                now=look.now,
                customer=look.contract.customer,
                details={"address": block.address},
            )


def _mend(look: _Look, found: Comparison) -> None:
    """What may not be blocked any more is put on no further site: it comes off, and its list is covered after that."""
    off = _kept_off(look, found)
    for number in found.uncovered:
        if not any(block.address in off and number in lists.lists_of(block) for block in look.blocks):
            covered = look.vendor.cover_sites(look.targets[number])
            _record_cover(look, covered)
    for site, entries in found.lacking.items():
        target = BlockTarget(policy_name=look.targets[lists.ALL_SITES].policy_name, site_ids=(site,))
        if entries - off:
            _note_ours(look, entries - off, site)
            look.vendor.change_blacklist(target, add=entries - off, remove=frozenset())
            _record_cover(look, [site])


def _note_ours(look: _Look, addresses: Collection[str], site: int) -> None:
    """Before they are written to the list of a site that is new to the contract, and that does not hold them."""
    found = lists.Lists(look.targets, whole=look.targets[lists.ALL_SITES].site_ids)
    for block in look.blocks:
        if block.state == BlockState.ACTIVE and block.address in addresses:
            ours = sorted((found.ours(block) | {site}) if block.ours_on is not None else found.ours(block))
            Block.objects.filter(pk=block.pk, state=BlockState.ACTIVE).update(ours_on=ours)


def _kept_off(look: _Look, found: Comparison) -> set[str]:
    """The addresses, of those that would come to more sites, that the guard now takes off."""
    lacking = frozenset().union(*found.lacking.values())
    uncovered = set(found.uncovered)
    active = [block for block in look.blocks if block.state == BlockState.ACTIVE]
    more = [block for block in active if block.address in lacking or uncovered & set(lists.lists_of(block))]
    off = keep_off(look.contract, more, now=look.now)
    return {block.address for block in more if block.pk in off}


def _record_cover(look: _Look, sites: Collection[int]) -> None:
    if sites:
        audit.record_of(
            look.contract,
            "list.cover",
            by="sakimori",
            now=look.now,
            details={"sites": " ".join(map(str, sites)), "how": "POST"},
        )


def _look_for_sites(contract: Contract, check: ListCheck, vendor: WafVendor) -> bool:
    """Which of our sites the account does not have. Returns whether that is news. Raises WafError."""
    there = {site.site_id for site in vendor.sites()}
    gone = [site for site in site_ids(contract) if site not in there]
    news = bool(gone != check.gone_sites)
    check.gone_sites = gone
    ListCheck.objects.filter(pk=check.pk).update(gone_sites=gone)
    return news


def _note_success(contract: Contract, check: ListCheck, found: Comparison, now: datetime) -> None:
    lost = contract.sites.filter(vendor_site_id__in=check.gone_sites).order_by("pk")
    domains = list(lost.values_list("domain", flat=True))
    said = sentence_of(found, lost_domains=domains, addresses=_addresses(found.missing))
    _tell(contract, check.told, said, now)  # Before it is written down: who is killed in between tells once more.
    ListCheck.objects.filter(pk=check.pk).update(
        checked_at=now,
        next_at=now + timedelta(minutes=settings.CONFIG.compare_minutes),
        failures=0,
        last_error="",
        state=_worst(found),
        entries=found.entries,
        ours=found.ours,
        foreign=len(found.foreign),
        foreign_entries=list(found.foreign[:SHOWN]),
        back=list(found.back[:SHOWN]),
        known_sites=sorted(found.known_sites | found.lacking.keys()),
        told=said,
    )
    note_reached(contract, now=now)
    fresh = lists.check_of(contract)
    tell_fill(contract, Room(entries=found.entries, limit=limit_of(fresh, now)), now=now)


def _addresses(keys: Collection[int]) -> list[str]:
    return list(Block.objects.filter(pk__in=keys).order_by("pk").values_list("address", flat=True))


def _worst(found: Comparison) -> ListState:
    for state in (ListState.MISSING, ListState.DISABLED):
        if state in found.states.values():
            return state
    return ListState.READY


def _tell(contract: Contract, before: str, said: str, now: datetime) -> None:
    """Once for each news; what an analyst has acknowledged is not raised again while it stays as it is."""
    key = f"waf-drift:{contract.pk}"
    if said and said != before:
        raise_alarm(
            key=key,
            severity=Severity.HIGH,
            sentence=f"{named(contract)}{said}",
            link=f"{LINK}{contract.pk}/",
            now=now,
        )
    if before and not said:
        end_alarm(key, sentence=f"{named(contract)}WAF のリストとの差異は解消しました。", now=now)


def _note_failure(contract: Contract, check: ListCheck, error: WafError, now: datetime) -> None:
    failures = check.failures + 1
    pause = min(_SOONER * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
    wanted = timedelta(seconds=error.retry_after_seconds or 0)
    ListCheck.objects.filter(pk=check.pk).update(
        failures=failures, last_error=stored_words(error), next_at=now + max(pause, wanted)
    )
    if error.retry_after_seconds:
        rest(contract, until=now + wanted, now=now)
    if isinstance(error, WafUnauthorised) or not isinstance(error, WafRefused):
        tell_of_error(contract, error, failures, now)

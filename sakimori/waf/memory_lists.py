"""The lists of `MemoryVendor`: dedicated policies, and what other hands do to them."""

from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from threading import RLock

from sakimori.waf.entries import canonical_entry
from sakimori.waf.interface import BlacklistView, BlockTarget, ListCondition, ListState, WafFull, WafMissing, WafRefused


@dataclass(frozen=True, slots=True)
class MemoryWrite:
    """A change that reached the vendor's lists: what was asked for, reduced to what was not so already."""

    policy_name: str
    added: frozenset[str]
    removed: frozenset[str]
    applied_to: frozenset[int]


@dataclass(slots=True)
class _Policy:
    entries: list[str] = field(default_factory=list)
    sites: set[int] = field(default_factory=set)
    enabled: bool = True


class MemoryLists:
    """`capacity` is the most entries a list may hold; a change beyond it is refused."""

    def __init__(self, *, capacity: int) -> None:
        self.capacity = capacity
        self.writes: list[MemoryWrite] = []
        self.lost_sites: set[int] = set()
        self.disliked: set[str] = set()  # Entries that the vendor does not take, for no reason that we know.
        self.attempts = 0  # How many calls wanted to change something, refused ones too.
        self.reads = 0
        self._policies: dict[str, _Policy] = {}
        self._old: dict[str, _Policy] = {}
        self._stale_reads = 0
        self._lock = RLock()

    # What tests turn.

    def lag(self, *, reads: int) -> None:
        """Let the next `reads` readings of a blacklist show what stands there now, whatever is written meanwhile."""
        with self._lock:
            self._old = deepcopy(self._policies)
            self._stale_reads = reads

    def edit_by_hand(self, policy_name: str, *, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
        """Somebody else changes the list; entries of any kind, taken as they are. Not recorded in `writes`."""
        with self._lock:
            policy = self._policies.setdefault(policy_name, _Policy())
            policy.entries = [entry for entry in policy.entries if entry not in remove] + list(add)

    def switch_policy(self, policy_name: str, *, enabled: bool) -> None:
        """Somebody else disables or enables the policy."""
        with self._lock:
            self._policies.setdefault(policy_name, _Policy()).enabled = enabled

    def delete_policy(self, policy_name: str) -> None:
        """Somebody else deletes the policy with all that stands on it."""
        with self._lock:
            self._policies.pop(policy_name, None)

    def take_off(self, policy_name: str, site_id: int) -> None:
        """Somebody else takes the policy off a site."""
        with self._lock:
            self._policies[policy_name].sites.discard(site_id)

    def lose_site(self, site_id: int) -> None:
        """The site is moved to an account of somebody else."""
        with self._lock:
            self.lost_sites.add(site_id)
            for policy in self._policies.values():
                policy.sites.discard(site_id)

    def entries(self, policy_name: str) -> tuple[str, ...]:
        """What stands on the list now, in its order and spelling; empty if there is no such policy."""
        with self._lock:
            return tuple(self._policies.get(policy_name, _Policy()).entries)

    def policy_names(self) -> frozenset[str]:
        """Which policies there are."""
        with self._lock:
            return frozenset(self._policies)

    # What the contract needs.

    def calls_made(self) -> int:
        """Readings, and calls that wanted to change something."""
        return self.reads + self.attempts

    def _read_view(self, target: BlockTarget) -> BlacklistView:
        self.reads += 1
        policies = self._policies
        if self._stale_reads:
            self._stale_reads -= 1
            policies = self._old
        return _view(policies.get(target.policy_name), target.site_ids)

    def _difference(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> MemoryWrite:
        policy = self._policies.get(target.policy_name, _Policy())
        there = _known(policy)
        return MemoryWrite(
            policy_name=target.policy_name,
            added=add - there,
            removed=remove & there,
            applied_to=frozenset(target.site_ids) - policy.sites if add else frozenset(),
        )

    def _apply(self, write: MemoryWrite) -> None:
        self.attempts += 1
        if write.added & self.disliked:
            raise WafRefused("この項目は登録できません。")
        policy = self._policies.get(write.policy_name, _Policy())
        kept = [entry for entry in policy.entries if canonical_entry(entry) not in write.removed]
        entries = [*kept, *sorted(write.added)]
        if write.added and len(entries) > self.capacity:
            raise WafFull(f"リストには {self.capacity} 件までしか登録できません。")
        policy.entries = entries
        policy.sites |= write.applied_to - self.lost_sites
        self._policies[write.policy_name] = policy
        self.writes.append(write)
        if write.applied_to & self.lost_sites:
            raise WafMissing("サイトがありません。")

    def _lacking(self, target: BlockTarget) -> Sequence[int]:
        policy = self._policies.get(target.policy_name)
        return [site_id for site_id in target.site_ids if policy and site_id not in policy.sites]


def _view(policy: _Policy | None, site_ids: Sequence[int]) -> BlacklistView:
    held = policy or _Policy()
    listed = _known(held)
    in_force = bool(site_ids) and held.enabled and held.sites.issuperset(site_ids)
    counts = held.enabled and bool(listed)
    condition = ListCondition(
        state=_state(policy),
        entries=len(held.entries),
        others=frozenset(entry for entry in held.entries if canonical_entry(entry) is None),
        unapplied=tuple(site_id for site_id in site_ids if counts and site_id not in held.sites),
    )
    return BlacklistView(everywhere=listed if in_force else frozenset(), somewhere=listed, condition=condition)


def _state(policy: _Policy | None) -> ListState:
    if policy is None:
        return ListState.MISSING
    return ListState.READY if policy.enabled else ListState.DISABLED


def _known(policy: _Policy) -> frozenset[str]:
    known = {canonical_entry(entry) for entry in policy.entries}
    return frozenset(entry for entry in known if entry is not None)

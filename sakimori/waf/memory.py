"""`MemoryVendor`: the contracts of `interface.py` in memory, with faults on demand, for tests of other rooms.

It behaves as the real vendor does where callers could notice: policies made on first use, lists that others edit
by hand, a list that is full, answers that get lost after the write, and reads that lag behind.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum

from sakimori.waf.entries import canonical_entry
from sakimori.waf.interface import (
    Balancing,
    BalancingAlgorithm,
    BlacklistView,
    BlockedSample,
    BlockTarget,
    NetworkEvent,
    ThreatFigures,
    TrafficSample,
    WafAccount,
    WafCertificate,
    WafDoubtful,
    WafMissing,
    WafRefused,
    WafSite,
    WafSubscription,
    WafUnauthorised,
    WafUnavailable,
)
from sakimori.waf.memory_lists import MemoryLists, MemoryWrite

__all__ = ["MemoryFault", "MemoryVendor", "MemoryWrite"]


class MemoryFault(StrEnum):
    """What goes wrong. The two doubtful ones hit only calls that would write; the others every call."""

    UNAVAILABLE = "unavailable"
    UNAUTHORISED = "unauthorised"
    REFUSED = "refused"
    DOUBTFUL_APPLIED = "doubtful, applied"
    DOUBTFUL_NOT_APPLIED = "doubtful, not applied"


_ONE_SERVER = Balancing(1, 1, 0, BalancingAlgorithm.LEAST_PENDING, persistent=True)
_BUCKET = timedelta(minutes=5)
_DOUBTFUL = frozenset({MemoryFault.DOUBTFUL_APPLIED, MemoryFault.DOUBTFUL_NOT_APPLIED})


class MemoryVendor(MemoryLists):
    """`WafVendor` and `WafLogs`. `capacity` is the most entries a list may hold; a change beyond it is refused."""

    def __init__(
        self,
        *,
        account: WafAccount | None = None,
        sites: Sequence[WafSite] = (),
        logs: Mapping[str, bytes] | None = None,
        capacity: int = 1000,
    ) -> None:
        super().__init__(capacity=capacity)
        self._account = account or WafAccount(account_id=1, name="example")
        self._sites = list(sites)
        self._logs = dict(logs) if logs is not None else None
        self.purchased = WafSubscription(plan_mbps=20, load_balancing=False)
        self._traffic: dict[int | None, dict[datetime, int]] = {}
        self._hits: list[tuple[int, datetime, int, int]] = []  # Site, when, DDoS incidents, blocked requests.
        self._events: list[NetworkEvent] | None = None
        self._balancing: dict[int, Balancing] = {}
        self._certificates: dict[int, tuple[WafCertificate, ...]] = {}
        self._faults: list[MemoryFault] = []
        self._lasting: MemoryFault | None = None

    # The contract.

    def account(self) -> WafAccount:
        with self._lock:
            self._meet_fault()
            return self._account

    def sites(self) -> Sequence[WafSite]:
        with self._lock:
            self._meet_fault()
            return [site for site in self._sites if site.site_id not in self.lost_sites]

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        with self._lock:
            self._meet_fault()
            return self._read_view(target)

    def read_blacklists(self, targets: Sequence[BlockTarget]) -> Sequence[BlacklistView]:
        return [self.read_blacklist(target) for target in targets]

    def has_site_lists(self) -> bool:
        return False

    def change_blacklist(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        add, remove = _checked(add), _checked(remove)
        if add & remove:
            raise WafRefused("同じアドレスの追加と削除は同時にできません。")
        with self._lock:
            self._meet_fault()
            write = self._difference(target, add=add, remove=remove)
            if not (write.added or write.removed or write.applied_to):
                return
            fault = self._next_fault(doubtful=True)
            if fault is not MemoryFault.DOUBTFUL_NOT_APPLIED:
                self._apply(write)
            if fault is not None:
                raise WafDoubtful("応答を受け取れませんでした。")

    def cover_sites(self, target: BlockTarget) -> Sequence[int]:
        with self._lock:
            self._meet_fault()
            lacking = self._lacking(target)
            if lacking:
                self._apply(MemoryWrite(target.policy_name, frozenset(), frozenset(), frozenset(lacking)))
            return lacking

    def traffic(self, start: datetime, end: datetime, *, site_id: int | None = None) -> Sequence[TrafficSample]:
        with self._lock:
            self._meet_fault()
            known = self._traffic.get(self._known(site_id) if site_id is not None else None, {})
            inside = [at for at in sorted(known) if at >= start and at + _BUCKET <= end]
            return [TrafficSample(at, known[at]) for at in inside]

    def threats(self, start: datetime, end: datetime, *, site_id: int | None = None) -> ThreatFigures:
        with self._lock:
            self._meet_fault()
            wanted = self._known(site_id) if site_id is not None else None
            hits = [hit for hit in self._hits if wanted in (None, hit[0]) and start <= hit[1] < end]
            blocked: Counter[datetime] = Counter()
            for _, at, _, requests in hits:
                blocked[_bucket_of(at)] += requests
            samples = tuple(BlockedSample(at, number) for at, number in sorted(blocked.items()) if number)
            return ThreatFigures(sum(hit[2] for hit in hits), samples)

    def network_events(self, start: datetime, end: datetime) -> Sequence[NetworkEvent]:
        with self._lock:
            self._meet_fault()
            if self._events is None:
                raise WafRefused("このアカウントでは利用できません。")
            inside = [event for event in self._events if start <= event.at < end]
            return sorted(inside, key=lambda event: event.at)

    def data_centers(self, site_id: int) -> Balancing:
        with self._lock:
            self._meet_fault()
            return self._balancing.get(self._known(site_id), _ONE_SERVER)

    def certificates(self, site_id: int) -> Sequence[WafCertificate]:
        with self._lock:
            self._meet_fault()
            return self._certificates.get(self._known(site_id), ())

    def subscription(self) -> WafSubscription:
        with self._lock:
            self._meet_fault()
            return self.purchased

    def log_index(self) -> Sequence[str]:
        with self._lock:
            self._meet_fault()
            if self._logs is None:
                raise WafMissing("ログの一覧がまだありません。")
            return list(self._logs)

    @contextmanager
    def read_log(self, name: str) -> Generator[Iterator[bytes]]:
        with self._lock:
            self._meet_fault()
            body = (self._logs or {}).get(name)
        if body is None:
            raise WafMissing("ログファイルがありません。")
        yield iter([body[start : start + 65536] for start in range(0, len(body), 65536)])

    # What tests turn.

    def fail(self, fault: MemoryFault, *, times: int | None = 1) -> None:
        """Let the next `times` calls that the fault can hit go wrong; None = all until `heal`."""
        with self._lock:
            if times is None:
                self._lasting = fault
            else:
                self._faults += [fault] * times

    def heal(self) -> None:
        """No more faults and no more stale reads."""
        with self._lock:
            self._faults.clear()
            self._lasting = None
            self._stale_reads = 0

    def put_site(self, site: WafSite) -> None:
        """Add a site, or change the one with this number."""
        with self._lock:
            self._sites = [known for known in self._sites if known.site_id != site.site_id] + [site]

    def put_traffic(self, samples: Mapping[datetime, int], *, site_id: int | None = None) -> None:
        """Let the vendor know bits per second, by the beginning of five minutes, of the account or a site."""
        with self._lock:
            self._traffic[site_id] = {**self._traffic.get(site_id, {}), **samples}

    def put_hits(self, site_id: int, at: datetime, *, ddos: int = 0, blocked: int = 0) -> None:
        """Let the vendor count DDoS incidents and blocked requests of a site at a time."""
        with self._lock:
            self._hits.append((site_id, at, ddos, blocked))

    def put_events(self, *events: NetworkEvent) -> None:
        """Let events of networks appear; the first call gives the account infrastructure protection."""
        with self._lock:
            self._events = [*(self._events or ()), *events]

    def put_balancing(self, site_id: int, balancing: Balancing) -> None:
        """Somebody sets up the servers of a site."""
        with self._lock:
            self._balancing[site_id] = balancing

    def put_certificates(self, site_id: int, *certificates: WafCertificate) -> None:
        """Somebody gives a site these certificates."""
        with self._lock:
            self._certificates[site_id] = certificates

    def put_log(self, name: str, body: bytes) -> None:
        """Let a log file appear; the first one brings the index into being."""
        with self._lock:
            self._logs = {**(self._logs or {}), name: body}

    def drop_log(self, name: str) -> None:
        """Let a log file pass its keeping time."""
        with self._lock:
            self._logs = {known: body for known, body in (self._logs or {}).items() if known != name}

    def _known(self, site_id: int) -> int:
        if not any(site.site_id == site_id for site in self._sites):
            raise WafRefused("サイトがありません。")
        return site_id

    def _meet_fault(self) -> None:
        match self._next_fault(doubtful=False):
            case MemoryFault.UNAVAILABLE:
                raise WafUnavailable("接続できません。")
            case MemoryFault.UNAUTHORISED:
                raise WafUnauthorised("API キーが無効です。")
            case MemoryFault.REFUSED:
                raise WafRefused("要求は拒否されました。")

    def _next_fault(self, *, doubtful: bool) -> MemoryFault | None:
        if self._lasting is not None and (self._lasting in _DOUBTFUL) is doubtful:
            return self._lasting
        for position, fault in enumerate(self._faults):
            if (fault in _DOUBTFUL) is doubtful:
                return self._faults.pop(position)
        return None


def _bucket_of(at: datetime) -> datetime:
    return at - timedelta(seconds=at.timestamp() % _BUCKET.total_seconds())


def _checked(entries: frozenset[str]) -> frozenset[str]:
    known = {text: canonical_entry(text) for text in entries if "-" not in text}
    if len(known) < len(entries) or None in known.values():
        raise WafRefused("IP アドレスでもネットワークでもない項目があります。")
    return frozenset(entry for entry in known.values() if entry is not None)

"""WafVendor: what we ask of a web application firewall, in our words.

One `WafVendor` speaks for one account of one customer. Implementations keep no state of ours; they may be used
from several threads. Every method may raise a `WafError`; nothing else leaves an implementation.

    WafError                    something about the vendor went wrong
     +-- WafUnavailable         retry helps: time-out before sending, 429, 5xx, an HTML page, a broken answer
     +-- WafDoubtful            a write may or may not have happened: read back before anything else
     +-- WafRefused             retry does not help: the vendor understood and said no (bad value, list full)
     |    +-- WafUnauthorised   the credential is wrong, disabled or not allowed to see this account
     |    +-- WafMissing        the thing asked for is not there (no index yet, file gone, policy deleted)
     |    +-- WafFull           the list takes no more entries
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class WafError(Exception):
    """Base of all errors of a vendor; `retry_after_seconds` is the vendor's own wish, where it gave one."""

    retryable = False

    def __init__(self, sentence: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class WafUnavailable(WafError):
    """The vendor could not be asked; the same call may succeed later."""

    retryable = True


class WafDoubtful(WafError):
    """A write was sent and its outcome is unknown. Only reading back tells; never repeat it blindly."""

    retryable = True


class WafRefused(WafError):
    """The vendor understood the call and said no."""


class WafUnauthorised(WafRefused):
    """The credential is wrong, disabled, expired or belongs to somebody else."""


class WafMissing(WafRefused):
    """What was asked for does not exist (yet, or any more)."""


class WafFull(WafRefused):
    """A list has as many entries as the vendor allows. Nothing was written."""


@dataclass(frozen=True, slots=True)
class WafAccount:
    """Who the credential belongs to."""

    account_id: int
    name: str


@dataclass(frozen=True, slots=True)
class WafSite:
    """A protected web site. `bypassed` means that traffic goes to the origin uninspected."""

    site_id: int
    domain: str
    bypassed: bool


@dataclass(frozen=True, slots=True)
class BlockTarget:
    """Which list an address goes on: the dedicated policy `policy_name`, applied to `site_ids`.

    Where the account has no policies (legacy ACL), the lists of the sites themselves are meant.
    """

    policy_name: str
    site_ids: tuple[int, ...]


class ListState(StrEnum):
    """How a list as a whole is. MISSING: not made yet, or deleted. DISABLED: switched off, nothing on it counts."""

    READY = "ready"
    MISSING = "missing"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ListCondition:
    """What else is to be seen of a list.

    entries: how many stand on the fullest list, of any kind and whoever made them.
    others: entries that are neither one address nor one network, as they are spelt.
    unapplied: sites of the target on which the policy does not count.
    by_site: what each site's own list holds; empty where the account works with policies.
    """

    state: ListState = ListState.READY
    entries: int = 0
    others: frozenset[str] = frozenset()
    unapplied: tuple[int, ...] = ()
    by_site: Mapping[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlacklistView:
    """What the vendor's blacklist holds for a target, as read just now. Addresses and networks are canonical text.

    everywhere: what is blocked on every site of the target; none if it has no sites.
    somewhere: what stands on at least one of its lists, in force or not (a superset of `everywhere`):
    on a list that was disabled by hand or is not applied yet, an address could come back to life.
    """

    everywhere: frozenset[str]
    somewhere: frozenset[str]
    condition: ListCondition = field(default=ListCondition(), compare=False)


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """Average bits per second between visitors and the vendor, in + out, over the five minutes that begin at `at`."""

    at: datetime
    bits_per_second: int


@dataclass(frozen=True, slots=True)
class BlockedSample:
    """Requests that the vendor has blocked in the five minutes that begin at `at`, so far: the number only grows."""

    at: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class ThreatFigures:
    """What the vendor counts of attacks in a span. ddos: its own count of DDoS incidents, which only grows.

    blocked: by five minutes, oldest first; those that have only just begun are with them.
    """

    ddos: int
    blocked: tuple[BlockedSample, ...]


class NetworkEventKind(StrEnum):
    """What happened to a network under the vendor's infrastructure protection."""

    ATTACK_STARTED = "attack_started"
    ATTACK_ENDED = "attack_ended"
    SERVERS_DOWN = "servers_down"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class NetworkEvent:
    """An event of the infrastructure protection. target: the network, as text. key: the same for the same event."""

    at: datetime
    kind: NetworkEventKind
    target: str
    key: str


class BalancingAlgorithm(StrEnum):
    """How requests are spread over the servers of a site."""

    LEAST_PENDING = "least_pending_requests"
    LEAST_CONNECTIONS = "least_open_connections"
    SOURCE_HASH = "source_address_hash"
    RANDOM = "random"
    WEIGHTED = "weighted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Balancing:
    """A site's origin servers, as far as they are switched on. None: the vendor did not say."""

    data_centers: int
    active_servers: int
    standby_servers: int
    algorithm: BalancingAlgorithm | None
    persistent: bool | None


class CertificateKind(StrEnum):
    """CUSTOM: the customer's own, who must renew it. GENERATED: the vendor's, who renews it."""

    CUSTOM = "custom"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class WafCertificate:
    """A certificate that a site shows to visitors. ends_at None: the vendor did not say."""

    kind: CertificateKind
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class WafSubscription:
    """What the account has purchased. None: the vendor did not say."""

    plan_mbps: int | None
    load_balancing: bool | None


class WafVendor(Protocol):
    """One account at a vendor. See the module's docstring for the errors."""

    def calls_made(self) -> int:
        """How many calls this object has made to the vendor so far: limits count calls, not what they are for."""

    def account(self) -> WafAccount:
        """Check the credential and say whose it is."""

    def sites(self) -> Sequence[WafSite]:
        """All sites of the account, across the vendor's pages."""

    def read_blacklist(self, target: BlockTarget) -> BlacklistView:
        """Read the list. A policy that does not exist yet is an empty list, not an error."""

    def read_blacklists(self, targets: Sequence[BlockTarget]) -> Sequence[BlacklistView]:
        """Read several lists, in the order of the targets, with as few calls as the vendor allows."""

    def has_site_lists(self) -> bool:
        """Whether the account's lists are those of the sites themselves (legacy ACL), not policies."""

    def change_blacklist(self, target: BlockTarget, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Read, merge, write. Entries that are in neither set are kept as they are, whoever made them.

        Creates the dedicated policy on first use and applies it to each site of the target that lacks it,
        without touching the site's other policies. An address already there, or already gone, is no error, and
        then nothing is written. The caller reads back: a return without error is not yet proof.
        The caller makes sure that only one writer works on a target at a time.

        Both sets hold addresses and networks. After `WafRefused` (but not its WafUnauthorised and WafMissing)
        nothing of `add` was written.
        """

    def cover_sites(self, target: BlockTarget) -> Sequence[int]:
        """Apply the list, if there is one, to each site of the target that lacks it. Returns those sites.

        Its entries stay as they are, and so do the sites' other policies. Does nothing for lists of single sites.
        """

    def traffic(self, start: datetime, end: datetime, *, site_id: int | None = None) -> Sequence[TrafficSample]:
        """The five minutes that lie wholly between `start` and `end`, oldest first; of the whole account, or a site.

        The vendor still counts the five minutes that are running, so `end` is not to lie in the future. It may
        correct its figures for some hours, and may leave out what it does not know.
        """

    def threats(self, start: datetime, end: datetime, *, site_id: int | None = None) -> ThreatFigures:
        """What the vendor counts of attacks from `start` to `end`; of the whole account, or a site."""

    def network_events(self, start: datetime, end: datetime) -> Sequence[NetworkEvent]:
        """Events from `start` to `end` of the account's networks, oldest first. They may come minutes late.

        An account without infrastructure protection has none, or is refused.
        """

    def data_centers(self, site_id: int) -> Balancing:
        """How the origin servers of a site are set up."""

    def certificates(self, site_id: int) -> Sequence[WafCertificate]:
        """The certificates in use on a site; none if the vendor says so."""

    def subscription(self) -> WafSubscription:
        """What the account has purchased."""


class WafLogs(Protocol):
    """The log files of one account, delivered by pull. They may be gone 48 hours after they appeared."""

    def log_index(self) -> Sequence[str]:
        """Names of the files that can be read now, oldest first. No index yet is `WafMissing`."""

    def read_log(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Stream one file as delivered (header, separator, body untouched). The caller leaves the context to close."""

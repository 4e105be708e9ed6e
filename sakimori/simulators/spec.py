"""What a simulated world consists of: accounts, sites, keys, entries that somebody else made, ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sakimori.simulators.phone_wire import PhoneSpec


class BlacklistMode(StrEnum):
    """How an account blocks addresses: by policies (since 2020) or by the old list of each site."""

    POLICY = "policy"
    LEGACY = "legacy"


class LogLevel(StrEnum):
    """FULL delivers access and security lines, SECURITY only the latter."""

    SECURITY = "security"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """A protected web site. `baseline_bps` is invented everyday bandwidth, in + out, at its daily peak."""

    site_id: int
    domain: str
    baseline_bps: int = 0


@dataclass(frozen=True, slots=True)
class ForeignEntry:
    """An address that somebody else, say the customer's own engineer, has put on a list.

    In a policy account it stands in the policy `policy_name`, which is applied to `site_id`; in a legacy account
    on the list of `site_id` itself.
    """

    address: str
    site_id: int
    policy_name: str = "Customer blocklist"
    by: str = "customer-engineer@example.jp"


@dataclass(frozen=True, slots=True)
class PushTarget:
    """A Splunk HEC endpoint that gets every published line too. `ca_pem` trusts a private certificate."""

    url: str
    token: str
    ca_pem: str = ""
    is_gzipped: bool = True


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One account at the vendor with one API key and one log configuration.

    public_key_pem, public_key_id: log files are encrypted for this key if both are given.
    parent_id: the account whose key may act on this one too (MSSP).
    plan_mbps, load_balancing: purchased bandwidth and licences that `accounts/subscription` shows.
    """

    account_id: int
    name: str
    api_id: str
    api_key: str
    log_config_id: int
    log_api_id: str
    log_api_key: str
    sites: tuple[SiteSpec, ...]
    mode: BlacklistMode = BlacklistMode.POLICY
    is_compressed: bool = True
    public_key_pem: str = ""
    public_key_id: int = 0
    log_level: LogLevel = LogLevel.FULL
    foreign: tuple[ForeignEntry, ...] = ()
    parent_id: int = 0
    plan_mbps: int = 20
    load_balancing: int = 0
    push: PushTarget | None = None

    @property
    def log_path(self) -> str:
        """Folder of the log files, `<X>_<configId>`; we take the account id for X."""
        return f"{self.account_id}_{self.log_config_id}"


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1; 0 = a free one is chosen at the first start and kept ever after."""

    imperva: int = 0
    smtp: int = 0
    mailbox: int = 0
    phone: int = 0
    site: int = 0
    control: int = 0

    def as_dict(self) -> Mapping[str, int]:
        """The ports by their names."""
        return {name: getattr(self, name) for name in Ports.__slots__}


DEMO_PORTS = Ports(imperva=8801, smtp=8802, mailbox=8803, phone=8804, site=8805, control=8806)


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """Everything that a world is made of. `seed` fixes its crowd and its attackers."""

    accounts: tuple[AccountSpec, ...]
    ports: Ports = field(default_factory=Ports)
    host: str = "127.0.0.1"
    seed: int = 1
    phone: PhoneSpec = field(default_factory=PhoneSpec)

    def account(self, account_id: int) -> AccountSpec:
        """The account; KeyError if there is none."""
        return {account.account_id: account for account in self.accounts}[account_id]

    def account_of_site(self, site_id: int) -> AccountSpec:
        """The account that owns the site; KeyError if there is none."""
        return {site.site_id: account for account in self.accounts for site in account.sites}[site_id]

    def site(self, site_id: int) -> SiteSpec:
        """The site; KeyError if there is none."""
        return {site.site_id: site for account in self.accounts for site in account.sites}[site_id]

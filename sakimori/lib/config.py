"""Settings of the whole system: read once from the environment, typed, each with one sentence.

`read` never guesses: a setting that is missing or wrong raises `SettingError`, whose sentence names it. Secrets
may be given as `NAME_FILE` with the path of a file that holds the value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sakimori.lib import phone_account
from sakimori.lib import setting_values as values
from sakimori.lib.contradictions import contradiction
from sakimori.lib.phone_account import PhoneAccount, api_url
from sakimori.lib.settings_table import SETTINGS, Setting

__all__ = ["SETTINGS", "Config", "Setting", "SettingError", "read"]

Value = TypeVar("Value")


class SettingError(Exception):
    """A setting is missing or wrong; the text is one sentence for the operator and names the setting."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, typed. Durations carry their unit in the name."""

    data: Path
    base_url: str
    mail_url: str
    mail_from: str
    mail2_url: str
    mail_hours: float
    bounce_address: str
    smtp_listen: tuple[str, int] | None
    vendor_address: str
    inbox_vendor_url: str
    inbox_vendor_password: str = field(repr=False)
    inbox_bounces_url: str
    inbox_bounces_password: str = field(repr=False)
    inbox_move: str
    vendor_mail_domains: tuple[str, ...]
    trusted_authserv: str
    training_dns: Path | None
    soc_phone: str
    service_name: str
    listen: tuple[str, int]
    trusted_proxy: str
    hec_listen: tuple[str, int] | None
    syslog_listen: tuple[str, int] | None
    tls_certificate: Path | None
    tls_key: Path | None
    drop: Path | None
    database_url: str
    logstore_url: str
    soc_networks: tuple[str, ...]
    shared_networks: Path | None
    wave_minutes: float
    late_minutes: float
    good_requests: int
    cap_customer: int
    cap_total: int
    ask_days: float
    compare_minutes: float
    list_limit: int
    vendor_calls: float
    propagation_minutes: float
    ask_minutes: float
    pull_seconds: float
    spool_hours: float
    phone_account: str
    phone_token: str
    phone_key: str
    phone_secret: str
    phone_caller: str
    phone_edge: str
    phone_region: str
    phone_voice: str
    phone_countries: tuple[str, ...]
    phone_url: str
    phone2_account: str
    phone2_token: str
    phone2_key: str
    phone2_secret: str
    phone2_caller: str
    phone2_edge: str
    phone2_region: str
    phone2_url: str
    alarm_minutes: float
    ring_seconds: float
    rounds: int
    round_pause_minutes: float
    calls_per_hour: int
    calls_per_day: int
    merge_minutes: float
    probe_minutes: float
    probe_seconds: float
    slow_seconds: float
    slow_factor: float
    many_sites: int
    hold_minutes: float
    stop_hours: float
    reprobe_seconds: float
    quiet_minutes: float
    followup_minutes: float
    outage_minutes: float
    control_urls: tuple[str, ...]
    control_waf_urls: tuple[str, ...]
    browser: str
    vantage_url: str
    vantage_key: str
    vantage_listen: tuple[str, int]
    upload_mib: int
    log_days: int
    silent_minutes: float
    lag_minutes: float
    disk_alarm_mib: int
    disk_floor_mib: int
    certificate_days: int
    training: bool
    attack_seconds: float
    blocked_per_second: float
    blocked_times: float

    @property
    def phone_accounts(self) -> tuple[PhoneAccount, ...]:
        """The accounts at phone providers in the order in which they are asked; none where operators dial."""
        first = PhoneAccount(
            self.phone_url or api_url(self.phone_edge, self.phone_region),
            self.phone_account,
            self.phone_token,
            self.phone_caller,
            self.phone_key,
            self.phone_secret,
        )
        second = PhoneAccount(
            self.phone2_url or api_url(self.phone2_edge, self.phone2_region),
            self.phone2_account,
            self.phone2_token,
            self.phone2_caller,
            self.phone2_key,
            self.phone2_secret,
        )
        return tuple(account for account in (first, second) if account.account)


def read(environment: Mapping[str, str]) -> Config:
    """Read and check every setting. Raises SettingError for the first one that is missing or wrong."""

    if bool(environment.get("SAKIMORI_TLS_CERTIFICATE")) != bool(environment.get("SAKIMORI_TLS_KEY")):
        raise SettingError(
            "The settings SAKIMORI_TLS_CERTIFICATE and SAKIMORI_TLS_KEY are wrong: give both or neither."
        )
    if trouble := phone_account.given(environment):
        raise SettingError(trouble)

    config = Config(**{column: _take(environment, name, parse) for column, (name, parse) in _READERS.items()})
    if wrong := contradiction(config):
        raise SettingError(wrong)
    return config


def _take(environment: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(_raw(environment, name))
    except ValueError as error:
        raise SettingError(f"The setting {name} is wrong: {error}.") from error


def _raw(environment: Mapping[str, str], name: str) -> str:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    if name in environment:
        return environment[name].strip()
    if path := environment.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingError(f"The setting {name}_FILE names a file that cannot be read: {path}.") from error
    if setting.default is None:
        raise SettingError(f"The setting {name} is missing: {setting.meaning}")
    return setting.default


# Each field of Config: its setting, and how its text is read.
_READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "data": ("SAKIMORI_DATA", lambda text: Path(text).resolve()),
    "base_url": ("SAKIMORI_BASE_URL", values.web_address),
    "mail_url": ("SAKIMORI_MAIL_URL", values.mail_url),
    "mail_from": ("SAKIMORI_MAIL_FROM", values.mail_address),
    "mail2_url": ("SAKIMORI_MAIL2_URL", lambda text: values.mail_url(text) if text else ""),
    "mail_hours": ("SAKIMORI_MAIL_HOURS", values.positive),
    "bounce_address": ("SAKIMORI_BOUNCE_ADDRESS", values.mail_address_or_none),
    "smtp_listen": ("SAKIMORI_SMTP_LISTEN", lambda text: values.endpoint(text) if text else None),
    "vendor_address": ("SAKIMORI_VENDOR_ADDRESS", values.mail_address_or_none),
    "inbox_vendor_url": ("SAKIMORI_INBOX_VENDOR_URL", values.inbox_url),
    "inbox_vendor_password": ("SAKIMORI_INBOX_VENDOR_PASSWORD", str),
    "inbox_bounces_url": ("SAKIMORI_INBOX_BOUNCES_URL", values.inbox_url),
    "inbox_bounces_password": ("SAKIMORI_INBOX_BOUNCES_PASSWORD", str),
    "inbox_move": ("SAKIMORI_INBOX_MOVE", str),
    "vendor_mail_domains": ("SAKIMORI_VENDOR_MAIL_DOMAINS", values.mail_domains),
    "trusted_authserv": ("SAKIMORI_TRUSTED_AUTHSERV", lambda text: text.lower()),
    "training_dns": ("SAKIMORI_TRAINING_DNS", values.file),
    "soc_phone": ("SAKIMORI_SOC_PHONE", values.filled),
    "service_name": ("SAKIMORI_SERVICE_NAME", values.filled),
    "listen": ("SAKIMORI_LISTEN", values.endpoint),
    "trusted_proxy": ("SAKIMORI_TRUSTED_PROXY", values.filled),
    "hec_listen": ("SAKIMORI_HEC_LISTEN", lambda text: values.endpoint(text) if text else None),
    "syslog_listen": ("SAKIMORI_SYSLOG_LISTEN", lambda text: values.endpoint(text) if text else None),
    "tls_certificate": ("SAKIMORI_TLS_CERTIFICATE", values.file),
    "tls_key": ("SAKIMORI_TLS_KEY", values.file),
    "drop": ("SAKIMORI_DROP", values.folder),
    "database_url": ("DATABASE_URL", values.database_url),
    "logstore_url": ("LOGSTORE_URL", values.logstore_url),
    "soc_networks": ("SAKIMORI_SOC_NETWORKS", values.networks),
    "shared_networks": ("SAKIMORI_SHARED_NETWORKS", values.network_file),
    "wave_minutes": ("SAKIMORI_WAVE_MINUTES", values.positive),
    "late_minutes": ("SAKIMORI_LATE_MINUTES", values.positive),
    "good_requests": ("SAKIMORI_GOOD_REQUESTS", values.count),
    "cap_customer": ("SAKIMORI_CAP_CUSTOMER", values.count),
    "cap_total": ("SAKIMORI_CAP_TOTAL", values.count),
    "ask_days": ("SAKIMORI_ASK_DAYS", values.positive),
    "compare_minutes": ("SAKIMORI_COMPARE_MINUTES", values.positive),
    "list_limit": ("SAKIMORI_LIST_LIMIT", values.count),
    "vendor_calls": ("SAKIMORI_VENDOR_CALLS", values.positive),
    "propagation_minutes": ("SAKIMORI_PROPAGATION_MINUTES", values.positive),
    "ask_minutes": ("SAKIMORI_ASK_MINUTES", values.positive),
    "pull_seconds": ("SAKIMORI_PULL_SECONDS", values.positive),
    "spool_hours": ("SAKIMORI_SPOOL_HOURS", values.positive),
    "phone_account": ("SAKIMORI_PHONE_ACCOUNT", phone_account.account),
    "phone_token": ("SAKIMORI_PHONE_TOKEN", str),
    "phone_key": ("SAKIMORI_PHONE_KEY", phone_account.key),
    "phone_secret": ("SAKIMORI_PHONE_SECRET", str),
    "phone_caller": ("SAKIMORI_PHONE_CALLER", phone_account.caller),
    "phone_edge": ("SAKIMORI_PHONE_EDGE", phone_account.place),
    "phone_region": ("SAKIMORI_PHONE_REGION", phone_account.place),
    "phone_voice": ("SAKIMORI_PHONE_VOICE", phone_account.voice),
    "phone_countries": ("SAKIMORI_PHONE_COUNTRIES", phone_account.countries),
    "phone_url": ("SAKIMORI_PHONE_URL", values.phone_url),
    "phone2_account": ("SAKIMORI_PHONE2_ACCOUNT", phone_account.account),
    "phone2_token": ("SAKIMORI_PHONE2_TOKEN", str),
    "phone2_key": ("SAKIMORI_PHONE2_KEY", phone_account.key),
    "phone2_secret": ("SAKIMORI_PHONE2_SECRET", str),
    "phone2_caller": ("SAKIMORI_PHONE2_CALLER", phone_account.caller),
    "phone2_edge": ("SAKIMORI_PHONE2_EDGE", phone_account.place),
    "phone2_region": ("SAKIMORI_PHONE2_REGION", phone_account.place),
    "phone2_url": ("SAKIMORI_PHONE2_URL", values.phone_url),
    "alarm_minutes": ("SAKIMORI_ALARM_MINUTES", values.positive),
    "ring_seconds": ("SAKIMORI_RING_SECONDS", values.positive),
    "rounds": ("SAKIMORI_ROUNDS", values.count),
    "round_pause_minutes": ("SAKIMORI_ROUND_PAUSE_MINUTES", values.positive),
    "calls_per_hour": ("SAKIMORI_CALLS_PER_HOUR", values.count),
    "calls_per_day": ("SAKIMORI_CALLS_PER_DAY", values.count),
    "merge_minutes": ("SAKIMORI_MERGE_MINUTES", values.positive),
    "probe_minutes": ("SAKIMORI_PROBE_MINUTES", values.positive),
    "probe_seconds": ("SAKIMORI_PROBE_SECONDS", values.positive),
    "slow_seconds": ("SAKIMORI_SLOW_SECONDS", values.positive),
    "slow_factor": ("SAKIMORI_SLOW_FACTOR", values.positive),
    "many_sites": ("SAKIMORI_MANY_SITES", values.count),
    "hold_minutes": ("SAKIMORI_HOLD_MINUTES", values.positive),
    "stop_hours": ("SAKIMORI_STOP_HOURS", values.positive),
    "reprobe_seconds": ("SAKIMORI_REPROBE_SECONDS", values.positive),
    "quiet_minutes": ("SAKIMORI_QUIET_MINUTES", values.positive),
    "followup_minutes": ("SAKIMORI_FOLLOWUP_MINUTES", values.positive),
    "outage_minutes": ("SAKIMORI_OUTAGE_MINUTES", values.positive),
    "control_urls": ("SAKIMORI_CONTROL_URLS", values.web_pages),
    "control_waf_urls": ("SAKIMORI_CONTROL_WAF_URLS", values.web_pages),
    "browser": ("SAKIMORI_BROWSER", values.browser),
    "vantage_url": ("SAKIMORI_VANTAGE_URL", lambda text: values.web_address(text) if text else ""),
    "vantage_key": ("SAKIMORI_VANTAGE_KEY", values.shared_key),
    "vantage_listen": ("SAKIMORI_VANTAGE_LISTEN", values.endpoint),
    "upload_mib": ("SAKIMORI_UPLOAD_MIB", values.count),
    "log_days": ("SAKIMORI_LOG_DAYS", values.count),
    "silent_minutes": ("SAKIMORI_SILENT_MINUTES", values.positive),
    "lag_minutes": ("SAKIMORI_LAG_MINUTES", values.positive),
    "disk_alarm_mib": ("SAKIMORI_DISK_ALARM_MIB", values.count),
    "disk_floor_mib": ("SAKIMORI_DISK_FLOOR_MIB", values.count),
    "certificate_days": ("SAKIMORI_CERTIFICATE_DAYS", values.count),
    "training": ("SAKIMORI_ALLOW_DOCUMENTATION", lambda text: text == "1"),
    "attack_seconds": ("SAKIMORI_ATTACK_SECONDS", values.positive),
    "blocked_per_second": ("SAKIMORI_BLOCKED_PER_SECOND", values.positive),
    "blocked_times": ("SAKIMORI_BLOCKED_TIMES", values.positive),
}

"""Settings of the whole system: read once from the environment, typed, each with one sentence.

`read` never guesses: a setting that is missing or wrong raises `SettingError`, whose sentence names it. Secrets
may be given as `NAME_FILE` with the path of a file that holds the value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sakimori.lib.network_file import SHARED_KINDS, read_file
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
    phone_url: str
    alarm_minutes: float
    ring_seconds: float
    probe_minutes: float
    probe_seconds: float
    slow_seconds: float
    reprobe_seconds: float
    quiet_minutes: float
    outage_minutes: float
    control_urls: tuple[str, ...]
    upload_mib: int
    log_days: int
    silent_minutes: float
    lag_minutes: float
    disk_alarm_mib: int
    disk_floor_mib: int
    certificate_days: int
    training: bool


def read(environment: Mapping[str, str]) -> Config:
    """Read and check every setting. Raises SettingError for the first one that is missing or wrong."""

    if bool(environment.get("SAKIMORI_TLS_CERTIFICATE")) != bool(environment.get("SAKIMORI_TLS_KEY")):
        raise SettingError(
            "The settings SAKIMORI_TLS_CERTIFICATE and SAKIMORI_TLS_KEY are wrong: give both or neither."
        )

    return Config(**{field: _take(environment, name, parse) for field, (name, parse) in _READERS.items()})


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


def _filled(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(f"{text!r} is not of the form https://host")
    return text.rstrip("/")


def _web_pages(text: str) -> tuple[str, ...]:
    pages = tuple(part.strip() for part in text.split(",") if part.strip())
    for page in pages:
        parts = urlsplit(page)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{page!r} is not of the form https://host/page")
    return pages


def _phone_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost", "::1"}):
        raise ValueError("it must be empty or the address of a simulator on this machine, http://127.0.0.1:port")
    return text.rstrip("/")


def _mail_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps", "smtp+plain"} or not parts.hostname:
        raise ValueError("it must begin with smtp://, smtps:// or smtp+plain:// and name a host")
    return text


def _mail_address(text: str) -> str:
    local, at, domain = text.partition("@")
    if not (local and at and domain) or any(sign.isspace() for sign in text):
        raise ValueError(f"{text!r} is not a mail address")
    return text


def _endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not of the form address:port")
    return host.strip("[]"), int(port)


def _file(text: str) -> Path | None:
    if not text:
        return None
    if not Path(text).is_file():
        raise ValueError(f"there is no file {text}")
    return Path(text)


def _folder(text: str) -> Path | None:
    if text and not Path(text).is_dir():
        raise ValueError(f"there is no folder {text}")
    return Path(text).resolve() if text else None


def _database_url(text: str) -> str:
    if text and urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("it must be empty or begin with postgresql://")
    return text


def _logstore_url(text: str) -> str:
    if text and urlsplit(text).scheme not in {"chdb", "clickhouse", "clickhouses"}:
        raise ValueError("it must be empty or begin with chdb:// or clickhouse://")
    return text


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())


def _network_file(text: str) -> Path | None:
    if path := _file(text):
        read_file(path, kinds=SHARED_KINDS)
    return path


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(f"{text!r} is not a positive number")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


# Each field of Config: its setting, and how its text is read. At the end of the file, for it names the functions above.
_READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "data": ("SAKIMORI_DATA", lambda text: Path(text).resolve()),
    "base_url": ("SAKIMORI_BASE_URL", _web_address),
    "mail_url": ("SAKIMORI_MAIL_URL", _mail_url),
    "mail_from": ("SAKIMORI_MAIL_FROM", _mail_address),
    "soc_phone": ("SAKIMORI_SOC_PHONE", _filled),
    "service_name": ("SAKIMORI_SERVICE_NAME", _filled),
    "listen": ("SAKIMORI_LISTEN", _endpoint),
    "trusted_proxy": ("SAKIMORI_TRUSTED_PROXY", _filled),
    "hec_listen": ("SAKIMORI_HEC_LISTEN", lambda text: _endpoint(text) if text else None),
    "syslog_listen": ("SAKIMORI_SYSLOG_LISTEN", lambda text: _endpoint(text) if text else None),
    "tls_certificate": ("SAKIMORI_TLS_CERTIFICATE", _file),
    "tls_key": ("SAKIMORI_TLS_KEY", _file),
    "drop": ("SAKIMORI_DROP", _folder),
    "database_url": ("DATABASE_URL", _database_url),
    "logstore_url": ("LOGSTORE_URL", _logstore_url),
    "soc_networks": ("SAKIMORI_SOC_NETWORKS", _networks),
    "shared_networks": ("SAKIMORI_SHARED_NETWORKS", _network_file),
    "wave_minutes": ("SAKIMORI_WAVE_MINUTES", _positive),
    "late_minutes": ("SAKIMORI_LATE_MINUTES", _positive),
    "good_requests": ("SAKIMORI_GOOD_REQUESTS", _count),
    "cap_customer": ("SAKIMORI_CAP_CUSTOMER", _count),
    "cap_total": ("SAKIMORI_CAP_TOTAL", _count),
    "ask_days": ("SAKIMORI_ASK_DAYS", _positive),
    "compare_minutes": ("SAKIMORI_COMPARE_MINUTES", _positive),
    "list_limit": ("SAKIMORI_LIST_LIMIT", _count),
    "vendor_calls": ("SAKIMORI_VENDOR_CALLS", _positive),
    "propagation_minutes": ("SAKIMORI_PROPAGATION_MINUTES", _positive),
    "ask_minutes": ("SAKIMORI_ASK_MINUTES", _positive),
    "pull_seconds": ("SAKIMORI_PULL_SECONDS", _positive),
    "spool_hours": ("SAKIMORI_SPOOL_HOURS", _positive),
    "phone_url": ("SAKIMORI_PHONE_URL", _phone_url),
    "alarm_minutes": ("SAKIMORI_ALARM_MINUTES", _positive),
    "ring_seconds": ("SAKIMORI_RING_SECONDS", _positive),
    "probe_minutes": ("SAKIMORI_PROBE_MINUTES", _positive),
    "probe_seconds": ("SAKIMORI_PROBE_SECONDS", _positive),
    "slow_seconds": ("SAKIMORI_SLOW_SECONDS", _positive),
    "reprobe_seconds": ("SAKIMORI_REPROBE_SECONDS", _positive),
    "quiet_minutes": ("SAKIMORI_QUIET_MINUTES", _positive),
    "outage_minutes": ("SAKIMORI_OUTAGE_MINUTES", _positive),
    "control_urls": ("SAKIMORI_CONTROL_URLS", _web_pages),
    "upload_mib": ("SAKIMORI_UPLOAD_MIB", _count),
    "log_days": ("SAKIMORI_LOG_DAYS", _count),
    "silent_minutes": ("SAKIMORI_SILENT_MINUTES", _positive),
    "lag_minutes": ("SAKIMORI_LAG_MINUTES", _positive),
    "disk_alarm_mib": ("SAKIMORI_DISK_ALARM_MIB", _count),
    "disk_floor_mib": ("SAKIMORI_DISK_FLOOR_MIB", _count),
    "certificate_days": ("SAKIMORI_CERTIFICATE_DAYS", _count),
    "training": ("SAKIMORI_ALLOW_DOCUMENTATION", lambda text: text == "1"),
}

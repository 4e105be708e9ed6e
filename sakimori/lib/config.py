"""Settings of the whole system: read once from the environment, typed, each with one sentence.

`read` never guesses: a setting that is missing or wrong raises `SettingError`, whose sentence names it. Secrets
may be given as `NAME_FILE` with the path of a file that holds the value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

Value = TypeVar("Value")


class SettingError(Exception):
    """A setting is missing or wrong; the text is one sentence for the operator and names the setting."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its environment variable, what it means (English, for the README), and its default if any."""

    name: str
    meaning: str
    default: str | None = None


SETTINGS = (
    Setting("SAKIMORI_DATA", "Folder for everything that is kept on this machine.", "data"),
    Setting("SAKIMORI_BASE_URL", "Address of the portal as users see it, such as https://portal.example.jp."),
    Setting(
        "SAKIMORI_MAIL_URL",
        "Mail server: smtp://user:password@host:587 (STARTTLS), smtps://... or smtp+plain://... "
        "for a server on this machine.",
    ),
    Setting("SAKIMORI_MAIL_FROM", "Sender of all mails, such as soc@example.jp."),
    Setting("SAKIMORI_SOC_PHONE", "The SOC's phone number, printed in every mail."),
    Setting("SAKIMORI_SERVICE_NAME", "Name of the service in pages and mails.", "Webサイトプロテクションサービス"),
    Setting("SAKIMORI_LISTEN", "Address and port of the web pages.", "127.0.0.1:8000"),
    Setting(
        "SAKIMORI_TRUSTED_PROXY",
        "Address of the reverse proxy that ends TLS in front of the pages; only its X-Forwarded headers are believed.",
        "127.0.0.1",
    ),
    Setting("SAKIMORI_HEC_LISTEN", "Address and port of the HTTPS log collector; empty switches it off.", ""),
    Setting(
        "SAKIMORI_TLS_CERTIFICATE",
        "PEM file with the collector's certificate chain; empty makes a self-signed one.",
        "",
    ),
    Setting("SAKIMORI_TLS_KEY", "PEM file with the key of SAKIMORI_TLS_CERTIFICATE.", ""),
    Setting(
        "DATABASE_URL",
        "Database: empty for SQLite in the data folder, or postgresql://user:password@host/name.",
        "",
    ),
    Setting(
        "LOGSTORE_URL",
        "Log store: empty for the embedded one in the data folder, chdb:///path, or "
        "clickhouse://user:password@host:8123/name.",
        "",
    ),
    Setting(
        "SAKIMORI_SOC_NETWORKS",
        "Networks of the SOC and its probes, comma separated; they are never blocked.",
        "",
    ),
    Setting(
        "SAKIMORI_WAVE_MINUTES",
        "Mails about blocked addresses of one customer are at least this far apart.",
        "15",
    ),
    Setting("SAKIMORI_LATE_MINUTES", "Events older than this on arrival never block by themselves.", "60"),
    Setting(
        "SAKIMORI_GOOD_REQUESTS",
        "This many good requests from an address in the stored log, and an analyst is asked.",
        "10",
    ),
    Setting(
        "SAKIMORI_CAP_CUSTOMER",
        "Addresses blocked automatically per customer and hour; beyond it an analyst is asked.",
        "50",
    ),
    Setting("SAKIMORI_CAP_TOTAL", "Addresses blocked automatically per hour for all customers together.", "500"),
    Setting(
        "SAKIMORI_ASK_DAYS",
        "After a restore an analyst is asked before the address is blocked again, this long.",
        "90",
    ),
    Setting("SAKIMORI_PULL_SECONDS", "Pause between two looks at a log index.", "30"),
    Setting("SAKIMORI_SPOOL_HOURS", "Log files stay in the spool this long after they were stored.", "48"),
    Setting(
        "SAKIMORI_ALLOW_DOCUMENTATION",
        "1 treats documentation addresses as public, and allows plain-HTTP cookies: only for demo and training.",
        "0",
    ),
)


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
    tls_certificate: Path | None
    tls_key: Path | None
    database_url: str
    logstore_url: str
    soc_networks: tuple[str, ...]
    wave_minutes: float
    late_minutes: float
    good_requests: int
    cap_customer: int
    cap_total: int
    ask_days: float
    pull_seconds: float
    spool_hours: float
    training: bool


def read(environment: Mapping[str, str]) -> Config:
    """Read and check every setting. Raises SettingError for the first one that is missing or wrong."""

    def take(name: str, parse: Callable[[str], Value]) -> Value:
        return _take(environment, name, parse)

    if bool(environment.get("SAKIMORI_TLS_CERTIFICATE")) != bool(environment.get("SAKIMORI_TLS_KEY")):
        raise SettingError(
            "The settings SAKIMORI_TLS_CERTIFICATE and SAKIMORI_TLS_KEY are wrong: give both or neither."
        )

    return Config(
        data=take("SAKIMORI_DATA", lambda text: Path(text).resolve()),
        base_url=take("SAKIMORI_BASE_URL", _web_address),
        mail_url=take("SAKIMORI_MAIL_URL", _mail_url),
        mail_from=take("SAKIMORI_MAIL_FROM", _mail_address),
        soc_phone=take("SAKIMORI_SOC_PHONE", _filled),
        service_name=take("SAKIMORI_SERVICE_NAME", _filled),
        listen=take("SAKIMORI_LISTEN", _endpoint),
        trusted_proxy=take("SAKIMORI_TRUSTED_PROXY", _filled),
        hec_listen=take("SAKIMORI_HEC_LISTEN", lambda text: _endpoint(text) if text else None),
        tls_certificate=take("SAKIMORI_TLS_CERTIFICATE", _file),
        tls_key=take("SAKIMORI_TLS_KEY", _file),
        database_url=take("DATABASE_URL", _database_url),
        logstore_url=take("LOGSTORE_URL", _logstore_url),
        soc_networks=take("SAKIMORI_SOC_NETWORKS", _networks),
        wave_minutes=take("SAKIMORI_WAVE_MINUTES", _positive),
        late_minutes=take("SAKIMORI_LATE_MINUTES", _positive),
        good_requests=take("SAKIMORI_GOOD_REQUESTS", _count),
        cap_customer=take("SAKIMORI_CAP_CUSTOMER", _count),
        cap_total=take("SAKIMORI_CAP_TOTAL", _count),
        ask_days=take("SAKIMORI_ASK_DAYS", _positive),
        pull_seconds=take("SAKIMORI_PULL_SECONDS", _positive),
        spool_hours=take("SAKIMORI_SPOOL_HOURS", _positive),
        training=take("SAKIMORI_ALLOW_DOCUMENTATION", lambda text: text == "1"),
    )


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


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(f"{text!r} is not a positive number")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)

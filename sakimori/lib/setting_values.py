"""How the text of each setting is read. Each function raises ValueError, whose text says what is wrong with it."""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from sakimori.lib.network_file import SHARED_KINDS, read_file

_SHORTEST_KEY = 32


def filled(text: str) -> str:
    """A text that must not be empty."""
    if not text:
        raise ValueError("it must not be empty")
    return text


def web_address(text: str) -> str:
    """An address such as https://host, without a path."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(f"{text!r} is not of the form https://host")
    return text.rstrip("/")


def web_pages(text: str) -> tuple[str, ...]:
    """Addresses of pages, comma separated."""
    pages = tuple(part.strip() for part in text.split(",") if part.strip())
    for page in pages:
        parts = urlsplit(page)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{page!r} is not of the form https://host/page")
    return pages


def browser(text: str) -> str:
    """`auto`, `off`, or the path of a browser that is there."""
    if text not in {"auto", "off"} and not Path(text).is_file():
        raise ValueError("it must be auto, off or the path of a browser that is there")
    return text


def shared_key(text: str) -> str:
    """Empty, or a key that nobody guesses. The text is never part of the error."""
    if text and len(text) < _SHORTEST_KEY:
        raise ValueError(f"it must be empty or have {_SHORTEST_KEY} characters or more")
    return text


def phone_url(text: str) -> str:
    """Empty, or the address of the simulator's phone."""
    parts = urlsplit(text)
    if text and (parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "localhost", "::1"}):
        raise ValueError("it must be empty or the address of a simulator on this machine, http://127.0.0.1:port")
    return text.rstrip("/")


def mail_url(text: str) -> str:
    """The address of a mail server."""
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps", "smtp+plain"} or not parts.hostname:
        raise ValueError("it must begin with smtp://, smtps:// or smtp+plain:// and name a host")
    return text


def mail_address(text: str) -> str:
    """A mail address."""
    local, at, domain = text.partition("@")
    if not (local and at and domain) or any(sign.isspace() for sign in text):
        raise ValueError(f"{text!r} is not a mail address")
    return text


def mail_address_or_none(text: str) -> str:
    """Empty, or a mail address, in small letters."""
    return mail_address(text).lower() if text else ""


def mail_domains(text: str) -> tuple[str, ...]:
    """Domains, comma separated, in small letters; at least one."""
    domains = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not domains or not all("." in domain and domain.isascii() and " " not in domain for domain in domains):
        raise ValueError(f"{text!r} is not of the form example.com,example.net")
    return domains


def inbox_url(text: str) -> str:
    """Empty, or the address of a mailbox behind TLS, or of one on this machine."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"imaps", "imap+plain"} or not parts.hostname or not parts.username:
        raise ValueError("it must be empty or of the form imaps://user@host/folder")
    if parts.scheme == "imap+plain" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ValueError("imap+plain is only allowed to a server on this machine")
    return text


def endpoint(text: str) -> tuple[str, int]:
    """address:port to listen at."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not of the form address:port")
    return host.strip("[]"), int(port)


def file(text: str) -> Path | None:
    """Empty, or the path of a file that is there."""
    if not text:
        return None
    if not Path(text).is_file():
        raise ValueError(f"there is no file {text}")
    return Path(text)


def folder(text: str) -> Path | None:
    """Empty, or the path of a folder that is there."""
    if text and not Path(text).is_dir():
        raise ValueError(f"there is no folder {text}")
    return Path(text).resolve() if text else None


def database_url(text: str) -> str:
    """Empty, or the address of a PostgreSQL database."""
    if text and urlsplit(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("it must be empty or begin with postgresql://")
    return text


def logstore_url(text: str) -> str:
    """Empty, or the address of a log store."""
    if text and urlsplit(text).scheme not in {"chdb", "clickhouse", "clickhouses"}:
        raise ValueError("it must be empty or begin with chdb:// or clickhouse://")
    return text


def networks(text: str) -> tuple[str, ...]:
    """Networks, comma separated, as they are written canonically."""
    return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())


def network_file(text: str) -> Path | None:
    """Empty, or the path of a file of shared networks that can be read."""
    if path := file(text):
        read_file(path, kinds=SHARED_KINDS)
    return path


def positive(text: str) -> float:
    """A number above zero."""
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError(f"{text!r} is not a positive number")
    return number


def count(text: str) -> int:
    """A whole number, zero or more."""
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)

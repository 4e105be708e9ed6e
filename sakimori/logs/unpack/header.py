"""The header of a log file: `key:value` lines up to `|==|`. Order, case and further keys are the vendor's choice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from sakimori.logs.formats.detect import LogFormat, format_named
from sakimori.logs.formats.values import read_int, read_time
from sakimori.logs.formats.w3c import field_names

MAX_HEADER_BYTES = 64 * 1024

_SEPARATOR = re.compile(rb"(?:\A|\n)\|==\|(?:\r?\n)?")
_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9 _.-]{0,63}[ \t]*:[^\0]*")
_LOG_LINE = re.compile(rb"(?:CEF|LEEF):", re.IGNORECASE)
_MD5 = re.compile(r"[0-9A-Fa-f]{32}")
_KNOWN = frozenset(
    ("accountid", "configid", "checksum", "format", "starttime", "endtime", "publickeyid", "key", "w3c fields")
)


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What the header says. All of it may be absent: then the body is all there is.

    checksum: MD5 as 32 lower-case hex digits; "" if there is none that can be verified.
    checksum_as_sent: what stood there, so that a checksum that is none can be seen.
    encrypted_key: the RSA-encrypted key as sent; "" for a file that is not encrypted.
    other: keys that we do not know, and known ones whose value cannot be read, as sent.
    """

    account_id: int | None = None
    config_id: int | None = None
    checksum: str = ""
    checksum_as_sent: str = ""
    format_name: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    public_key_id: int | None = None
    encrypted_key: str = ""
    w3c_fields: tuple[str, ...] = ()
    other: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_encrypted(self) -> bool:
        return bool(self.encrypted_key)

    @property
    def format(self) -> LogFormat | None:
        return format_named(self.format_name)


def split_header(beginning: bytes) -> tuple[FileHeader, bytes]:
    """Give the header and the rest of `beginning` (the first `MAX_HEADER_BYTES` of a file).

    With a separator, everything before it is header if it looks like one. Without, only leading lines with keys
    that we know are. A line feed after the separator belongs to the separator: a file that omits it and whose
    encrypted body begins with that very byte cannot be told apart.
    """
    separator = _SEPARATOR.search(beginning)
    if separator:
        lines = beginning[: separator.start()].splitlines()
        if all(_LINE.fullmatch(line) and not _LOG_LINE.match(line) for line in lines if line.strip()):
            return _read(lines), beginning[separator.end() :]
    return _split_without_separator(beginning)


def _split_without_separator(beginning: bytes) -> tuple[FileHeader, bytes]:
    lines, position = [], 0
    while (end := beginning.find(b"\n", position)) >= 0:
        line = beginning[position:end]
        if line.partition(b":")[0].strip().lower().decode("ascii", "replace") not in _KNOWN or b":" not in line:
            break
        lines.append(line)
        position = end + 1
    return _read(lines), beginning[position:]


def _read(lines: list[bytes]) -> FileHeader:
    texts: dict[str, str] = {}
    other: dict[str, str] = {}
    for line in lines:
        name, _, text = line.decode(errors="replace").partition(":")
        known = name.strip().lower()
        if known in _KNOWN:
            texts[known] = text.strip()
        elif known:
            other[name.strip()] = text.strip()
    checksum = texts.get("checksum", "")
    return FileHeader(
        account_id=_number(texts, "accountid", other),
        config_id=_number(texts, "configid", other),
        checksum=checksum.lower() if _MD5.fullmatch(checksum) else "",
        checksum_as_sent=checksum,
        format_name=texts.get("format", ""),
        start_time=_time(texts, "starttime", other),
        end_time=_time(texts, "endtime", other),
        public_key_id=_number(texts, "publickeyid", other),
        encrypted_key=texts.get("key", ""),
        w3c_fields=field_names(texts.get("w3c fields", "")),
        other=MappingProxyType(other),
    )


def _number(texts: dict[str, str], name: str, other: dict[str, str]) -> int | None:
    try:
        return read_int(texts.get(name, ""))
    except ValueError:
        other[name] = texts[name]
        return None


def _time(texts: dict[str, str], name: str, other: dict[str, str]) -> datetime | None:
    try:
        return read_time(texts.get(name, ""))
    except ValueError:
        other[name] = texts[name]
        return None

"""What a chain of stored log files is, and what breaks it. Pure: no rows, no files, no clock.

Every stored file has a link. The links of a contract and day are numbered from 1, and each holds the digest of the one
before it. The first holds the digest of the day before, which covers that day's number of links and its last link; so
no link, and no whole day, can be changed or left out without a trace. A digest is SHA-256 over the version (one byte),
what it is of, a line feed, and the members as JSON: keys sorted, no spaces, ASCII. The contract's number is a member,
so nothing of one contract fits into the chain of another.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

VERSION = 1
BEGINNING = "0" * 64
_LINK, _DAY = b"sakimori log link", b"sakimori log day"


class Break(StrEnum):
    """What may be wrong with a chain, in the words of `sakimori logs verify`."""

    CHANGED = "the link or the file's row in the ledger was changed"
    NOT_CONTINUED = "the link does not continue the one before it"
    MISSING = "a link is missing"
    LAST = "the day does not end with the link it should end with"
    DAY = "the day does not continue the day before it"
    NEWEST = "the newest day is not the one it should be"
    RECORD = "the day is not as it was written into the record"
    NO_LINK = "a stored file has no link"
    STATE = "a file with a link is not stored in the ledger"
    ROWS = "the store does not hold as many rows as the ledger counted"
    SPOOL = "the file in the spool is not the one that was received"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. sequence: the link's number in its day, 0 where it is about no single link."""

    day: date
    sequence: int
    what: Break
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.day} #{self.sequence}" if self.sequence else f"{self.day}"
        return f"{place}: {self.what}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Link:
    """That a file was received and stored. day: the Japanese day of `linked_at`, the moment at which it was stored.

    file: its key in the ledger. sha256: of the file as it was received. oldest_day, newest_day: the Japanese days of
    its events; None where it has none. previous: the digest before it.
    """

    contract: str
    day: date
    sequence: int
    linked_at: datetime
    file: int
    door: str
    name: str
    sha256: str
    size_bytes: int
    received_at: datetime
    lines: int
    rows: int
    quarantined_lines: int
    oldest_day: date | None
    newest_day: date | None
    previous: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """All links of a contract's day. last: the digest of the last one. previous: the digest of the day before."""

    contract: str
    day: date
    links: int
    last: str
    previous: str

    @property
    def digest(self) -> str:
        """What the first link of the next day holds."""
        return _digest(_DAY, members(self))


def sealed(link: Link) -> Link:
    """The link with its digest."""
    return replace(link, digest=digest_of(link))


def digest_of(link: Link) -> str:
    """The digest over every member but the digest itself."""
    return _digest(_LINK, {name: value for name, value in members(link).items() if name != "digest"})


def members(record: Link | Day) -> dict[str, str | int | None]:
    """The members as they are digested and written: days as ISO dates, moments in UTC with microseconds."""
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def link_of(written: Mapping[str, Any]) -> Link:
    """Read what `members` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    days = {name: date.fromisoformat(written[name]) if written[name] else None for name in ("oldest_day", "newest_day")}
    moments = {name: datetime.fromisoformat(written[name]) for name in ("linked_at", "received_at")}
    return Link(**{**written, "day": date.fromisoformat(written["day"]), **days, **moments})


def day_of_chain(written: Mapping[str, Any]) -> Day:
    """Read what `members` wrote. Raises as `link_of`."""
    return Day(**{**written, "day": date.fromisoformat(written["day"])})


def broken_links(day: Day, links: Iterable[Link]) -> Iterator[Trouble]:
    """Everything that is wrong inside a day, whose links are given in order."""
    expected, previous = 1, day.previous
    for link in links:
        if link.sequence != expected:
            yield Trouble(day.day, expected, Break.MISSING)
        elif link.previous != previous:
            yield Trouble(day.day, link.sequence, Break.NOT_CONTINUED)
        if (link.contract, link.day) != (day.contract, day.day) or link.digest != digest_of(link):
            yield Trouble(day.day, link.sequence, Break.CHANGED, link.name)
        expected, previous = link.sequence + 1, link.digest
    if expected != day.links + 1:
        yield Trouble(day.day, 0, Break.MISSING, f"{expected - 1} of {day.links}")
    elif previous != day.last:
        yield Trouble(day.day, 0, Break.LAST)


def broken_days(days: Iterable[Day], *, before: str, newest: str | None = None) -> Iterator[Trouble]:
    """Every day that does not continue the one before it. before: the digest that the first must hold.

    newest: the digest of the last day, where it is known from elsewhere.
    """
    previous, last = before, None
    for day in days:
        if day.previous != previous or (last is not None and day.day <= last):
            yield Trouble(day.day, 0, Break.DAY)
        previous, last = day.digest, day.day
    if newest is not None and previous != newest:
        yield Trouble(last or date.min, 0, Break.NEWEST)


def _plain(value: object) -> str | int | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} is no member of a chain")


def _digest(what: bytes, content: Mapping[str, str | int | None]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(bytes([VERSION]) + what + b"\n" + text.encode()).hexdigest()

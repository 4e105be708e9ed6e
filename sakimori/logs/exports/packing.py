"""Writes a bundle: what a search finds, in parts, with the chain and the sums. Constant memory, one pass.

The file is written under the name it is given; it is whole when `pack` returns. See `bundle.py` for what is in it.
"""

import hashlib
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sakimori.customers.models import Contract
from sakimori.lib.crypto import sync_folder
from sakimori.lib.jst import JST, day_of
from sakimori.logs.chain.rows import day_record, link_record, links_of
from sakimori.logs.chain.rules import Link
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports import excerpt
from sakimori.logs.exports.asked import in_words
from sakimori.logs.exports.bundle import CHAIN, README, SUMS, original_name
from sakimori.logs.exports.readme import About, readme
from sakimori.logs.exports.writing import as_lines, as_table
from sakimori.logs.models import ChainDay, ChainHead, ChainLink, ExportForm, LogFile
from sakimori.logs.search import walk
from sakimori.logs.search_address import query_string
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore

Row = Mapping[str, Any]

PART_LINES = 500_000  # A spreadsheet program opens about a million rows.
TELL_EVERY = 5_000
_FILES_AT_ONCE = 500
_HASHED_AT_ONCE = 1 << 20
ORIGINALS_BYTES, _MOST_ORIGINALS = 256 << 20, 500  # Each holds a file open for a moment.
_WAYS: Mapping[str, tuple[Callable[[Iterable[Row]], Iterator[bytes]], str]] = {
    ExportForm.CSV: (as_table, "csv"),
    ExportForm.LINES: (as_lines, "log"),
}


class Changed(Exception):
    """Retention let go of a part of the chain meanwhile: begin again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is packed. service: the name of the service, for the reader."""

    contract: Contract
    query: LogQuery
    form: str
    made_at: datetime
    service: str


@dataclass(frozen=True, slots=True)
class Packed:
    """What came of it. oldest: the Japanese day of the first event. head: the digest of the chain's newest day."""

    lines: int
    size_bytes: int
    sha256: str
    oldest: date | None
    head: str


def pack(
    path: Path, wanted: Wanted, *, store: LogStore, tell: Callable[[int], None], spool: Spool | None = None
) -> Packed:
    """Write the bundle durably. tell: called now and then with the number of lines so far; what it raises passes.

    spool: where files lie as they were received; those that gave lines go along.

    Raises StoreError, OSError or Changed; then the file is not whole.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            bundle = _Bundle(wanted, archive, tell)
            bundle.write_parts(walk(store, wanted.query))
            head = bundle.write_chain()
            if spool is not None:
                bundle.write_originals(spool)
            bundle.write_rest(head)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return Packed(bundle.lines, path.stat().st_size, _hash(path), bundle.oldest, head)


@dataclass
class _Bundle:
    wanted: Wanted
    archive: zipfile.ZipFile
    tell: Callable[[int], None]
    sums: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, int]] = field(default_factory=list)
    given: Counter[int] = field(default_factory=Counter)
    lines: int = 0
    unlinked: int = 0
    originals: int = 0
    oldest: date | None = None

    def write_parts(self, rows: Iterator[Row]) -> None:
        """All rows, in files of bounded length."""
        write, ending = _WAYS[self.wanted.form]
        passing = self._passing(rows)
        first = next(passing, None)
        while first is not None:
            before = self.lines - 1
            name = f"logs-{len(self.parts) + 1:04}.{ending}"
            self._write(name, write(chain([first], islice(passing, PART_LINES - 1))))
            self.parts.append((name, self.lines - before))
            first = next(passing, None)

    def write_chain(self) -> str:
        """The chain of the files that gave lines. Returns the digest of its newest day, empty if there is none."""
        head = ChainHead.objects.filter(contract=self.wanted.contract).first()
        giving, linked = self._giving_days()
        self.unlinked = self.lines - linked
        first = min(giving.values(), default=None)
        rows = ChainDay.objects.filter(contract=self.wanted.contract).order_by("day")
        days = list(rows.filter(day__gte=first)) if head and first else []
        self._write(
            CHAIN,
            excerpt.pieces(
                contract=head.contract_number if head else self.wanted.contract.number,
                made_at=self.wanted.made_at,
                facts=self._facts(),
                days=(day_record(day, head) for day in days) if head else (),
                links=_links([day for day in days if day.pk in giving], head) if head else (),
                given=self.given,
                unlinked=self.unlinked,
            ),
        )
        if ChainDay.objects.filter(pk__in=[day.pk for day in days]).count() != len(days):
            raise Changed("a day of the chain was let go of")
        return day_record(days[-1], head).digest if days and head else ""

    def write_originals(self, spool: Spool) -> None:
        """Files that gave lines as they were received, as long as the spool has them: with one, each of its lines is
        proven. All of them, or none where they are too large.
        """
        names = list(self._spooled())
        with ExitStack() as opened:
            found = []
            for file, name in names if len(names) <= _MOST_ORIGINALS else ():
                with suppress(FileNotFoundError):  # It was cleared just now.
                    found.append((file, opened.enter_context(spool.open(name))))
            if sum(os.fstat(original.fileno()).st_size for _, original in found) > ORIGINALS_BYTES:
                return
            for file, original in found:
                self._write(original_name(file), iter(partial(original.read, _HASHED_AT_ONCE), b""))
                self.originals += 1
                self.tell(self.lines)

    def _spooled(self) -> Iterator[tuple[int, str]]:
        files = iter(sorted(self.given))
        while part := list(islice(files, _FILES_AT_ONCE)):
            rows = LogFile.objects.filter(pk__in=part, spool_cleared_at=None).exclude(chain_link=None)
            yield from rows.order_by("pk").values_list("pk", "spool_name")

    def write_rest(self, head: str) -> None:
        """README and sums."""
        wanted = self.wanted
        about = About(
            service=wanted.service,
            contract=wanted.contract.number,
            begins=wanted.query.begins,
            ends=wanted.query.ends,
            query=in_words(wanted.query),
            form=ExportForm(wanted.form).label,
            made_at=wanted.made_at,
            parts=tuple(self.parts),
            unlinked=self.unlinked,
            originals=self.originals,
            files=len(self.given),
            head=head,
        )
        self._write(README, [readme(about).encode("utf-8-sig")])
        sums = "".join(f"{digest}  {name}\n" for name, digest in self.sums.items())
        self._write(SUMS, [sums.encode()])

    def _passing(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if self.oldest is None:
                self.oldest = day_of(row["time"])
            self.given[row["file_id"]] += 1
            self.lines += 1
            if self.lines % TELL_EVERY == 0:
                self.tell(self.lines)
            yield row

    def _giving_days(self) -> tuple[dict[int, date], int]:
        """The days of the chain whose files gave lines, by their rows' keys; and how many lines those files gave."""
        days: dict[int, date] = {}
        lines = 0
        files = iter(self.given)
        while part := list(islice(files, _FILES_AT_ONCE)):
            links = ChainLink.objects.filter(file__in=part, day__contract=self.wanted.contract)
            for file, key, day in links.values_list("file_id", "day_id", "day__day"):
                days[key] = day
                lines += self.given[file]
        return days, lines

    def _facts(self) -> dict[str, object]:
        wanted = self.wanted
        return {
            "begins": wanted.query.begins.isoformat(),
            "ends": wanted.query.ends.isoformat(),
            "query": query_string(wanted.query),
            "form": str(wanted.form),
            "parts": [{"name": name, "lines": lines} for name, lines in self.parts],
        }

    def _write(self, name: str, pieces: Iterable[bytes]) -> None:
        digest = hashlib.sha256()
        stamp = self.wanted.made_at.astimezone(JST)
        entry = zipfile.ZipInfo(name, (stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self.archive.open(entry, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        self.sums[name] = digest.hexdigest()


def _links(days: Iterable[ChainDay], head: ChainHead) -> Iterator[Link]:
    return (link_record(link, head) for day in days for link in links_of(day))


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()

"""Writes a bundle: what a search finds, in parts, with the chain and the sums. Constant memory, one pass.

The file is written under the name it is given; it is whole when `pack` returns. See `bundle.py` for what is in it.
"""

import hashlib
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from sakimori.customers.models import Contract
from sakimori.lib.crypto import sync_folder
from sakimori.lib.jst import JST, day_of
from sakimori.logs.chain.rows import day_record, link_record, links_of
from sakimori.logs.chain.rules import Link
from sakimori.logs.condition import LogQuery
from sakimori.logs.exports import excerpt
from sakimori.logs.exports.asked import in_words
from sakimori.logs.exports.bundle import CHAIN, README, SUMS, original_name
from sakimori.logs.exports.originals import MOST_BYTES, MOST_FILES, Originals, choose
from sakimori.logs.exports.parts import Part
from sakimori.logs.exports.readme import About, LeftOut, readme
from sakimori.logs.exports.writing import as_lines, as_table, place_of, places_begin
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
_ENDINGS: Mapping[str, str] = {ExportForm.CSV: "csv", ExportForm.LINES: "log"}


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
    """What came of it. oldest: the Japanese day of the first event. head: the digest of the chain's newest day.

    sha256, sums: of the ZIP, and of `SHA256SUMS` in it, which names all that is in it.
    """

    lines: int
    size_bytes: int
    sha256: str
    oldest: date | None
    head: str
    sums: str


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
            bundle.write_originals(spool)
            bundle.write_rest(head)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return Packed(bundle.lines, path.stat().st_size, file_digest(path), bundle.oldest, head, bundle.sums[SUMS])


@dataclass
class _Bundle:
    wanted: Wanted
    archive: zipfile.ZipFile
    tell: Callable[[int], None]
    sums: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    given: Counter[int] = field(default_factory=Counter)
    lines: int = 0
    unlinked: int = 0
    originals: Originals = field(default_factory=lambda: Originals([]))
    oldest: date | None = None

    def write_parts(self, found: Iterator[Row]) -> None:
        """All rows, in files of bounded length."""
        ending = _ENDINGS[self.wanted.form]
        passing = self._passing(found)
        first = next(passing, None)
        while first is not None:
            before, number = self.lines - 1, len(self.parts) + 1
            name, places = f"logs-{number:04}.{ending}", ""
            rows = chain([first], islice(passing, PART_LINES - 1))
            if self.wanted.form == ExportForm.CSV:
                self._write(name, as_table(rows))
            else:
                places = f"places-{number:04}.csv"
                self._write_lines(name, places, rows)
            self.parts.append(Part(name, self.lines - before, places))
            first = next(passing, None)

    def _write_lines(self, name: str, places_name: str, rows: Iterable[Row]) -> None:
        """Lines alone do not say where they were received: that goes into a list of its own."""
        with TemporaryFile() as places:
            places.write(places_begin())
            self._write(name, as_lines(_noting(rows, places)))
            places.seek(0)
            self._write(places_name, iter(partial(places.read, _HASHED_AT_ONCE), b""))

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

    def write_originals(self, spool: Spool | None) -> None:
        """Files that gave lines as they were received, as far as the spool has them and the limits allow: with one,
        each of its lines is proven.
        """
        if spool is None:
            self.originals = Originals([], gone=len(self.given))
            return
        self.originals = found = choose(self.given)
        for file, name in tuple(found.chosen):
            try:
                original = spool.open(name)
            except FileNotFoundError:  # It was cleared just now.
                found.chosen.remove((file, name))
                found.gone += 1
                continue
            with original:
                self._write(original_name(file), iter(partial(original.read, _HASHED_AT_ONCE), b""))
            self.tell(self.lines)

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
            parts=tuple((part.name, part.lines) for part in self.parts),
            parsers=self._parsers(),
            places=any(part.places for part in self.parts),
            unlinked=self.unlinked,
            originals=len(self.originals.chosen),
            files=len(self.given),
            left_out=_left_out(self.originals),
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

    def _parsers(self) -> tuple[int | None, ...]:
        """The versions of our parser that made the rows of the files that gave lines."""
        found: set[int | None] = set()
        files = iter(self.given)
        while part := list(islice(files, _FILES_AT_ONCE)):
            rows = LogFile.objects.filter(pk__in=part, contract=self.wanted.contract).order_by()
            found.update(rows.values_list("parser_version", flat=True).distinct())
        return tuple(sorted(found, key=lambda version: version or 0))

    def _facts(self) -> dict[str, object]:
        wanted = self.wanted
        return {
            "begins": wanted.query.begins.isoformat(),
            "ends": wanted.query.ends.isoformat(),
            "query": query_string(wanted.query),
            "form": str(wanted.form),
            "parts": [asdict(part) for part in self.parts],
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


def _noting(rows: Iterable[Row], places: IO[bytes]) -> Iterator[Row]:
    for row in rows:
        places.write(place_of(row))
        yield row


def _left_out(found: Originals) -> LeftOut:
    return LeftOut(found.too_many, found.gone, found.unlinked, MOST_BYTES >> 20, MOST_FILES)


def _links(days: Iterable[ChainDay], head: ChainHead) -> Iterator[tuple[Link, int | None]]:
    return ((link_record(link, head), link.file.parser_version) for day in days for link in links_of(day))


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()

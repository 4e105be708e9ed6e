"""Compares what the parts of a bundle say, row by row, with the received files that it carries.

A row says where it was received: which file, which line. That line is read again from the received file, whose SHA-256
its link in the chain holds, and the row made anew from it; both must be the same. Of a row whose received file is not
there, or cannot be opened, nothing can be said: it is counted apart. So is one whose line is right, but whose columns
were made by another version of our parser and differ from what this one makes.

The parts are in the order of time, the received files in that of their lines. So what the parts say is put by in a
temporary database (about a hundred bytes a row, on disk), and each received file is read once. Memory does not grow.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.logs.exports.excerpt import Excerpt
from sakimori.logs.exports.parts import NO_FILE, BadPart, Folder, Part, Shape, Told, reading
from sakimori.logs.formats.detect import LineParser
from sakimori.logs.formats.unreadable import UnreadableLine
from sakimori.logs.formats.version import PARSER_VERSION
from sakimori.logs.unpack import FileReason, UnpackedFile, UnreadableFile, read_log_file

Keys = Mapping[int, RSAPrivateKey]

MOST_TOLD = 10  # Of rows of one part or file; the others are counted.
_WITHOUT_KEY = frozenset({FileReason.UNKNOWN_KEY_ID, FileReason.WRONG_KEY})
_BEFORE_VERSIONS = 1  # What made the rows of bundles that name no version.
_COLUMNS = "its columns say something else than its line"
_TABLE = "CREATE TABLE said (file INTEGER, line_no INTEGER, part INTEGER, number INTEGER, line BLOB, columns BLOB)"


@dataclass(slots=True)
class Proof:
    """What came of it, in rows. proven: the same as in the received file. absent: their received file is not there.

    closed: it is encrypted and there is no key. unplaced: nothing says where they were received. otherwise: the line is
    the same, and the columns are those of another parser version. troubles: what is wrong, in sentences.
    """

    proven: int = 0
    absent: int = 0
    closed: int = 0
    unplaced: int = 0
    otherwise: int = 0
    troubles: list[str] = field(default_factory=list)

    @property
    def open_rows(self) -> int:
        """Rows of which nothing can be said."""
        return self.absent + self.closed + self.unplaced + self.otherwise


def prove(
    folder: Folder, parts: Iterable[Part], excerpt: Excerpt, originals: Mapping[int, Callable[[], BinaryIO]], keys: Keys
) -> Proof:
    """Compare the parts with what the chain accounts for, and with the received files, given by their keys.

    The received files have been compared with the chain. Raises OSError, also when the disk is full.
    """
    try:
        return _prove(folder, parts, excerpt, originals, keys)
    except sqlite3.Error as error:
        raise OSError(0, f"what the parts say could not be put by ({error})") from error


def _prove(
    folder: Folder, parts: Iterable[Part], excerpt: Excerpt, originals: Mapping[int, Callable[[], BinaryIO]], keys: Keys
) -> Proof:
    with closing(sqlite3.connect("", isolation_level=None)) as rows:
        rows.execute("PRAGMA journal_mode = OFF")
        rows.execute(_TABLE)
        proving = _Proving(folder, list(parts), rows, Proof())
        proving.put_by()
        rows.execute("CREATE INDEX places ON said (file, line_no)")
        proving.compare_counts(excerpt)
        for file, open_file in originals.items():
            proving.compare_with(file, open_file, keys, excerpt.parsers.get(file, _BEFORE_VERSIONS))
        proving.count_absent(originals.keys())
        return proving.proof


@dataclass(slots=True)
class _Proving:
    folder: Folder
    parts: list[Part]
    rows: sqlite3.Connection
    proof: Proof
    shapes: list[Shape] = field(default_factory=list)

    def put_by(self) -> None:
        """Read all parts."""
        for number, part in enumerate(self.parts):
            self.shapes.append(Shape(None))
            try:
                with reading(self.folder, part) as (shape, claims):
                    self.shapes[number] = shape
                    said = (
                        (claim.file, claim.line_no, number, row, *claim.told) for row, claim in enumerate(claims, 1)
                    )
                    self.rows.execute("BEGIN")
                    self.rows.executemany("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?)", said)
            except BadPart as error:
                self.proof.troubles.append(f"{part.name}: {error}")
            finally:
                if self.rows.in_transaction:
                    self.rows.execute("COMMIT")

    def compare_counts(self, excerpt: Excerpt) -> None:
        """Rows of each part, of each file and of files without a link; and whether each line is there once."""
        tell = self.proof.troubles.append
        held = dict(self.rows.execute("SELECT part, count(*) FROM said GROUP BY part"))
        for number, part in enumerate(self.parts):
            if held.get(number, 0) != part.lines:
                tell(f"{part.name} has {held.get(number, 0)} lines, chain.json says {part.lines}")
        self.proof.unplaced = self._count(NO_FILE)
        if not self.proof.unplaced:
            self.proof.troubles += _few(self._wrong_counts(excerpt), "files have another number of lines")
        twice = self.rows.execute(
            "SELECT file, line_no FROM said WHERE file != ? GROUP BY file, line_no HAVING count(*) > 1", (NO_FILE,)
        )
        self.proof.troubles += _few(
            (f"line {line} of file {file} is there more than once" for file, line in twice),
            "lines are there more than once",
        )

    def _wrong_counts(self, excerpt: Excerpt) -> Iterator[str]:
        linked = {link.file for link in excerpt.links}
        seen, unlinked = set(), 0
        for file, count in self.rows.execute("SELECT file, count(*) FROM said GROUP BY file"):
            if file not in linked:
                unlinked += count
                continue
            seen.add(file)
            if count != excerpt.given.get(file, 0):
                yield f"the parts have {count} lines of file {file}, chain.json says {excerpt.given.get(file, 0)}"
        for file in sorted(excerpt.given.keys() - seen):
            yield f"the parts have 0 lines of file {file}, chain.json says {excerpt.given[file]}"
        if unlinked != excerpt.unlinked:
            yield f"the parts have {unlinked} lines of files without a link, chain.json says {excerpt.unlinked}"

    def compare_with(self, file: int, open_file: Callable[[], BinaryIO], keys: Keys, version: int) -> None:
        """Compare each row of a received file with its line. version: of the parser that made the rows."""
        wanted = self.rows.execute(
            "SELECT line_no, part, number, line, columns FROM said WHERE file = ? ORDER BY line_no", (file,)
        )
        try:
            with read_log_file(open_file(), private_keys=keys) as unpacked:
                differences = self._differences(file, wanted, unpacked, is_ours=version == PARSER_VERSION)
                self.proof.troubles += _few(differences, f"rows of file {file} differ")
        except UnreadableFile as error:
            if error.reason in _WITHOUT_KEY:
                self.proof.closed += self._count(file)
            else:
                self.proof.troubles.append(f"received-{file}.bin cannot be read ({error.reason.value})")

    def _differences(
        self, file: int, wanted: sqlite3.Cursor, unpacked: UnpackedFile, *, is_ours: bool
    ) -> Iterator[str]:
        """Reads on only as far as there are rows. A W3C file's order of columns stands in earlier lines."""
        lines = enumerate(unpacked, start=1)
        parser = LineParser(file_format=unpacked.header.format, w3c_fields=unpacked.header.w3c_fields)
        number, line, is_event = 0, b"", False
        for line_no, part, row, *told in wanted:
            while number < line_no:
                number, line = next(lines, (line_no, b""))
                is_event = not parser.is_no_event(line)
            trouble = _difference(Told(*told), self.shapes[part], parser, line if is_event else b"")
            if trouble == _COLUMNS and not is_ours:
                self.proof.otherwise += 1
            elif trouble:
                yield f"{self.parts[part].name}, row {row}: {trouble} (line {line_no} of received-{file}.bin)"
            else:
                self.proof.proven += 1

    def count_absent(self, there: Iterable[int]) -> None:
        """Count the rows whose received file is not there."""
        total = self.rows.execute("SELECT count(*) FROM said").fetchone()[0]
        self.proof.absent = total - self.proof.unplaced - sum(map(self._count, there))

    def _count(self, file: int) -> int:
        return int(self.rows.execute("SELECT count(*) FROM said WHERE file = ?", (file,)).fetchone()[0])


def _difference(told: Told, shape: Shape, parser: LineParser, line: bytes) -> str:
    """What is wrong with a row, by the line it should say; empty if it says that."""
    try:
        received = shape.read(parser.parse(line))
    except UnreadableLine:
        return "there is no such line"
    if received.line != told.line:
        return "its line is not the one that was received"
    return "" if received.columns == told.columns else _COLUMNS


def _few(troubles: Iterable[str], others: str) -> Iterator[str]:
    """The first of them, and how many more there are."""
    more = 0
    for number, trouble in enumerate(troubles):
        if number < MOST_TOLD:
            yield trouble
        else:
            more += 1
    if more:
        yield f"{more} more {others}"

"""While one file is stored the next is read, and whatever goes wrong with either stays its own matter."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import active_count

import pytest

from sakimori.logs.read_ahead import Reading, one_ahead
from sakimori.logs.unpack import UnpackedFile, UnreadableFile, read_log_file
from tests.lines import cef, log_file
from tests.moments import START


def content(lines: int) -> bytes:
    return log_file([cef("SQL Injection", "198.51.100.7", at=START) for _ in range(lines)])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.log" for number in range(3)]
    for number, path in enumerate(paths, 1):
        path.write_bytes(content(number))
    return paths


def rows_of(reading: Reading) -> int:
    with reading as read:
        return sum(1 if isinstance(item, tuple) else item.num_rows for item in read)


def noting(opened: list[str]) -> Callable[[Path], UnpackedFile]:
    def open_file(path: Path) -> UnpackedFile:
        opened.append(path.name)
        return read_log_file(path)

    return open_file


def test_each_file_comes_once_and_in_order_and_the_next_is_open_by_then(files: list[Path]) -> None:
    opened: list[str] = []
    before, found = active_count(), []
    for path, reading in one_ahead(files, noting(opened)):
        found.append((path.name, rows_of(reading), len(opened)))
    assert found == [("0.log", 1, 2), ("1.log", 2, 3), ("2.log", 3, 3)]
    assert active_count() == before


def test_no_file_is_no_file_and_one_comes_alone(files: list[Path]) -> None:
    assert list(one_ahead([], read_log_file)) == []
    assert [rows_of(reading) for _, reading in one_ahead(files[:1], read_log_file)] == [1]


def test_breaking_off_leaves_no_thread_and_no_open_file(files: list[Path]) -> None:
    before, opened = active_count(), list[UnpackedFile]()

    def open_file(path: Path) -> UnpackedFile:
        opened.append(read_log_file(path))
        return opened[-1]

    with closing(one_ahead(files, open_file)) as read:
        _, reading = next(read)
        with closing(reading):
            pass
    assert active_count() == before
    assert [file._source.closed for file in opened] == [True, True]


def test_what_is_wrong_with_a_file_is_told_when_its_turn_has_come(files: list[Path]) -> None:
    files[1].write_bytes(content(5)[:-9])
    files[2].unlink()
    told: list[str] = []
    for _, reading in one_ahead(files, read_log_file):
        try:
            told.append(str(rows_of(reading)))
        except (UnreadableFile, OSError) as error:
            told.append(type(error).__name__)
    assert told == ["1", "UnreadableFile", "FileNotFoundError"]


def test_an_error_between_two_files_ends_the_reading_of_both(files: list[Path]) -> None:
    before = active_count()

    def broken() -> Iterator[Path]:
        yield from files[:2]
        raise ConnectionError

    read = one_ahead(broken(), read_log_file)
    _, reading = next(read)
    reading.close()
    with pytest.raises(ConnectionError):
        next(read)
    assert active_count() == before


def test_who_stores_is_told_how_much_has_been_read(files: list[Path]) -> None:
    told: list[tuple[str, int]] = []

    def note(path: Path, read_bytes: int) -> None:
        told.append((path.name, read_bytes))

    for _, reading in one_ahead(files, read_log_file, note):
        rows_of(reading)
    assert told == [(path.name, path.stat().st_size) for path in files]

"""Finding and taking files that are imported by hand."""

import io
import os
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.logs.lateness import IMPORT_DOOR
from sakimori.logs.models import LogFile
from sakimori.logs.receive import accept
from sakimori.logs.receive.back_fill import NotTaken, Source, Taken, find, take
from sakimori.logs.spool import Spool
from tests.moments import START, Clock
from tests.people import make_contract


@pytest.fixture
def contract(db: None) -> Contract:
    return make_contract("株式会社さくら商店", "A")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b.log, a.log.gz, deep/c.log, and what is hidden."""
    made = tmp_path / "logs"
    (made / "deep" / ".hidden").mkdir(parents=True)
    for name in ("b.log", "a.log.gz", "deep/c.log", ".swp", "deep/.hidden/d.log"):
        (made / name).write_text(name)
    return made


def names(words: list[str]) -> list[str]:
    return [source.name for source in find(words, standard_input_name="x")[0]]


def take_one(
    source: Source, contract: Contract, spool: Spool, *, stdin: bytes = b"", clock: Clock | None = None
) -> Taken:
    now = (clock or Clock())()
    return take(source, contract=contract, spool=spool, standard_input=io.BytesIO(stdin), now=now)


def test_a_folder_is_all_its_files_but_hidden_ones(folder: Path) -> None:
    assert names([str(folder)]) == ["a.log.gz", "b.log", "c.log"]


def test_files_folders_and_patterns_name_each_file_once(folder: Path) -> None:
    (folder / "link.log").symlink_to(folder / "b.log")
    words = [str(folder / "b.log"), str(folder / "*.log"), str(folder / "**" / "*.log"), str(folder)]
    assert sorted(names(words)) == ["a.log.gz", "c.log", "link.log"]
    assert names([str(folder / "d*")]) == ["c.log"]


def test_a_name_with_a_bracket_is_a_file_before_it_is_a_pattern(folder: Path) -> None:
    (folder / "x[1].log").write_text("x")
    assert names([str(folder / "x[1].log")]) == ["x[1].log"]


def test_what_names_nothing_is_told(folder: Path) -> None:
    found, missing = find([str(folder / "b.log"), "nothing.log", str(folder / "*.zip")], standard_input_name="x")
    assert [(source.name, source.size_bytes) for source in found] == [("b.log", 5)]
    assert missing == ["nothing.log", str(folder / "*.zip")]


def test_a_name_that_is_no_text_is_made_one(folder: Path) -> None:
    (folder / "deep" / os.fsdecode(b"\xff.log")).write_text("x")
    assert names([str(folder / "deep")]) == ["c.log", "\ufffd.log"]


def test_standard_input_has_the_name_that_the_operator_gives(contract: Contract, spool: Spool) -> None:
    source = find(["-", "-"], standard_input_name="old.log")[0]
    assert source == [Source(None, "old.log")]
    taken = take_one(source[0], contract, spool, stdin=b"content")
    assert (taken.file.name, taken.file.size_bytes, taken.file.door) == ("old.log", 7, IMPORT_DOOR)
    assert spool.path(taken.file.spool_name).read_bytes() == b"content"


def test_the_same_content_under_the_same_name_is_taken_once(contract: Contract, spool: Spool, folder: Path) -> None:
    clock = Clock()
    found = find([str(folder / "b.log"), str(folder / "deep")], standard_input_name="x")[0]
    assert [take_one(source, contract, spool, clock=clock).is_new for source in found] == [True, True]
    clock.pass_time(seconds=1)
    (folder / "deep" / "b.log").write_text("b.log")
    (folder / "deep" / "c.log").write_text("something else")
    again = find([str(folder / "b.log"), str(folder / "deep")], standard_input_name="x")[0]
    taken = [(source.name, take_one(source, contract, spool, clock=clock).is_new) for source in again]
    assert taken == [("b.log", False), ("b.log", False), ("c.log", True)]
    assert LogFile.objects.count() == 3
    assert len(list(spool.names_older_than(float("inf")))) == 3


def test_what_came_through_another_door_is_a_row_of_its_own(contract: Contract, spool: Spool, folder: Path) -> None:
    accept.accept([b"b.log"], contract=contract, door="pull", name="b.log", spool=spool, now=START)
    assert take_one(find([str(folder / "b.log")], standard_input_name="x")[0][0], contract, spool).is_new


def test_what_cannot_be_read_is_named_and_leaves_nothing(
    contract: Contract, spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to(folder / "nowhere")
    for name, reason in (("pipe", "it is no plain file"), ("gone", "No such file or directory")):
        source = find([str(folder / name)], standard_input_name="x")[0][0]
        with pytest.raises(NotTaken, match=reason):
            take_one(source, contract, spool)
    monkeypatch.setattr(accept, "LIMIT_BYTES", 4)
    with pytest.raises(NotTaken, match="more than 4 bytes: cut it into smaller files"):
        take_one(find([str(folder / "b.log")], standard_input_name="x")[0][0], contract, spool)
    assert (LogFile.objects.count(), list(spool.names_older_than(float("inf")))) == (0, [])


def test_a_full_disk_is_no_trouble_of_the_file(
    contract: Contract, spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        take_one(find([str(folder / "b.log")], standard_input_name="x")[0][0], contract, spool)
    assert not LogFile.objects.exists()

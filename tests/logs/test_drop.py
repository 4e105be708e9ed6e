"""The drop folder: only complete files, each once, whoever writes, replaces, links or kills meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from sakimori.customers.models import Contract
from sakimori.lib.jst import day_of
from sakimori.logs.models import DoorState, LogFile
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.drop import DropFolders, is_folder_name
from sakimori.logs.receive.folder import Changing, Folder, Found, Unreadable
from sakimori.logs.spool import Spool
from tests.moments import START, Clock
from tests.people import make_contract

pytestmark = pytest.mark.django_db
QUIET = timedelta(seconds=2)
AS_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@dataclass
class Drop:
    """Two contracts with a folder each."""

    root: Path
    spool: Spool
    a: Contract
    b: Contract
    clock: Clock = field(default_factory=Clock)
    folders: DropFolders = field(init=False)

    def __post_init__(self) -> None:
        for contract in (self.a, self.b):
            self.folder(contract).mkdir(parents=True)
        self.restart()

    def restart(self) -> None:
        self.folders = DropFolders(self.root, self.spool, clock=self.clock, quiet=QUIET)

    def folder(self, contract: Contract) -> Path:
        return self.root / contract.number

    def put(self, name: str = "1_1.log", content: bytes = b"line\n", *, contract: Contract | None = None) -> Path:
        path = self.folder(contract or self.a) / name
        path.write_bytes(content)
        return path

    def look(self) -> int:
        """A look after the pause."""
        self.clock.pass_time(seconds=2)
        return self.folders.take()

    def looks(self) -> int:
        return self.look() + self.look()

    def names(self, contract: Contract) -> list[str]:
        return list(LogFile.objects.filter(contract=contract).order_by("pk").values_list("name", flat=True))

    def left(self, contract: Contract) -> list[str]:
        return sorted(path.name for path in self.folder(contract).iterdir())

    def state(self) -> DoorState:
        return DoorState.objects.get(contract=self.a, door="drop")


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    a, b = make_contract("株式会社さくら商店", "A"), make_contract("有限会社もみじ堂", "B")
    return Drop(tmp_path / "drop", Spool(tmp_path / "spool"), a, b)


def test_a_file_is_taken_for_the_contract_of_its_folder_and_then_removed(drop: Drop) -> None:
    content = bytes(range(256)) * 9000
    drop.put(content=content)
    drop.put("other.log", contract=drop.b)
    assert drop.look() == 0, "it must look the same twice"
    assert drop.look() == 2
    file = LogFile.objects.get(contract=drop.a)
    assert (file.name, file.door, file.size_bytes) == ("1_1.log", "drop", len(content))
    assert drop.spool.path(file.spool_name).read_bytes() == content
    assert (drop.names(drop.b), drop.left(drop.a), drop.left(drop.b)) == (["other.log"], [], [])
    assert (drop.state().failures, drop.state().last_file_at) == (0, drop.clock())


def test_a_file_that_still_grows_waits(drop: Drop) -> None:
    path = drop.put()
    for _ in range(4):
        with path.open("ab") as file:
            file.write(b"more\n")
        assert drop.look() == 0
    assert drop.looks() == 1
    assert LogFile.objects.get().size_bytes == 25


def test_a_folder_in_which_nothing_lies_is_seen_to_be_looked_at(drop: Drop) -> None:
    drop.look()
    first = drop.state().last_success_at
    drop.look()
    assert drop.state().last_success_at == first
    drop.clock.pass_time(minutes=1)
    drop.look()
    assert drop.state().last_success_at == drop.clock()


def test_looks_in_quick_succession_are_no_pause(drop: Drop) -> None:
    drop.put()
    drop.look()
    for _ in range(3):
        assert drop.folders.take() == 0
    assert drop.look() == 1


@pytest.mark.parametrize("name", ["a.log.part", "a.tmp", "A.TMP", "a.filepart", ".a.log"])
def test_unfinished_names_are_passed_over(drop: Drop, name: str) -> None:
    path = drop.put(name)
    assert drop.looks() == 0
    assert drop.left(drop.a) == [name]
    path.rename(path.with_name("a.log"))
    assert drop.looks() == 1


def test_the_same_file_five_times_is_one_row(drop: Drop) -> None:
    for _ in range(5):
        drop.put()
        drop.looks()
    assert drop.names(drop.a) == ["1_1.log"]
    assert len(list(drop.spool.names_older_than(2**40))) == 1


def test_new_content_under_the_same_name_is_another_file(drop: Drop) -> None:
    for content in (b"one\n", b"two\n"):
        drop.put(content=content)
        drop.looks()
    assert drop.names(drop.a) == ["1_1.log", "1_1.log"]


@contextmanager
def killed_before_removal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("sakimori.logs.receive.folder.os.unlink", kill)
        with pytest.raises(Killed):
            yield


def test_killed_between_ledger_and_removal_it_is_still_one_row(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put()
    drop.look()
    with killed_before_removal(monkeypatch):
        drop.look()
    assert drop.names(drop.a) == ["1_1.log"]
    assert drop.left(drop.a)[0].startswith(".taking-")
    drop.restart()
    assert drop.looks() == 1
    assert (drop.names(drop.a), drop.left(drop.a)) == (["1_1.log"], [])


def test_killed_while_it_was_read_it_is_taken_at_the_next_start(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put()
    drop.look()

    def kill(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("sakimori.logs.spool.os.fsync", kill)
        with pytest.raises(KeyboardInterrupt):
            drop.look()
    assert not LogFile.objects.exists()
    drop.restart()
    assert drop.looks() == 1
    assert drop.names(drop.a) == ["1_1.log"]


def test_a_full_disk_of_ours_keeps_the_file_and_is_told(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    drop.put()
    drop.look()
    with monkeypatch.context() as broken:
        broken.setattr("sakimori.logs.spool.os.fsync", full)
        assert drop.look() == 0
    assert drop.state().failures == 1
    assert "No space left" in drop.state().last_error
    assert drop.looks() == 1
    assert (drop.state().failures, drop.state().last_error) == (0, "")


def test_a_file_that_is_replaced_while_it_is_taken_is_not_lost(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender puts another file of the same name in place after the last look."""
    drop.put(content=b"old\n")
    drop.look()
    rename = os.rename

    def replace_first(*arguments: object, **named: object) -> None:
        path = drop.folder(drop.a) / "new"
        path.write_bytes(b"new, and longer\n")
        path.replace(path.with_name("1_1.log"))
        rename(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as racing:
        racing.setattr("sakimori.logs.receive.folder.os.rename", replace_first)
        assert drop.look() == 0
    assert drop.looks() == 1
    file = LogFile.objects.get()
    assert (file.name, drop.spool.path(file.spool_name).read_bytes()) == ("1_1.log", b"new, and longer\n")


def test_a_file_that_is_written_to_while_it_is_read_waits(tmp_path: Path) -> None:
    (tmp_path / "1.log").write_bytes(b"begin")
    folder = Folder(tmp_path)
    assert folder.complete(now=START, pause=QUIET) == []
    (file,) = folder.complete(now=START + QUIET, pause=QUIET)

    def read_while_it_grows() -> None:
        with folder.taken(file) as chunks:
            assert next(chunks) == b"begin"
            (hidden,) = tmp_path.iterdir()
            with hidden.open("ab") as more:
                more.write(b", end")
            list(chunks)

    with pytest.raises(Changing):
        read_while_it_grows()
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"begin, end"


def test_links_pipes_and_folders_are_left_alone(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    folder = drop.folder(drop.a)
    (folder / "link.log").symlink_to(secret)
    (folder / "sub.log").mkdir()
    os.mkfifo(folder / "pipe.log")
    assert drop.looks() == 0
    assert not LogFile.objects.exists()
    assert drop.left(drop.a) == ["link.log", "pipe.log", "sub.log"]


def test_many_folders_within_keep_no_file_out(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sakimori.logs.receive.folder._SEEN_AT_ONCE", 3)
    for number in range(4):
        (drop.folder(drop.a) / f"0{number}").mkdir()
    drop.put("1_1.log")
    assert drop.looks() == 1
    assert drop.names(drop.a) == ["1_1.log"]


@pytest.mark.parametrize("name", ["x" * 251 + ".log", "\u3042" * 83 + ".log"])
def test_a_file_whose_name_is_as_long_as_can_be_is_taken(drop: Drop, name: str) -> None:
    drop.put(name)
    assert drop.looks() == 1
    assert drop.left(drop.a) == []


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "1.log"
    file.write_text("mine")
    folder = Folder(tmp_path / "folder")
    folder.complete(now=START, pause=QUIET)
    (found,) = folder.complete(now=START + QUIET, pause=QUIET)
    file.unlink()
    file.symlink_to(tmp_path / "secret")
    with pytest.raises(Unreadable), folder.taken(found) as chunks:
        list(chunks)


def test_each_name_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1.log").write_text("line")

    def second_look(*_: object, **__: object) -> None:
        raise AssertionError("the folder was read, and tells how its files look")

    folder = Folder(tmp_path)
    with monkeypatch.context() as watched:
        watched.setattr("sakimori.logs.receive.folder.os.stat", second_look)
        folder.complete(now=START, pause=QUIET)
        (found,) = folder.complete(now=START + QUIET, pause=QUIET)
    assert (found.name, found.look.size_bytes) == ("1.log", 4)


def test_a_folder_that_is_a_link_is_not_followed(drop: Drop, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.log").write_text("not yours")
    drop.folder(drop.a).rmdir()
    drop.folder(drop.a).symlink_to(tmp_path / "elsewhere")
    assert drop.looks() == 0
    assert drop.state().last_error == "フォルダを開けません。"


def test_a_file_that_is_gone_before_it_is_taken_is_nothing_wrong(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with pytest.raises(Changing), folder.taken(Found("1.log", "1.log", None)):  # type: ignore[arg-type]
        pass


def test_a_file_that_is_too_large_is_told_by_name_and_keeps_none_behind_it_out(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 100)
    drop.put("1.log", bytes(101))
    drop.put("2.log", bytes(100))
    assert drop.looks() == 1
    assert drop.names(drop.a) == ["2.log"]
    assert (drop.left(drop.a), drop.state().left_out) == (["1.log"], "ファイルが大きすぎます：1.log。")
    assert (drop.state().failures, drop.state().last_error, drop.state().left_out_since) == (0, "", drop.clock())
    (drop.folder(drop.a) / "1.log").unlink()
    drop.look()
    assert (drop.state().left_out, drop.state().left_out_since) == ("", None)


@AS_ROOT
def test_a_file_that_may_not_be_read_is_told_by_name_and_keeps_its_name(drop: Drop) -> None:
    for number in range(7):
        drop.put(f"{number}.log").chmod(0)
    drop.put("8.log")
    assert drop.looks() == 1
    assert drop.state().left_out.endswith("0.log、1.log、2.log ほか 4 件。")
    assert len(drop.left(drop.a)) == 7


def test_a_name_that_is_no_text_is_told_harmlessly(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode("裏\u202egol.".encode() + b"\xff")
    drop.put(name, b"x" * 9)
    assert drop.looks() == 1
    assert drop.names(drop.a) == ["裏\u202egol.\ufffd"]
    monkeypatch.setattr(accepting, "LIMIT_BYTES", 3)
    drop.put(name, b"x" * 9)
    drop.looks()
    assert "裏?gol.\ufffd" in drop.state().left_out


def test_nothing_is_taken_from_the_day_of_cancellation_on(drop: Drop) -> None:
    Contract.objects.filter(pk=drop.a.pk).update(ends_on=day_of(START))
    drop.put()
    assert drop.looks() == 0
    assert drop.left(drop.a) == ["1_1.log"]
    assert not DoorState.objects.filter(contract=drop.a).exists()


def test_a_contract_without_a_folder_has_no_row(drop: Drop) -> None:
    drop.folder(drop.a).rmdir()
    drop.put("x.log", contract=drop.b)
    assert drop.looks() == 1
    assert not DoorState.objects.filter(contract=drop.a).exists()


@pytest.mark.parametrize("number", ["", ".", "..", ".ssh", "a/b", "../x", "a\0b", "a\nb"])
def test_a_number_that_is_no_folder_name_opens_nothing(number: str) -> None:
    assert not is_folder_name(number)


def test_an_ordinary_number_is_a_folder_name() -> None:
    assert is_folder_name("K-2026-0001")


def test_two_workers_take_each_file_once(drop: Drop) -> None:
    other = DropFolders(drop.root, drop.spool, clock=drop.clock, quiet=QUIET)
    for number in range(5):
        drop.put(f"{number}.log")
    for _ in range(3):
        drop.look()
        other.take()
    assert drop.names(drop.a) == [f"{number}.log" for number in range(5)]
    assert drop.left(drop.a) == []
    assert drop.state().failures == 0


def test_however_many_folders_there_are_their_states_are_one_question(
    drop: Drop, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    drop.look()
    assert DoorState.objects.count() == 2
    for letter in "CDEFGH":
        drop.folder(make_contract("株式会社", letter)).mkdir()
    drop.look()
    assert DoorState.objects.count() == 8
    with django_assert_max_num_queries(2):
        drop.look()

"""What nobody took from a drop folder is counted and deleted, and nothing beside it."""

from pathlib import Path

import pytest

from sakimori.logs.receive import dropped

NUMBER = "K-1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Folders of two contracts, and a file that is neither's."""
    root = tmp_path / "drop"
    for number in (NUMBER, "K-2"):
        folder = root / number
        folder.mkdir(parents=True)
        for name in ("a.log", "b.log.part", ".taking-0-c.log"):
            (folder / name).write_bytes(b"line")
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "d.log").write_bytes(b"line")
        (folder / "deep" / "link").symlink_to(tmp_path)
        (folder / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "elsewhere.log").write_bytes(b"line")
    return root


def test_all_of_it_goes_and_nothing_else(root: Path) -> None:
    assert dropped.count(root, NUMBER) == 6
    dropped.forget(root, NUMBER)
    assert dropped.count(root, NUMBER) == 0
    assert not (root / NUMBER).exists()
    assert dropped.count(root, "K-2") == 6
    assert (root.parent / "elsewhere.log").exists(), "no link is followed"
    dropped.forget(root, NUMBER)


@pytest.mark.parametrize("number", ["", ".", "..", "../drop/K-2", ".hidden", "K-3"])
def test_what_names_no_folder_has_nothing(root: Path, number: str) -> None:
    assert dropped.count(root, number) == 0
    dropped.forget(root, number)
    assert dropped.count(root, "K-2") == 6


def test_a_link_in_the_place_of_a_folder_is_left_alone(root: Path) -> None:
    (root / "K-4").symlink_to(root / "K-2")
    assert dropped.count(root, "K-4") == 0
    dropped.forget(root, "K-4")
    assert dropped.count(root, "K-2") == 6


def test_an_installation_may_have_no_drop_folder() -> None:
    assert dropped.count(None, NUMBER) == 0
    dropped.forget(None, NUMBER)


def test_a_folder_that_must_stay_is_emptied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rmdir", refused)
    dropped.forget(root, NUMBER)
    assert list((root / NUMBER).iterdir()) == []

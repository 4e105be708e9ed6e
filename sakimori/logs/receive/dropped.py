"""What lies in a contract's drop folder, taken or not, for whoever deletes the contract.

A sender may have gone on after the contract's end, or left files that never were complete.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sakimori.logs.receive.drop import is_folder_name


def count(root: Path | None, contract_number: str) -> int:
    """How many files there are, in folders within it too. root: where the drop folders lie, if there are any."""
    return sum(1 for folder in _folders(root, contract_number) for _ in _files(folder))


def forget(root: Path | None, contract_number: str) -> None:
    """Delete them, and the folder where that is allowed. Follows no link. Raises OSError for what cannot be deleted."""
    for folder in _folders(root, contract_number):
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink(missing_ok=True)
        with suppress(OSError):  # An SFTP server may insist on it: empty it is no matter.
            folder.rmdir()


def _folders(root: Path | None, contract_number: str) -> Iterator[Path]:
    """The folder, if there is one. A link in its place is nobody's folder, as for whoever takes files from it."""
    if root is not None and is_folder_name(contract_number):
        folder = root / contract_number
        if folder.is_dir() and not folder.is_symlink():
            yield folder


def _files(folder: Path) -> Iterator[Path]:
    return (entry for entry in folder.rglob("*") if entry.is_symlink() or not entry.is_dir())

"""Files of a customer: uploads and reports, under random names in one folder per customer.

Whoever serves a file has asked `access` first; a name alone opens nothing. One folder per customer makes the end
of a contract simple: `forget` removes all of it (chapter 3-1).
"""

import secrets
import shutil
from pathlib import Path

from django.conf import settings

from sakimori.customers.models import Customer
from sakimori.lib.crypto import sync_folder, write_durably


def keep(customer: Customer, content: bytes) -> str:
    """Write a file durably. Returns its stored name, which says nothing about its content."""
    name = new_name(customer)
    write_durably(path_of(customer, name), content)
    return name


def new_name(customer: Customer) -> str:
    """A stored name in a folder that is there, for a file that is too large to be kept in one piece.

    The caller puts the name into a row first, so that an unfinished file is never without one.
    """
    folder = _folder(customer)
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if new:
        sync_folder(folder.parent)
    return secrets.token_hex(16)


def path_of(customer: Customer, stored_name: str) -> Path:
    """Where a file lies. ValueError for a name that `keep` cannot have given."""
    if len(stored_name) != 32 or not all(sign in "0123456789abcdef" for sign in stored_name):
        raise ValueError("not a stored name")
    return _folder(customer) / stored_name


def remove(customer: Customer, stored_name: str) -> None:
    """Remove one file; one that is gone already is no error."""
    path_of(customer, stored_name).unlink(missing_ok=True)


def count(customer: Customer) -> int:
    """How many files the customer has."""
    folder = _folder(customer)
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def forget(customer: Customer) -> int:
    """Remove every file of the customer. Returns how many there were."""
    number = count(customer)
    shutil.rmtree(_folder(customer), ignore_errors=True)
    return number


def _folder(customer: Customer) -> Path:
    data: Path = settings.CONFIG.data
    return data / "files" / str(customer.pk)

"""`sakimori doctor` and the check of durability: what is wrong is found, what is right is left in peace."""

import argparse
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.plugin import DjangoDbBlocker

from sakimori import backends
from sakimori.customers.models import Contact, Customer, VendorAccount
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.interface import MailUnavailable
from sakimori.notify.memory import MemoryMailer
from sakimori.run import doctor, prepare
from sakimori.run.prepare import NotDurable, check_durability
from sakimori.settings import _SQLITE
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.people import People, make_people


@dataclass
class House:
    """An installation in which all is well, until a test changes something."""

    people: People
    vendor: MemoryVendor = field(default_factory=MemoryVendor)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)


@pytest.fixture
def house(db: None, log_store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(make_people())
    for contract in (made.people.a, made.people.b):
        VendorAccount.objects.create(
            contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example.jp/1_1/"
        )
        Contact.objects.create(customer=contract.customer, name="花子", email="c@example.jp", priority=1)
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    monkeypatch.setattr(backends, "spool", lambda: Spool(tmp_path / "spool"))
    monkeypatch.setattr(backends, "mailer", lambda: made.mailer)
    monkeypatch.setattr(backends, "waf_vendor", lambda _account: made.vendor)
    monkeypatch.setattr(backends, "waf_logs", lambda _account: made.vendor)
    # The database of the tests lies in memory, where nothing is durable; that check has tests of its own below.
    monkeypatch.setattr(doctor, "check_durability", lambda: None)
    return made


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """The exit code, and what is wrong by what was looked at."""
    code = doctor.run(argparse.Namespace())
    lines = capsys.readouterr().out.splitlines()
    troubles = {}
    for line in lines:
        mark, _, rest = line.partition("  ")
        assert mark in ("ok", "NG")
        if mark == "NG":
            what, _, trouble = rest.partition(": ")
            troubles[what] = trouble
    assert len(lines) >= 5
    return code, troubles


def test_all_is_well(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(capsys) == (0, {})


def test_no_customer_is_a_trouble(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    VendorAccount.objects.all().delete()
    for contract in (house.people.a, house.people.b):
        contract.sites.all().delete()
        contract.customer.contacts.all().delete()
        contract.delete()
    Customer.objects.all().delete()
    code, troubles = examine(capsys)
    assert (code, set(troubles)) == (1, {"customers"})


def test_a_customer_whom_nobody_would_tell_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    Contact.objects.filter(customer=house.people.b.customer).update(active=False)
    code, troubles = examine(capsys)
    assert (code, set(troubles)) == (1, {"customer C-B"})


def test_a_wrong_vendor_key_is_named_with_its_contract(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.vendor.fail(MemoryFault.UNAUTHORISED, times=1)
    code, troubles = examine(capsys)
    assert (code, troubles) == (1, {"vendor API of contract K-A-001": "API キーが無効です。"})


def test_a_key_that_cannot_be_opened_is_named_too(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "check_durability", lambda: None)
    monkeypatch.setattr(backends, "mailer", lambda: house.mailer)
    monkeypatch.setattr(backends, "log_store", lambda: argparse.Namespace(ping=lambda: None))
    code, troubles = examine(capsys)
    assert code == 1
    assert set(troubles) == {
        f"{what} of contract {number}" for what in ("vendor API", "log pull") for number in ("K-A-001", "K-B-001")
    }


def test_no_index_yet_is_fine_but_no_log_address_is_not(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    VendorAccount.objects.filter(contract=house.people.a).update(log_base_url="")
    code, troubles = examine(capsys)
    assert (code, troubles) == (1, {"log pull of contract K-A-001": "no log address is registered."})


def test_a_dead_mail_server_is_found(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.mailer.failures.append(MailUnavailable("connection refused"))
    assert examine(capsys) == (1, {"mail": "connection refused"})


def test_a_dead_log_store_is_found(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead() -> LogStore:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(backends, "log_store", dead)
    assert examine(capsys) == (1, {"log store": "no answer"})


def test_waiting_migrations_are_counted(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    MigrationRecorder(connection).record_unapplied("tickets", "0001_initial")
    code, troubles = examine(capsys)
    assert code == 1
    assert troubles["database"].startswith("1 migrations are waiting")


@pytest.fixture
def file_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[DatabaseWrapper]:
    """A SQLite file opened as the settings say."""
    made = DatabaseWrapper({**connection.settings_dict, **deepcopy(_SQLITE), "NAME": tmp_path / "sakimori.db"})
    with django_db_blocker.unblock():
        yield made
        made.close()


def test_the_settings_make_sqlite_durable(file_database: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "connection", file_database)
    check_durability()


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF", "journal_mode=DELETE", "foreign_keys=OFF"])
def test_a_sqlite_that_would_lose_rows_is_refused(
    file_database: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch, pragma: str
) -> None:
    monkeypatch.setattr(prepare, "connection", file_database)
    with file_database.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
    with pytest.raises(NotDurable, match="SQLite"):
        check_durability()

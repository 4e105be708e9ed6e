"""`sakimori doctor` and the check of durability: what is wrong is found, what is right is left in peace."""

import argparse
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.plugin import DjangoDbBlocker

from sakimori import backends
from sakimori.customers.models import Contact, Customer, VendorAccount
from sakimori.lib.jst import utc_now
from sakimori.lib.network_file import Group, NetworkKind
from sakimori.logs.spool import Spool
from sakimori.logs.store.interface import LogStore, StoreUnavailable
from sakimori.notify.interface import MailUnavailable, PhoneUnavailable
from sakimori.notify.memory import MemoryMailer, MemoryPhone
from sakimori.notify.models import Alarm, DutyShift, InboxMark, Mailbox, Severity
from sakimori.run import control_pages, doctor, durability, examination
from sakimori.run.durability import NotDurable, check_durability
from sakimori.run.self_test import examine_ourselves
from sakimori.settings import _SQLITE
from sakimori.waf.memory import MemoryFault, MemoryVendor
from tests.people import NOW, People, make_people
from tests.settings_change import with_config

PAGES = ("https://one.example.com/", "https://two.example.com/")


@dataclass
class House:
    """An installation in which all is well, until a test changes something."""

    people: People
    vendor: MemoryVendor = field(default_factory=MemoryVendor)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    phone: MemoryPhone = field(default_factory=MemoryPhone)


@pytest.fixture
def house(db: None, log_store: LogStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made = House(make_people())
    for contract in (made.people.a, made.people.b):
        VendorAccount.objects.create(
            contract=contract, api_id="1", sealed_api_key="x", log_base_url="https://logs.example.jp/1_1/"
        )
        Contact.objects.create(
            customer=contract.customer, name="花子", email="c@example.jp", phone="03-0000-1001", priority=1
        )
    _put_on_duty(made.people)
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    monkeypatch.setattr(backends, "spool", lambda: Spool(tmp_path / "spool"))
    monkeypatch.setattr(backends, "mailer", lambda: made.mailer)
    monkeypatch.setattr(backends, "phone", lambda: made.phone)
    monkeypatch.setattr(backends, "waf_vendor", lambda _account: made.vendor)
    monkeypatch.setattr(backends, "waf_logs", lambda _account: made.vendor)
    # The database of the tests lies in memory, where nothing is durable; that check has tests of its own below.
    monkeypatch.setattr(examination, "check_durability", lambda: None)
    # Data that ships with the project grows old while nobody looks.
    monkeypatch.setattr(examination, "outdated", lambda _today: iter(()))
    with with_config(control_urls=PAGES, control_waf_urls=PAGES):
        yield made


def _put_on_duty(people: People) -> None:
    people.dana.phone, people.dana.email = "03-0000-0101", "dana@example.jp"
    people.dana.save()
    DutyShift.objects.create(
        starts_at=utc_now() - timedelta(hours=1),
        ends_at=utc_now() + timedelta(hours=1),
        on_duty=people.dana,
        manager=people.dana,
    )


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """The exit code, and what is wrong by what was looked at."""
    code = doctor.run(argparse.Namespace())
    lines = capsys.readouterr().out.splitlines()
    troubles = {}
    for line in lines:
        mark, _, rest = line.partition("  ")
        assert mark in ("ok", "NG", "??")
        if mark != "ok":
            what, _, trouble = rest.partition(": ")
            troubles[what] = trouble
    assert len(lines) >= 5
    return code, troubles


def test_all_is_well(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(capsys) == (0, {})


@pytest.mark.parametrize(
    ("outside", "behind", "trouble"),
    [
        (0, 2, "SAKIMORI_CONTROL_URLS names 0 pages; with fewer than 2, our own broken line looks like sites that are"),
        (1, 2, "SAKIMORI_CONTROL_URLS names 1 pages"),
        (2, 1, "SAKIMORI_CONTROL_WAF_URLS names 1 pages; with fewer than 2, an outage of the vendor looks like one of"),
    ],
)
def test_too_few_control_pages_are_a_warning(
    house: House, capsys: pytest.CaptureFixture[str], outside: int, behind: int, trouble: str
) -> None:
    with with_config(control_urls=PAGES[:outside], control_waf_urls=PAGES[:behind]):
        code, troubles = examine(capsys)
    assert (code, set(troubles)) == (0, {"control pages"})
    assert troubles["control pages"].startswith(trouble)


def test_a_start_with_too_few_control_pages_says_what_that_means(capsys: pytest.CaptureFixture[str]) -> None:
    with with_config(control_urls=PAGES, control_waf_urls=PAGES):
        control_pages.warn(settings.CONFIG)
    assert capsys.readouterr().err == ""
    with with_config(control_urls=(), control_waf_urls=PAGES[:1]):
        control_pages.warn(settings.CONFIG)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("Warning: SAKIMORI_CONTROL_URLS names 0 pages; with fewer than 2, our own broken line")
    assert second.startswith("Warning: SAKIMORI_CONTROL_WAF_URLS names 1 pages")


def test_what_is_set_up_beside_and_does_not_work_is_a_warning(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    InboxMark.objects.create(
        box=Mailbox.VENDOR, next_try_at=NOW, failures=3, failing_since=NOW, last_error="LOGIN は拒否されました。"
    )
    with with_config(
        browser="/nowhere/chromium",
        vantage_url="http://127.0.0.1:9",
        vantage_key="k" * 32,
        control_urls=PAGES,
        inbox_vendor_url="imaps://soc@mail.example.jp/INBOX",
        inbox_bounces_url="imaps://soc@mail.example.jp/Bounces",
    ):
        code, troubles = examine(capsys)
    assert code == 0
    assert set(troubles) == {"browser", "second vantage point", "inbox vendor"}
    assert "LOGIN は拒否されました。" in troubles["inbox vendor"]
    assert troubles["second vantage point"].startswith("別地点（127.0.0.1）")


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
    monkeypatch.setattr(examination, "check_durability", lambda: None)
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


def test_a_phone_provider_that_is_away_is_found(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.phone.failures.append(PhoneUnavailable("no connection"))
    assert examine(capsys) == (1, {"phone": "no connection"})


def test_dialling_by_hand_is_no_trouble(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "phone", lambda: None)
    assert examine(capsys) == (0, {})


def test_nobody_on_duty_is_a_trouble(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    DutyShift.objects.all().delete()
    assert examine(capsys) == (1, {"duty roster": "当番者が登録されていません。"})


def test_somebody_on_duty_whom_nobody_can_tell_is_a_trouble(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.people.dana.phone = house.people.dana.email = ""
    house.people.dana.save()
    _, troubles = examine(capsys)
    assert "電話番号が登録されていません" in troubles["duty roster"]
    assert "メールアドレスが登録されていません" in troubles["duty roster"]
    house.people.dana.is_active = False
    house.people.dana.save()
    assert "利用停止中" in examine(capsys)[1]["duty roster"]


def test_a_customer_whom_nobody_could_call_is_named(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    Contact.objects.filter(customer=house.people.b.customer).update(phone="")
    assert examine(capsys) == (1, {"customer C-B": "電話番号のある連絡先がありません。"})


def test_a_customer_who_has_cancelled_needs_no_contact(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    Contact.objects.filter(customer=house.people.b.customer).update(active=False)
    house.people.b.ends_on = NOW.date() - timedelta(days=400)
    house.people.b.save()
    assert examine(capsys) == (0, {})


def test_the_self_test_raises_one_alarm_for_each_thing_that_fails_and_counts(house: House) -> None:
    assert examine_ourselves(now=NOW) == 0
    assert not Alarm.objects.exists()
    DutyShift.objects.all().delete()
    for _ in range(2):
        house.mailer.failures.append(MailUnavailable("connection refused"))
        examine_ourselves(now=NOW)
    assert [(alarm.key, alarm.count, alarm.severity) for alarm in Alarm.objects.order_by("key")] == [
        ("self-test:duty roster", 2, Severity.HIGH),
        ("self-test:mail", 2, Severity.HIGH),
    ]
    assert Alarm.objects.get(key="self-test:mail").sentence == (
        "自己診断で異常が見つかりました。メールサーバー：connection refused"
    )


def test_old_network_data_is_a_warning_that_comes_once_a_month(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group(NetworkKind.MOBILE, NOW.date(), "Example Mobile", ())
    monkeypatch.setattr(examination, "outdated", lambda _today: iter((group, group)))
    sentence = "1 年以上前のデータがあります。Example Mobile（2026/11/23 時点） ほか 1 件。"
    assert examine(capsys) == (0, {"network data": sentence})
    for days in (0, 0.1, 29, 31):
        examine_ourselves(now=NOW + timedelta(days=days))
    alarm = Alarm.objects.get()
    assert (alarm.count, alarm.severity, alarm.due_at) == (2, Severity.LOW, None)
    assert alarm.sentence == f"自己診断で注意点が見つかりました。アドレスのデータ：{sentence}"


def test_a_dead_log_store_is_found(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead() -> LogStore:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(backends, "log_store", dead)
    assert examine(capsys) == (1, {"log store": "no answer"})


def test_waiting_migrations_are_counted(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    [last] = MigrationLoader(connection).graph.leaf_nodes("tickets")
    MigrationRecorder(connection).record_unapplied(*last)
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
    monkeypatch.setattr(durability, "connection", file_database)
    check_durability()


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF", "journal_mode=DELETE", "foreign_keys=OFF"])
def test_a_sqlite_that_would_lose_rows_is_refused(
    file_database: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch, pragma: str
) -> None:
    monkeypatch.setattr(durability, "connection", file_database)
    with file_database.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
    with pytest.raises(NotDurable, match="SQLite"):
        check_durability()

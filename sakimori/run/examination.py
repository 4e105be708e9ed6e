"""What the service leans on, looked at once: by `sakimori doctor` for the operator, by the self-test for the SOC."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from sakimori import backends
from sakimori.blacklist.networks import outdated
from sakimori.customers.models import Customer
from sakimori.customers.queries import contacts_to_call, contacts_to_mail, running_contracts
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.jst import day_of, utc_now
from sakimori.logs.store.interface import StoreError
from sakimori.notify.interface import MailError, PhoneError
from sakimori.notify.roster import troubles_of_duty
from sakimori.run.durability import NotDurable, check_durability
from sakimori.waf.interface import WafError

_TROUBLES = (DatabaseError, StoreError, MailError, PhoneError, WafError, CannotOpen, NotDurable, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what is wrong with it; `trouble` is empty when all is well.

    label: the same in Japanese, where the SOC is told of it. mild: a warning; everything works all the same.
    """

    what: str
    trouble: str = ""
    label: str = ""
    mild: bool = False


def look_at_house(ask_store: Callable[[], object]) -> Iterator[Finding]:
    """Stores, mail, phone, somebody on duty, and somebody to tell at every customer that is served today.

    ask_store: asks the log store anything, in the way that is the caller's.
    """
    yield look("database", _database, "データベース")
    yield look("log store", ask_store, "ログ保管庫")
    yield look("spool", lambda: backends.spool().check_writable(), "スプール")
    yield look("mail", lambda: backends.mailer().check(), "メールサーバー")
    yield look("phone", _phone, "電話の発信サービス")
    yield look("duty roster", _duty, "当番表")
    yield replace(look("network data", _network_data, "アドレスのデータ"), mild=True)
    try:
        contracts = running_contracts(day_of(utc_now()))
        customers = list(Customer.objects.filter(contracts__in=contracts).distinct().order_by("number"))
    except DatabaseError:
        return
    for customer in customers:
        yield look(f"customer {customer.number}", partial(_contacts, customer), f"{customer.name} の連絡先")


def look(what: str, check: Callable[[], object], label: str = "") -> Finding:
    """Check one thing; whatever it raises is its trouble."""
    try:
        check()
    except _TROUBLES as error:
        return Finding(what, f"{error}".strip() or type(error).__name__, label)
    return Finding(what, label=label)


def _database() -> None:
    connection.ensure_connection()
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise ValueError(f"{len(waiting)} migrations are waiting; `sakimori up` or `sakimori work` applies them.")
    check_durability()


def _phone() -> None:
    """Without a provider operators dial by hand: nothing that could fail."""
    phone = backends.phone()
    if phone is not None:
        phone.check()


def _duty() -> None:
    troubles = troubles_of_duty(utc_now())
    if troubles:
        raise ValueError("".join(troubles))


def _network_data() -> None:
    old = [f"{group.source}（{group.day:%Y/%m/%d} 時点）" for group in outdated(day_of(utc_now()))]
    if old:
        raise ValueError(
            f"1 年以上前のデータがあります。{old[0]}{f' ほか {len(old) - 1} 件' if len(old) > 1 else ''}。"
        )


def _contacts(customer: Customer) -> None:
    if not contacts_to_mail(customer):
        raise ValueError("連絡先が登録されていません。")
    if not contacts_to_call(customer):
        raise ValueError("電話番号のある連絡先がありません。")

"""How a contract is connected to the vendor: addresses, keys, token of the push door. Keys are only written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.secrets import issue_collector_token, seal_vendor_key


@dataclass(frozen=True, slots=True)
class Connection:
    """Columns of a VendorAccount, and its keys in the clear. An empty key keeps the one that is stored."""

    columns: Mapping[str, object]
    api_key: str = field(default="", repr=False)
    log_api_key: str = field(default="", repr=False)
    bucket_key: str = field(default="", repr=False)


def connect(contract: Contract, connection: Connection, *, by: User, now: datetime) -> VendorAccount:
    """Store a contract's connection. Writes no column but those given, so that a worker's claim stays."""
    names = ("api_key", "log_api_key", "bucket_key")
    keys: dict[str, str] = {name: getattr(connection, name) for name in names}
    written = [name for name, plain in keys.items() if plain]
    with transaction.atomic():
        account = VendorAccount.objects.select_for_update().filter(contract=contract).first()
        known = account is not None
        account = account or VendorAccount(contract=contract)
        for name, value in connection.columns.items():
            setattr(account, name, value)
        for name in written:
            seal_vendor_key(account, name, keys[name])
        account.save(update_fields=[*connection.columns, *(f"sealed_{name}" for name in written)] if known else None)
        _record("vendor.connect", account, by, now, columns=dict(connection.columns), keys_written=written)
    return account


def issue_token(account: VendorAccount, *, by: User, now: datetime) -> str:
    """A new token for the push door; the former one opens it no more. Returns the token, which is never shown again."""
    with transaction.atomic():
        account = VendorAccount.objects.select_for_update().select_related("contract__customer").get(pk=account.pk)
        token = issue_collector_token(account)
        account.save(update_fields=["sealed_collector_token", "collector_token_digest"])
        _record("vendor.token", account, by, now)
    return token


def _record(action: str, account: VendorAccount, by: User, now: datetime, **details: object) -> None:
    audit.record(
        action,
        by=by.username,
        target=f"vendor_account:{account.pk}",
        now=now,
        customer=account.contract.customer,
        details=details or None,
    )

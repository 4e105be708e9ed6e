"""From settings and rows to the contracts: which mailer, phone, log store and vendor client are used.

A stored credential that cannot be opened or used is `WafUnauthorised`, as if the vendor had refused it.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from sakimori.customers.models import VendorAccount
from sakimori.customers.secrets import open_vendor_key
from sakimori.lib.claims import worker_name
from sakimori.lib.crypto import CannotOpen
from sakimori.lib.disk import MIB
from sakimori.lib.http import GuardedClient
from sakimori.lib.jst import utc_now
from sakimori.lib.reverse_dns import NameServer, SystemNames
from sakimori.logs.read_ahead import Position
from sakimori.logs.receive.s3 import Bucket, BucketAddress, BucketRefused
from sakimori.logs.spool import Spool
from sakimori.logs.store.answering import StoreDoor
from sakimori.logs.store.asking import AskedStore, answering_store
from sakimori.logs.store.clickhouse import open_store
from sakimori.logs.store.clients import engine_held_quiet, is_embedded
from sakimori.logs.store.interface import LogStore
from sakimori.logs.store.socket_path import socket_path
from sakimori.logs.turns import DatabaseTurns
from sakimori.notify.inbox.names import Names, SystemDns, names_in_file
from sakimori.notify.interface import Mailer, Phone
from sakimori.notify.legs import order_of
from sakimori.notify.phones import Phones
from sakimori.notify.smtp import SmtpMailer
from sakimori.notify.twilio import Habits, TwilioPhone
from sakimori.notify.two_servers import Memory, TwoServers
from sakimori.waf.imperva import (
    BlockList,
    ImpervaCredentials,
    ImpervaLogCredentials,
    ImpervaLogs,
    ImpervaVendor,
    Patience,
)
from sakimori.waf.interface import WafLogs, WafUnauthorised, WafVendor

# Duties look again by themselves, so a call insists only briefly.
_PATIENCE = Patience(tries=2, first_wait_seconds=0.5, longest_wait_seconds=3.0, total_seconds=8.0)

_MAIL_MEMORY = Memory()


@cache
def log_store() -> LogStore:
    """The one log store of this process. chDB allows one engine per process, so it is opened once."""
    url = settings.LOGSTORE_URL
    if is_embedded(url):
        return open_store(url)
    return open_store(url, DatabaseTurns(worker=worker_name(), clock=utc_now, sleep=time.sleep))


def store_to_read() -> LogStore:
    """The log store for a command that only reads: as the process answers that has an embedded one open, else opened
    here. Raises StoreError when it cannot be asked.
    """
    answering = store_of_another()
    if answering is not None:
        answering.ping()
        return answering
    store = log_store()
    with engine_held_quiet():
        store.ping()
    return store


@cache
def position() -> Position:
    """How far this process has read the file that it is storing."""
    return Position()


def store_of_another() -> AskedStore | None:
    """The embedded log store that another process of this machine has open and answers about; None if none does."""
    url = settings.LOGSTORE_URL
    return answering_store(_store_socket(url)) if is_embedded(url) else None


def store_door() -> StoreDoor | None:
    """Where others ask about the embedded log store, which this process has open; None for a server."""
    url = settings.LOGSTORE_URL
    if not is_embedded(url):
        return None
    return StoreDoor(log_store(), url=url, path=_store_socket(url), read_bytes=position().of)


def _store_socket(url: str) -> Path:
    return socket_path(settings.CONFIG.data / "store-door", url)


@cache
def spool() -> Spool:
    """The spool of this machine."""
    return Spool(settings.SPOOL, floor_bytes=settings.CONFIG.disk_floor_mib * MIB)


def mailer() -> Mailer:
    """The mail server of the setting SAKIMORI_MAIL_URL, with that of SAKIMORI_MAIL2_URL behind it."""
    config = settings.CONFIG
    first = SmtpMailer(config.mail_url)
    if not config.mail2_url:
        return first
    second = SmtpMailer(config.mail2_url, setting="SAKIMORI_MAIL2_URL")
    return TwoServers(first, second, memory=_MAIL_MEMORY, clock=utc_now)


def phone() -> Phone | None:
    """The phones of the settings SAKIMORI_PHONE_... and SAKIMORI_PHONE2_...; None where operators dial by hand."""
    config = settings.CONFIG
    habits = Habits(config.base_url, min(max(int(config.ring_seconds), 5), 600), config.phone_countries)
    accounts = order_of(config.phone_accounts, utc_now())
    phones = [TwilioPhone(account, http_client(), habits, utc_now) for account in accounts]
    return Phones(phones) if phones else None


@cache
def http_client() -> GuardedClient:
    """The guarded HTTP client of this process."""
    return GuardedClient()


def name_server() -> NameServer | None:
    """The DNS as this machine asks it. In training nobody outside is asked."""
    return None if settings.CONFIG.training else SystemNames()


def mail_names() -> Names:
    """The DNS that DKIM and SPF are judged by. In training nobody outside is asked, only the file of the setting."""
    config = settings.CONFIG
    return names_in_file(config.training_dns) if config.training else SystemDns()


def waf_vendor(account: VendorAccount) -> WafVendor:
    """The vendor's API for one account. Raises WafUnauthorised."""
    with _refused_if_unusable():
        credentials = ImpervaCredentials(
            cloud_url=account.cloud_url,
            api_url=account.api_url,
            api_id=account.api_id,
            api_key=open_vendor_key(account, "api_key"),
            account_id=account.account_id,
            block_list=BlockList(account.block_list),
        )
    return _vendor(credentials)


@lru_cache(maxsize=1000)
def _vendor(credentials: ImpervaCredentials) -> ImpervaVendor:
    """One object per credential: it remembers which kind of list the account has."""
    return ImpervaVendor(
        credentials, http_client(), sleep=time.sleep, random=random.random, clock=time.monotonic, patience=_PATIENCE
    )


def waf_logs(account: VendorAccount) -> WafLogs:
    """The log pull of one account. Raises WafUnauthorised."""
    with _refused_if_unusable():
        credentials = ImpervaLogCredentials(
            base_url=account.log_base_url,
            api_id=account.log_api_id,
            api_key=open_vendor_key(account, "log_api_key"),
        )
    return ImpervaLogs(
        credentials, http_client(), sleep=time.sleep, random=random.random, clock=time.monotonic, patience=_PATIENCE
    )


def bucket(account: VendorAccount) -> Bucket:
    """The S3 bucket of one account. Raises BucketRefused."""
    try:
        address = BucketAddress(
            url=account.bucket_url,
            region=account.bucket_region,
            name=account.bucket_name,
            prefix=account.bucket_prefix,
            key_id=account.bucket_key_id,
            secret=open_vendor_key(account, "bucket_key"),
        )
    except CannotOpen as error:
        raise BucketRefused("保存されたアクセスキーを使えません。入力し直してください。") from error
    except ValueError as error:
        raise BucketRefused(str(error)) from error
    return Bucket(address, http_client(), clock=utc_now)


@contextmanager
def _refused_if_unusable() -> Iterator[None]:
    """One contract's broken credential must look like that contract's trouble, not stop the work for all."""
    try:
        yield
    except (CannotOpen, ValueError) as error:
        raise WafUnauthorised(f"the stored credential cannot be used: {error}") from error

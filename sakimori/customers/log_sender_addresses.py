"""The addresses by which a contract's senders are known at the syslog door where they show no certificate.

An address belongs to one contract. Only addresses of the internet can be registered: behind a load balancer or inside a
private network everybody has the same one.
"""

import unicodedata
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network

from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Contract, LogSenderAddress
from sakimori.lib.addresses import Network, canonical, overlaps, parse_address, parse_network, public_network, short

# What one customer has for himself: a small assignment of IPv4 addresses, one link of IPv6.
WIDEST = {4: 28, 6: 64}


class NoSenderAddress(ValueError):
    """What was given cannot be registered; the text is a sentence for the person who gave it."""


def read_sender_address(text: str, *, training: bool) -> Network:
    """Read an address or a small network. In training documentation and loopback addresses count too.

    Raises NoSenderAddress.
    """
    network = _network(unicodedata.normalize("NFKC", text).strip())
    if network.prefixlen < WIDEST[network.version]:
        raise NoSenderAddress("範囲が広すぎます。IPv4 は /28 まで、IPv6 は /64 までの範囲で入力してください。")
    if not (public_network(network, documentation_counts=training) or (training and network.is_loopback)):
        raise NoSenderAddress(
            "インターネット上のアドレスではありません。このシステムから見た、送信元のグローバルアドレスを入力してください。"
        )
    return network


def _network(word: str) -> Network:
    address = parse_address(word)
    network = parse_network(canonical(address) if address is not None else word)
    if network is None or "%" in word:
        raise NoSenderAddress(
            "IP アドレスとして読み取れません。例：203.0.113.7、203.0.113.0/28、2001:db8:1:2::/64（いずれか 1 つ）"
        )
    return network


@lru_cache(maxsize=1024)
def networks_around(address: str) -> tuple[str, ...]:
    """Every network that could be registered and holds the address, as rows name it; none for what is no address."""
    found = parse_address(address)
    if found is None:
        return ()
    found = parse_address(canonical(found)) or found
    lengths = range(WIDEST[found.version], found.max_prefixlen + 1)
    return tuple(short(ip_network((found, length), strict=False)) for length in lengths)


def register_sender_address(contract: Contract, network: Network, *, by: User, now: datetime) -> LogSenderAddress:
    """Let whoever comes from there, and shows no certificate, deliver lines of this contract.

    Raises NoSenderAddress where a part of it is registered already.
    """
    with transaction.atomic():
        row, new = LogSenderAddress.objects.get_or_create(
            network=short(network), defaults={"contract": contract, "added_at": now}
        )
        if new:
            # The record comes first: it makes registrations wait for each other, so that no two overlap.
            _record("vendor.sender_address", row, by, now)
        _refuse_overlaps(row, contract, network)
    return row


def _refuse_overlaps(row: LogSenderAddress, contract: Contract, network: Network) -> None:
    for other in LogSenderAddress.objects.select_related("contract"):
        known = parse_network(other.network)
        if known is None or not overlaps([known], network):
            continue
        if other.contract_id != contract.pk:
            raise NoSenderAddress(
                f"別の契約（{other.contract.number}）に登録されているアドレス {other.network} と重なるため、"
                "登録できません。"
            )
        if other.pk != row.pk:
            raise NoSenderAddress(f"この契約に登録済みのアドレス {other.network} と重なっています。")


def remove_sender_address(row: LogSenderAddress, *, by: User, now: datetime) -> None:
    """From now on the address opens the door no more."""
    with transaction.atomic():
        found = LogSenderAddress.objects.select_for_update().filter(pk=row.pk).first()
        if found is not None:
            _record("vendor.sender_address_removed", found, by, now)
            found.delete()


def _record(action: str, row: LogSenderAddress, by: User, now: datetime) -> None:
    audit.record_of(row.contract, action, by=by.username, now=now, details={"network": row.network})

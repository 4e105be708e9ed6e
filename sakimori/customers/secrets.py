"""Sealing and opening a customer's secrets: vendor keys, log keys, and the customer's own key for personal data.

The customer's key is itself sealed by the installation's keyring. Destroying it makes everything sealed with it
unreadable, wherever a copy may lie (chapter 3-1).
"""

import hashlib
import json
import secrets

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings

from sakimori.customers.models import Contract, Customer, LogKey, VendorAccount
from sakimori.lib.crypto import Keyring, new_key
from sakimori.lib.rsa_keys import read_rsa_key


def seal_vendor_key(account: VendorAccount, field: str, plain: str) -> None:
    """Seal `plain` into the column `sealed_<field>` of an account that already has its contract. Does not save."""
    setattr(account, f"sealed_{field}", _master().seal(plain.encode(), context=_vendor_place(account, field)))


def open_vendor_key(account: VendorAccount, field: str) -> str:
    """Open the column `sealed_<field>`. Raises CannotOpen."""
    sealed: str = getattr(account, f"sealed_{field}")
    return _master().open(sealed, context=_vendor_place(account, field)).decode()


def issue_collector_token(account: VendorAccount) -> str:
    """Make a new token for the push door, sealed and findable by digest. Does not save. Returns the token."""
    token = secrets.token_urlsafe(32)
    set_collector_token(account, token)
    return token


def set_collector_token(account: VendorAccount, token: str) -> None:
    """Seal a given token for the push door. Does not save."""
    seal_vendor_key(account, "collector_token", token)
    account.collector_token_digest = token_digest(token)


def token_digest(token: str) -> str:
    """What is stored to find an account by its token. Tokens are long and random, so one plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_log_key(contract: Contract, public_key_id: int, private_pem: bytes) -> LogKey:
    """Store the private key for log files that carry `publicKeyId:<public_key_id>`. Raises ValueError if it is none."""
    read_rsa_key(private_pem)
    sealed = _master().seal(private_pem, context=_log_key_place(contract, public_key_id))
    key, _ = LogKey.objects.update_or_create(
        contract=contract, public_key_id=public_key_id, defaults={"sealed_private_pem": sealed}
    )
    return key


def open_log_key(contract: Contract, public_key_id: int) -> RSAPrivateKey:
    """A contract's private key for these log files. Raises KeyError if it has none, CannotOpen, and ValueError if what
    is stored is no key.
    """
    sealed = {key.public_key_id: key.sealed_private_pem for key in contract.log_keys.all()}[public_key_id]
    return read_rsa_key(_master().open(sealed, context=_log_key_place(contract, public_key_id)))


def give_key(customer: Customer) -> None:
    """Give a new customer its own key. Does not save."""
    customer.sealed_key = _master().seal(new_key(), context=_customer_place(customer.number))


def seal_details(customer: Customer, details: dict[str, object], *, place: str) -> str:
    """Seal personal or customer data of an audit entry with the customer's own key."""
    text = json.dumps(details, ensure_ascii=False, sort_keys=True, default=str)
    return _own(customer).seal(text.encode(), context=place)


def open_details(customer: Customer, sealed: str, *, place: str) -> dict[str, object]:
    """Open what `seal_details` made. Raises CannotOpen when the key was destroyed."""
    details: dict[str, object] = json.loads(_own(customer).open(sealed, context=place))
    return details


def _own(customer: Customer) -> Keyring:
    key = _master().open(customer.sealed_key, context=_customer_place(customer.number))
    return Keyring("c1", {"c1": key})


def _master() -> Keyring:
    ring: Keyring = settings.FIELD_KEYRING
    return ring


def _vendor_place(account: VendorAccount, field: str) -> str:
    return f"customers.vendor_account:{account.contract_id}:{field}"


def _log_key_place(contract: Contract, public_key_id: int) -> str:
    return f"customers.log_key:{contract.pk}:{public_key_id}"


def _customer_place(number: str) -> str:
    return f"customers.customer:{number}"

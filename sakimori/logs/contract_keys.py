"""The keys that open a contract's encrypted files, by the number that a file's header names."""

from collections.abc import Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sakimori.customers.models import Contract
from sakimori.customers.secrets import open_log_key
from sakimori.logs.unpack import FileReason, UnreadableFile


class ContractKeys(Mapping[int, RSAPrivateKey]):
    """Each is opened when the first file asks for it: a file that is not encrypted has nothing to do with them.

    Raises CannotOpen, and `UnreadableFile` if what was registered is no key.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._opened: dict[int, RSAPrivateKey] = {}

    def __getitem__(self, public_key_id: int) -> RSAPrivateKey:
        if public_key_id not in self._opened:
            try:
                self._opened[public_key_id] = open_log_key(self._contract, public_key_id)
            except ValueError:
                raise UnreadableFile(FileReason.UNUSABLE_KEY) from None
        return self._opened[public_key_id]

    def __iter__(self) -> Iterator[int]:
        return (key.public_key_id for key in self._contract.log_keys.all())

    def __len__(self) -> int:
        return len(self._contract.log_keys.all())

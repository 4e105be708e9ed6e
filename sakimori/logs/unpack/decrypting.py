"""Decrypt a body: RSA (PKCS#1 v1.5) gives base64 text of an AES key; the body is AES-CBC with an IV of zeros."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sakimori.logs.unpack.errors import FileReason, UnreadableFile
from sakimori.logs.unpack.header import FileHeader

AES_BLOCK_BYTES = 16
_AES_KEY_BYTES = (16, 24, 32)


def body_key(header: FileHeader, private_keys: Mapping[int, RSAPrivateKey]) -> bytes:
    """Recover the AES key. An id that we have no key for is an error even if another key would fit."""
    private_key = private_keys.get(header.public_key_id) if header.public_key_id is not None else None
    if private_key is None:
        raise UnreadableFile(FileReason.UNKNOWN_KEY_ID)
    try:
        # A wrong RSA key gives either an error or, in newer OpenSSL, random bytes, which are hardly ever base64.
        text = private_key.decrypt(base64.b64decode(header.encrypted_key, validate=True), PKCS1v15())
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise UnreadableFile(FileReason.WRONG_KEY) from None
    if len(key) not in _AES_KEY_BYTES:
        raise UnreadableFile(FileReason.WRONG_KEY)
    return key


def decrypt(blocks: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Decrypt a stream. Padding is left on: its kind is not documented (see `padding.py`)."""
    # The vendor's choice of mode and IV, not ours; the checksum is what proves the content.
    decryptor = Cipher(AES(key), CBC(bytes(AES_BLOCK_BYTES))).decryptor()
    for block in blocks:
        if clear := decryptor.update(block):
            yield clear
    try:
        decryptor.finalize()
    except ValueError:
        raise UnreadableFile(FileReason.TRUNCATED) from None

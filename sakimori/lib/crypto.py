"""Secrets at rest: AES-256-GCM with a key id, bound to the place where the ciphertext lives.

A sealed value is text: `v1.<key id>.<base64 of nonce and ciphertext>`. `context` (tenant, table, field, row) is
authenticated with it, so a ciphertext copied to another place does not open. Keys live outside the database.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32


class CannotOpen(Exception):
    """The sealed value is damaged, from another place, or its key is gone."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; `current` seals, all of them open. Never printed."""

    current: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"Keyring(current={self.current!r}, ids={sorted(self.keys)!r})"

    def seal(self, plain: bytes, *, context: str) -> str:
        """Encrypt `plain` for the place `context`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, context.encode())
        return f"v1.{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, context: str) -> bytes:
        """Decrypt what `seal` made for the same `context`, or raise CannotOpen."""
        try:
            version, key_id, body = sealed.split(".", 2)
            raw = base64.urlsafe_b64decode(body)
            key = self.keys[key_id]
        except (ValueError, KeyError) as error:
            raise CannotOpen(f"unknown key or form in {context}") from error
        if version != "v1":
            raise CannotOpen(f"unknown version in {context}")
        try:
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen(f"wrong key or wrong place in {context}") from error


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(_KEY_BYTES)


def load_or_create_keyring(path: Path) -> Keyring:
    """Read the keyring file; make one with a single new key, readable by its owner only, if there is none."""
    if not path.exists():
        _write_keyring(path, Keyring("k1", {"k1": new_key()}))
    stored = json.loads(path.read_text())
    return Keyring(stored["current"], {key_id: bytes.fromhex(key) for key_id, key in stored["keys"].items()})


def _write_keyring(path: Path, ring: Keyring) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"current": ring.current, "keys": {i: key.hex() for i, key in ring.keys.items()}})
    write_durably(path, content.encode())


def write_durably(path: Path, content: bytes) -> None:
    """Write a private file (mode 0600) so that after return it survives a power cut, whole or not at all."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (a rename is only safe once its folder is synced)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

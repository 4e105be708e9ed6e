"""Log files of an account: made from lines, kept 48 hours or 500 MB, named X_Y.log with Y rising, with gaps.

A file is on the disk before its row says that it exists; what a kill leaves without a row is overwritten.
"""

import base64
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sakimori.simulators.spec import AccountSpec
from sakimori.simulators.state import State
from sakimori.simulators.switches import read_switches

KEPT_MS = 48 * 3_600_000
KEPT_BYTES = 500_000_000
GAP_EVERY = 10
SEPARATOR = b"|==|\n"


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Lines (without line ends) of one file and the time they cover, epoch milliseconds."""

    lines: Sequence[bytes]
    start_ms: int
    end_ms: int
    format: str = "CEF"


class LogFiles:
    """The log files of all accounts, below one folder."""

    def __init__(self, state: State, folder: Path) -> None:
        self._state = state
        self._folder = folder

    def publish(self, account: AccountSpec, batch: LogBatch, now_ms: int) -> str:
        """Make one file, readable after the delivery delay (a switch). Returns its name."""
        content = file_content(account, batch)
        with self._state.change() as db:
            number = self._next_number(account.account_id)
            name = f"{account.account_id}_{number}.log"
            _write_durably(self._file(account, name), content)
            visible_ms = now_ms + read_switches(self._state).delivery_delay_seconds * 1000
            db.execute(
                "INSERT INTO log_file (account_id, number, name, size, created_ms, visible_ms) VALUES (?,?,?,?,?,?)",
                (account.account_id, number, name, len(content), now_ms, visible_ms),
            )
        self._drop_old(account, now_ms)
        return name

    def index(self, account: AccountSpec, now_ms: int) -> list[str]:
        """Names of the files that can be read now, oldest first."""
        self._drop_old(account, now_ms)
        rows = self._state.rows(
            "SELECT name FROM log_file WHERE account_id = ? AND visible_ms <= ? ORDER BY number",
            account.account_id,
            now_ms,
        )
        return [row["name"] for row in rows]

    def read(self, account: AccountSpec, name: str, now_ms: int) -> bytes | None:
        """The file as delivered; None if there is none, no more, or not yet."""
        return self._file(account, name).read_bytes() if name in self.index(account, now_ms) else None

    def _next_number(self, account_id: int) -> int:
        """Every tenth number is left out, as gaps happen live. A number is never given twice."""
        last = int(self._state.setting(f"last_log/{account_id}") or 0)
        number = last + 1 + ((last + 1) % GAP_EVERY == 0)
        self._state.set_setting(f"last_log/{account_id}", str(number))
        return number

    def _drop_old(self, account: AccountSpec, now_ms: int) -> None:
        rows = self._state.rows("SELECT * FROM log_file WHERE account_id = ? ORDER BY number DESC", account.account_id)
        total = 0
        for row in rows:
            total += row["size"]
            if now_ms - row["created_ms"] > KEPT_MS or total > KEPT_BYTES:
                with self._state.change() as db:
                    db.execute(
                        "DELETE FROM log_file WHERE account_id = ? AND name = ?", (row["account_id"], row["name"])
                    )
                self._file(account, row["name"]).unlink(missing_ok=True)

    def _file(self, account: AccountSpec, name: str) -> Path:
        return self._folder / account.log_path / name


def file_content(account: AccountSpec, batch: LogBatch) -> bytes:
    """Header, separator, body: compressed and encrypted as the account has it."""
    plain = b"".join(line + b"\n" for line in batch.lines)
    body = zlib.compress(plain) if account.is_compressed else plain
    header = {
        "accountId": account.account_id,
        "configId": account.log_config_id,
        "checksum": hashlib.md5(plain, usedforsecurity=False).hexdigest(),
        "format": batch.format,
        "startTime": batch.start_ms,
        "endTime": batch.end_ms,
    }
    if account.public_key_pem:
        key = os.urandom(16)
        header |= {"publicKeyId": account.public_key_id, "key": _wrapped(key, account.public_key_pem)}
        body = _encrypted(body, key)
    lines = "".join(f"{name}:{value}\n" for name, value in header.items())
    return lines.encode() + SEPARATOR + body


def _wrapped(key: bytes, public_key_pem: str) -> str:
    """base64(RSA PKCS#1 v1.5(base64(key))): the vendor wraps the text, not the bytes."""
    public_key = load_pem_public_key(public_key_pem.encode())
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise TypeError("log files can be encrypted for an RSA key only")
    return base64.b64encode(public_key.encrypt(base64.b64encode(key), padding.PKCS1v15())).decode()


def _encrypted(body: bytes, key: bytes) -> bytes:
    """AES-CBC with a zero IV, as the vendor does it; PKCS#7 padding is our assumption."""
    padder = block_padding.PKCS7(128).padder()
    padded = padder.update(body) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def _write_durably(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())

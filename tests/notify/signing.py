"""Mails that are signed, and the DNS that knows their keys: for tests of who really wrote."""

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sakimori.notify.inbox.names import DnsTrouble, KnownNames

MAIL = (
    b"From: Imperva Alerts <alerts@imperva.example.com>\r\n"
    b"To: vendor@soc.example.jp\r\n"
    b"Subject: DDoS attack on shop.sakura.example.jp has ended\r\n"
    b"Date: Mon, 23 Nov 2026 13:00:00 +0000\r\n"
    b"Message-ID: <1@imperva.example.com>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"The attack on shop.sakura.example.jp has ended.\r\n"
)
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
# Tests judge these mails by the moment at which they were read in, however long the suite has run since.
SIGNED_AT = int(time.time())


@dataclass
class FakeDns(KnownNames):
    """TXT records, and records of other kinds; silent when it is told to be."""

    texts: dict[str, str] = field(default_factory=dict)
    others: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    silent: bool = False
    asked: list[str] = field(default_factory=list)

    def ask(self, name: str, kind: str) -> Sequence[Any]:
        """See `Names.ask`."""
        self.asked.append(name)
        if self.silent:
            raise DnsTrouble("timeout")
        if kind == "TXT" and name in self.texts:
            return [(self.texts[name].encode(),)]
        return self.others.get((name, kind), [])


@cache
def key(name: str = "vendor") -> bytes:
    """A private key of 2048 bits as PEM, the same for the same name."""
    del name
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@cache
def record(pem: bytes) -> str:
    """The public half as its TXT record."""
    made = serialization.load_pem_private_key(pem, None)
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@cache
def weak() -> tuple[bytes, str]:
    """A key of 768 bits and its record; the usual library makes none so short."""
    p, q = _prime(384), _prime(384)
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = [0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
    der = _sequence(*(_integer(number) for number in numbers))
    pem = (
        b"-----BEGIN RSA PRIVATE " + b"KEY-----\n" + base64.encodebytes(der) + b"-----END RSA PRIVATE " + b"KEY-----\n"
    )
    inner = _sequence(_integer(n), _integer(e))
    bits = b"\x03" + _length(len(inner) + 1) + b"\x00" + inner
    whole = _sequence(bytes.fromhex("300d06092a864886f70d0101010500"), bits)
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(whole).decode()}"


def sign(
    raw: bytes = MAIL,
    *,
    domain: str = "imperva.example.com",
    selector: str = "s1",
    pem: bytes | None = None,
    headers: Sequence[bytes] = SIGNED,
    length: bool = False,
    algorithm: bytes = b"rsa-sha256",
    extra: Mapping[bytes, bytes | None] | None = None,
) -> bytes:
    """The mail with a DKIM signature on top. extra: tags that the signature has besides; None: lacks."""
    signer = _Signer(raw, signature_algorithm=algorithm)
    signer.extra = dict(extra or {})
    line = signer.sign(selector.encode(), domain.encode(), pem or key(), include_headers=list(headers), length=length)
    return bytes(line) + raw


class _Signer(dkim.DKIM):  # type: ignore[misc]
    extra: dict[bytes, bytes | None]

    def gen_header(self, fields: Any, *arguments: Any, **named: Any) -> bytes:
        """With the additional tags before the signature itself."""
        signed = [(name, str(SIGNED_AT).encode() if name == b"t" else value) for name, value in fields]
        kept = [(name, value) for name, value in signed if name not in self.extra]
        more = [(name, value) for name, value in self.extra.items() if value is not None]
        return bytes(super().gen_header([*kept[:-1], *more, kept[-1]], *arguments, **named))


def _prime(bits: int) -> int:
    while True:
        found = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if found % 65537 != 1 and all(found % small for small in (3, 5, 7, 11, 13)) and _is_prime(found):
            return found


def _is_prime(number: int) -> bool:
    d, r = number - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    for _ in range(20):
        x = pow(secrets.randbelow(number - 3) + 2, d, number)
        if x not in (1, number - 1) and not any((x := pow(x, 2, number)) == number - 1 for _ in range(r - 1)):
            return False
    return True


def _sequence(*parts: bytes) -> bytes:
    return b"\x30" + _length(len(b"".join(parts))) + b"".join(parts)


def _integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + _length(len(content)) + content


def _length(size: int) -> bytes:
    return bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")

"""Sites to probe, in a process of their own: HTTPS on loopback under a throw-away CA, as little work as possible.

Prints one JSON line (port, file of the CA) and serves until its standard input ends.
"""

import asyncio
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_BODY = (
    "<!doctype html><html lang=ja><title>さきもり商店</title><p>全国の名産品をお届けします。</p>".encode() + b" " * 4000
)
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nX-CDN: Imperva\r\nConnection: close\r\n"
    + f"Content-Length: {len(_BODY)}\r\n\r\n".encode()
    + _BODY
)


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Files of a CA's certificate, and of a site's certificate and key."""
    ca_key, site_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _certificate("Sakimori bench CA", "Sakimori bench CA", ca_key, ca_key, is_ca=True)
    site = _certificate("127.0.0.1", "Sakimori bench CA", site_key, ca_key, is_ca=False)
    paths = folder / "ca.pem", folder / "site.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(ca.public_bytes(pem))
    paths[1].write_bytes(site.public_bytes(pem))
    plain = serialization.NoEncryption()
    paths[2].write_bytes(site_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return paths


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, is_ca: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    common = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    made = x509.CertificateBuilder(common[1], common[0], key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    if not is_ca:
        made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
    return made.sign(by, hashes.SHA256())


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def _serve(folder: Path) -> None:
    ca, certificate, key = make_certificates(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=tls, backlog=512)
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "ca": str(ca)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

"""The collector behind TLS, in a thread of its own. Without a certificate in the settings a self-signed one is made."""

import asyncio
import socket
import ssl
import threading
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from sakimori import backends
from sakimori.lib.crypto import write_durably
from sakimori.lib.jst import utc_now
from sakimori.logs.receive.hec import HecDoor, collector
from sakimori.logs.receive.hec_body import BodyLimits
from sakimori.run.patient import Patience, PatientServer
from sakimori.run.promptness import answer_promptly

_PATIENCE = Patience()
_YEARS = timedelta(days=3 * 365)


class CollectorServer:
    """The push door on SAKIMORI_HEC_LISTEN, TLS 1.2 or newer. Port 0 is a free one; `port` says which, once started."""

    def __init__(
        self, host: str, port: int, *, patience: Patience = _PATIENCE, bodies: BodyLimits | None = None
    ) -> None:
        self.port = port
        self._host = host
        certificate, key = certificate_files(host)
        door = HecDoor(settings.CONFIG.data / "hec", backends.spool(), utc_now)
        config = uvicorn.Config(
            collector(door, clock=utc_now, bodies=bodies),
            host=host,
            port=port,
            ssl_certfile=str(certificate),
            ssl_keyfile=str(key),
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_keep_alive=patience.keep_alive_seconds,
        )
        config.load()
        if config.ssl is not None:
            config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server = PatientServer(config, patience)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> None:
        """Begin to answer: from now on a sender gets through. OSError if the port is taken."""
        answer_promptly()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.create_server((self._host, self.port), family=family, backlog=100)
        self.port = self._socket.getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        """Answer what is under way, then stop."""
        self._server.should_exit = True
        self._thread.join(5.0)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket] if self._socket else None))


def certificate_files(host: str) -> tuple[Path, Path]:
    """Certificate and key of the doors: those of the settings, or self-signed ones, which are made once."""
    config = settings.CONFIG
    if config.tls_certificate and config.tls_key:
        return config.tls_certificate, config.tls_key
    certificate, key = config.data / "keys" / "collector.pem", config.data / "keys" / "collector-key.pem"
    if not certificate.exists() or not key.exists():
        certificate_pem, key_pem = self_signed(host, now=utc_now())
        write_durably(key, key_pem)
        write_durably(certificate, certificate_pem)
    return certificate, key


def self_signed(host: str, *, now: datetime) -> tuple[bytes, bytes]:
    """A certificate and its key, both PEM, for `host` and this machine. For a demo, or until a real one is there."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sakimori collector")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(serialization.Encoding.PEM), key_pem


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    try:
        return [*names, x509.IPAddress(ip_address(host))]
    except ValueError:
        return [*names, x509.DNSName(host)]

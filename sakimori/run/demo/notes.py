"""What a demo folder remembers: ports, passwords and keys, made once with real randomness and then kept."""

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sakimori.lib.crypto import write_durably

FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class DemoNotes:
    """Kept in `demo.json`. first_port: pages; the simulators follow on the next ports (0: any free ones)."""

    port: int
    simulator_port: int
    password: str
    api_keys: Mapping[str, str]
    private_pem: str
    public_pem: str

    def __repr__(self) -> str:
        return f"DemoNotes(port={self.port})"

    @property
    def base_url(self) -> str:
        """Address of the pages."""
        return f"http://localhost:{self.port}"


def load_or_make(folder: Path, *, port: int) -> DemoNotes:
    """Read the notes of a demo folder, or begin a new one on `port` (0: a free one)."""
    path = folder / FILE
    if path.exists():
        return DemoNotes(**json.loads(path.read_text()))
    notes = _new(port)
    folder.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(asdict(notes)).encode())
    return notes


def _new(port: int) -> DemoNotes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DemoNotes(
        port=port or free_port(),
        simulator_port=port + 1 if port else 0,
        password=f"demo-{secrets.token_hex(4)}-{secrets.token_hex(2)}",
        api_keys={name: secrets.token_urlsafe(24) for name in ("sakura", "hokuto", "sakura-logs", "hokuto-logs")},
        private_pem=private.decode(),
        public_pem=public.decode(),
    )


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0

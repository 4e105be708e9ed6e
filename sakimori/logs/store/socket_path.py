"""Where the socket of an embedded log store lies, and how it is made and reached, however long its path is."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

_LONGEST_PATH_BYTES = 100  # The kernel takes 107, others 103.
_WAITING = 32


def socket_path(folder: Path, url: str) -> Path:
    """The socket for the store of a URL, in `folder`, which belongs to it alone. Another store has another name."""
    return folder / f"{sha256(url.encode()).hexdigest()[:16]}.sock"


def bound_socket(path: Path) -> socket.socket:
    """A socket that listens at `path`, for its owner only. Replaces what lies there. OSError if it cannot be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)  # First: whoever cannot enter the folder cannot meet the socket in between.
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as address:
            made.bind(address)
        path.chmod(0o600)
        made.listen(_WAITING)
    except OSError:
        made.close()
        raise
    return made


def connected_socket(path: Path, *, seconds: float) -> socket.socket:
    """A connection to the socket at `path`. OSError, such as FileNotFoundError or ConnectionRefusedError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(seconds)
    try:
        with _short(path) as address:
            made.connect(address)
    except OSError:
        made.close()
        raise
    return made


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for `path` that a socket takes: a long one is named by its folder's descriptor."""
    if len(os.fsencode(path)) <= _LONGEST_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)

"""The listening sockets of a world: on loopback, on the same ports at every start."""

import socket

from sakimori.simulators.spec import WorldSpec
from sakimori.simulators.state import State


def bound_sockets(state: State, spec: WorldSpec) -> dict[str, socket.socket]:
    """A listening socket for each simulator, on the port given, or the one it had before, or a free one.

    OSError if a port is taken; then none is left open.
    """
    sockets: dict[str, socket.socket] = {}
    try:
        for name, port in spec.ports.as_dict().items():
            wanted = port or int(state.setting(f"port/{name}") or 0)
            sockets[name] = _bound_socket(spec.host, wanted)
            state.set_setting(f"port/{name}", str(sockets[name].getsockname()[1]))
    except OSError:
        for bound in sockets.values():
            bound.close()
        raise
    return sockets


def _bound_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.listen(100)  # From here on a caller gets through, however long the server behind it takes.
    return bound

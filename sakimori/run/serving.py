"""Web servers in threads of their own, and waiting for the signal to stop."""

import signal
import threading
from types import FrameType

from django.conf import settings
from waitress.server import create_server

from sakimori.run.wsgi import application

_THREADS = 8
_MAX_BODY_BYTES = 32 << 20
# A form may hold five files of the largest size, and one that is too large must still get its sentence.
_UPLOADS = 8


class PagesServer:
    """The web pages on SAKIMORI_LISTEN."""

    def __init__(self) -> None:
        host, port = settings.CONFIG.listen
        self._server = create_server(  # type: ignore[no-untyped-call]
            application,
            host=host,
            port=port,
            threads=_THREADS,
            max_request_body_size=max(_MAX_BODY_BYTES, _UPLOADS * settings.CONFIG.upload_mib << 20),
            ident="Sakimori",
            trusted_proxy=settings.CONFIG.trusted_proxy,
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="pages", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.close()


def wait_for_signal() -> None:
    """Return when the process is asked to end (Ctrl-C or SIGTERM)."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    while not stop.wait(0.5):
        pass

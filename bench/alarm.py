"""`./run bench alarm`: 20 incidents at once beside 200 sites in baseline; how soon visits, verdicts, mails and rings.

The real duties in threads of one process, real visits to a site on this machine; mail server and phone answer at once.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.ledger import throw_away_database
from bench.probes import measure_probes

_PAGE = "<html><body>商店のページ</body></html>".encode() * 40


def measure_alarm(arguments: Sequence[str]) -> Mapping[str, object]:
    """Arguments: how many sites, how many incidents at once (default 200 and 20). Then visits at full speed."""
    sites, incidents = (int(given) for given in (*arguments, *("200", "20")[len(arguments) :]))
    with pages() as (address, dead):
        os.environ["SAKIMORI_CONTROL_URLS"] = f"{address}/control"
        with throw_away_database():
            from bench.alarm_storm import storm  # noqa: PLC0415 - needs a configured Django

            figures = storm(address, dead, sites=sites, incidents=incidents)
    full_speed = measure_probes(("--seconds", "10"))
    return {**figures, **{name: full_speed[name] for name in ("probes_per_second", "peers")}}


@contextmanager
def pages() -> Iterator[tuple[str, set[str]]]:
    """A site on loopback: every path is well, but those in the set hang up."""
    dead: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in dead:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(_PAGE)))
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", dead
    finally:
        server.shutdown()
        server.server_close()

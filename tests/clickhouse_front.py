"""A small HTTP front over the embedded engine that speaks as much of a ClickHouse server's HTTP interface as our client
uses: statements, bound parameters, settings, a database, inserts in Arrow, errors with their code.
"""

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

# Of the interface itself, not of the engine.
_NOT_SETTINGS = {"query", "database", "query_id", "default_format", "client_protocol_version", "session_id"} | {
    "wait_end_of_query",
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "enable_http_compression",
    "compress",
    "decompress",
}
_FORMAT = re.compile(rb"\s+FORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+[^\n]*?)\s+FORMAT\s+(\w+)\s*\n", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")


@contextmanager
def serving(folder: str) -> Iterator[int]:
    """A front over the engine in a folder. Gives its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Handler", (_Handler,), {"folder": folder}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    folder = ""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            answer = self._run(given, body)
        except Exception as error:  # noqa: BLE001 - whatever the engine says is the answer
            self._answer(500, str(error).encode(), code=_CODE.search(str(error)))
        else:
            self._answer(200, answer)

    def _run(self, given: dict[str, str], body: bytes) -> bytes:
        statement = b"\n".join(part for part in (given.get("query", "").encode(), body) if part)
        bound = {name[6:]: text for name, text in given.items() if name.startswith("param_")}
        with closing(chdb.connect(self.folder)) as engine:
            if "database" in given:
                engine.query(f"USE {given['database']}")
            for name, text in given.items():
                if name not in _NOT_SETTINGS and not name.startswith("param_"):
                    engine.query(f"SET {name} = '{text}'")
            if insert := _INSERT.match(statement):
                return self._insert(engine, insert, statement[insert.end() :])
            asked = _FORMAT.search(statement)
            text = statement[: asked.start()] if asked else statement
            kind = asked[1].decode() if asked else given.get("default_format", "TabSeparated")
            return bytes(engine.query(text.decode(), kind, params=bound).bytes())

    def _insert(self, engine: Any, insert: re.Match[bytes], rows: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows"
            path.write_bytes(rows)
            engine.query(f"{insert[1].decode()} FROM INFILE '{path}' FORMAT {insert[2].decode()}")
        return b""

    def _answer(self, status: int, body: bytes, *, code: re.Match[str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code[1])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""

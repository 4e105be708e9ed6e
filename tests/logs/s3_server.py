"""A small S3-compatible server on this machine: lists and hands out objects, checks every signature, and has faults."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from sakimori.lib.sigv4 import SigningKey, signing_headers

_FIRST = datetime(2026, 11, 23, tzinfo=UTC)
BUCKET, KEY_ID, SECRET, REGION = "logs.example", "AKIAEXAMPLE", "secret/example+key", "ap-northeast-1"


@dataclass
class Store:
    """The objects, in the order in which they were written, and what goes wrong."""

    objects: dict[str, bytes] = field(default_factory=dict)
    page: int = 1000
    status: int = 0  # answers everything with it
    headers: dict[str, str] = field(default_factory=dict)
    listing: bytes = b""  # instead of the list
    truncated: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def list_page(self, query: dict[str, list[str]]) -> bytes:
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        prefix = query["prefix"][0]
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        written = {key: f"{_FIRST + timedelta(seconds=n):%FT%T}.000Z" for n, key in enumerate(self.objects)}
        items = "".join(
            f"<Contents><Key>{escape(quote(key, safe='/'))}</Key><LastModified>{written[key]}</LastModified>"
            f"<Size>{self.sizes.get(key, len(self.objects[key]))}</Size></Contents>"
            for key in keys[: self.page]
        )
        more = len(keys) > self.page
        token = f"<NextContinuationToken>{escape(keys[self.page - 1])}</NextContinuationToken>" if more else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return (
            f'<?xml version="1.0"?><ListBucketResult xmlns="{space}"><IsTruncated>{str(more).lower()}</IsTruncated>'
            f"{token}{items}</ListBucketResult>"
        ).encode()


@contextmanager
def s3_server() -> Iterator[Store]:
    """A running server and its objects."""
    store = Store()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            store.asked.append(self.path)
            status, body = answer(store, self.path, dict(self.headers.items()))
            self.send_response(status)
            for name, value in store.headers.items():
                self.send_header(name, value)
            cut = status == 200 and unquote(self.path).removeprefix(f"/{BUCKET}/") in store.truncated
            self.send_header("content-length", str(len(body) + (10 if cut else 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


def answer(store: Store, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    given = {name.lower(): value for name, value in headers.items()}
    moment = datetime.strptime(given["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    right = signing_headers(f"{store.url}{path}", SigningKey(KEY_ID, SECRET, REGION), now=moment)
    if store.status:
        return store.status, b"<Error><Code>Fault</Code></Error>"
    if given["authorization"] != right["authorization"]:
        return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
    bucket, _, key = unquote(urlsplit(path).path)[1:].partition("/")
    if bucket != BUCKET:
        return 404, b"<Error><Code>NoSuchBucket</Code></Error>"
    if not key:
        query = parse_qs(urlsplit(path).query, keep_blank_values=True)
        return 200, store.listing or store.list_page(query)
    if key not in store.objects or key in store.gone:
        return 404, b"<Error><Code>NoSuchKey</Code></Error>"
    return 200, store.objects[key]

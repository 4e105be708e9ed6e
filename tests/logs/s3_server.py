"""A small S3-compatible server on this machine: lists and hands out objects, checks every signature, and has faults."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit
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
    refused: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    written_again: dict[str, int] = field(default_factory=dict)  # how often
    encodes: bool = True  # keys in the list, if it is asked to
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def list_page(self, query: dict[str, list[str]]) -> bytes:
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        prefix = query["prefix"][0]
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        items = "".join(map(self._item, keys[: self.page]))
        more = len(keys) > self.page
        encoding = "<EncodingType>url</EncodingType>" if self.encodes and "encoding-type" in query else ""
        token = f"<NextContinuationToken>{escape(keys[self.page - 1])}</NextContinuationToken>" if more else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return (
            f'<?xml version="1.0"?><ListBucketResult xmlns="{space}"><IsTruncated>{str(more).lower()}</IsTruncated>'
            f"{encoding}{token}{items}</ListBucketResult>"
        ).encode()

    def _item(self, key: str) -> str:
        seconds = list(self.objects).index(key) + 3600 * self.written_again.get(key, 0)
        body, name = self.objects[key], quote_plus(key, safe="/", errors="surrogateescape") if self.encodes else key
        return (
            f"<Contents><Key>{escape(name)}</Key><LastModified>{_FIRST + timedelta(seconds=seconds):%FT%T}.000Z"
            f"</LastModified><Size>{self.sizes.get(key, len(body))}</Size>"
            f"<ETag>&quot;{self.etags.get(key, hashlib.md5(body).hexdigest())}&quot;</ETag></Contents>"
        )

    def rewrite(self, key: str, body: bytes, *, etag: str = "") -> None:
        """Put an object in the place of another one, later. etag: one that does not come from the content."""
        self.objects[key] = body
        self.written_again[key] = self.written_again.get(key, 0) + 1
        self.etags |= {key: etag} if etag else {}

    def read(self) -> list[str]:
        """The keys that were asked for since the last call, in order."""
        paths = [unquote(urlsplit(path).path, errors="surrogateescape") for path in self.asked]
        self.asked.clear()
        return [key for path in paths if (key := path.removeprefix(f"/{BUCKET}/"))]


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
            cut = (
                status == 200
                and unquote(self.path, errors="surrogateescape").removeprefix(f"/{BUCKET}/") in store.truncated
            )
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
    bucket, _, key = unquote(urlsplit(path).path, errors="surrogateescape")[1:].partition("/")
    if bucket != BUCKET:
        return 404, b"<Error><Code>NoSuchBucket</Code></Error>"
    if not key:
        query = parse_qs(urlsplit(path).query, keep_blank_values=True)
        return 200, store.listing or store.list_page(query)
    if key in store.refused:
        return 403, b"<Error><Code>AccessDenied</Code></Error>"
    if key not in store.objects or key in store.gone:
        return 404, b"<Error><Code>NoSuchKey</Code></Error>"
    return 200, store.objects[key]

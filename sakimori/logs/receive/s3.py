"""Reading an S3-compatible bucket: its keys, page by page, and one object. Path-style addresses, Signature Version 4.

BucketError              something about the bucket went wrong; looking again later is always safe
 +-- ObjectMissing       the object was listed, and is gone
 +-- BucketRefused       the key is wrong or not allowed to, or the bucket does not exist: somebody must act
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote_plus, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sakimori.lib.http import GuardedClient, HttpError, HttpLimits, retry_after_seconds
from sakimori.lib.sigv4 import SigningKey, signed_url, signing_headers

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_OBJECT_LIMITS = HttpLimits(read_seconds=60.0, total_seconds=900.0, body_bytes=1 << 30)


class BucketError(Exception):
    """Base; `retry_after_seconds` is the store's own wish, where it gave one."""

    def __init__(self, sentence: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class ObjectMissing(BucketError):
    """The object is not there any more."""


class BucketRefused(BucketError):
    """Looking again does not help."""


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Which bucket, and the key that may list and read it. ValueError with a sentence for the person who typed it."""

    url: str
    region: str
    name: str
    prefix: str
    key_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not secure or not parts.hostname or parts.username is not None or parts.path not in {"", "/"} or parts.query:
            raise ValueError("バケットの URL は https://ホスト名 の形で入力してください。")
        if not _NAME.fullmatch(self.name):
            raise ValueError("バケット名は英小文字・数字・ハイフン・ピリオドの 3～63 文字で入力してください。")
        if not _REGION.fullmatch(self.region):
            raise ValueError("リージョンは ap-northeast-1 のように入力してください。")
        if not all(part and all("!" <= sign <= "~" for sign in part) for part in (self.key_id, self.secret)):
            raise ValueError("アクセスキーは、空白を含まない半角英数記号で入力してください。")


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a listing. `written` is the store's own text for when; it sorts."""

    key: str
    size_bytes: int
    written: str


class Bucket:
    """May be used from several threads."""

    def __init__(self, address: BucketAddress, http: GuardedClient, *, clock: Callable[[], datetime]) -> None:
        self._address, self._http, self._clock = address, http, clock
        self._key = SigningKey(address.key_id, address.secret, address.region)

    def listed(self, *, after: str, pages: int) -> Iterator[Listed]:
        """Objects whose keys sort behind `after`, in that order, as far as so many pages go."""
        query = {"list-type": "2", "encoding-type": "url", "prefix": self._address.prefix}
        following = {"start-after": after} if after else {}
        for _ in range(pages):
            with self._get("/", {**query, **following}) as answer:
                root = _parsed(b"".join(answer))
            yield from _listed(root)
            token = root.findtext("{*}NextContinuationToken") or ""
            if root.findtext("{*}IsTruncated") != "true" or not token:
                return
            following = {"continuation-token": token}

    @contextmanager
    def read(self, key: str) -> Iterator[Iterator[bytes]]:
        """The content of an object, piece by piece. BucketError may come while it is read, too."""
        with self._get(f"/{key}", {}, limits=_OBJECT_LIMITS) as chunks:
            yield chunks

    @contextmanager
    def _get(
        self, path: str, query: Mapping[str, str], *, limits: HttpLimits | None = None
    ) -> Iterator[Iterator[bytes]]:
        url = signed_url(self._address.url.rstrip("/"), f"/{self._address.name}{path}", query)
        headers = signing_headers(url, self._key, now=self._clock())
        with _in_our_words(), self._http.stream("GET", url, headers=headers, limits=limits) as answer:
            if answer.status != 200:
                _refuse(answer.status, answer.headers, b"".join(answer.chunks)[:4000], is_object=path != "/")
            yield _told_in_our_words(answer.chunks)


def _refuse(status: int, headers: Mapping[str, str], body: bytes, *, is_object: bool) -> None:
    if status == 404 and is_object and b"NoSuchBucket" not in body:
        raise ObjectMissing("ファイルがありません。")
    if status == 404:
        raise BucketRefused("バケットが見つかりません。バケット名と URL を確認してください。")
    if status in (301, 307, 400):
        raise BucketRefused("バケットの URL かリージョンが違います。")
    if status in (401, 403):
        raise BucketRefused("バケットを読む権限がありません。アクセスキーと権限を確認してください。")
    wish = retry_after_seconds(headers)
    raise BucketError(f"バケットが HTTP {status} を返しました。自動で再試行します。", retry_after_seconds=wish)


def _parsed(body: bytes) -> Element:
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BucketError("バケットの一覧を読み取れません。") from error
    if not root.tag.endswith("ListBucketResult"):
        raise BucketError("バケットの一覧を読み取れません。")
    return root


def _listed(root: Element) -> Iterator[Listed]:
    for item in root.iterfind("{*}Contents"):
        key, size = item.findtext("{*}Key") or "", item.findtext("{*}Size") or ""
        if key and size.isascii() and size.isdigit():
            yield Listed(unquote_plus(key), int(size[:20]), item.findtext("{*}LastModified") or "")


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except HttpError as error:
        raise BucketError("バケットから受信できません。自動で再試行します。") from error


def _told_in_our_words(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _in_our_words():
        yield from chunks

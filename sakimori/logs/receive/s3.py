"""Reading an S3-compatible bucket: its keys, page by page, and one object. Path-style addresses, Signature Version 4.

Keys are asked for in percent-encoding, for XML cannot carry every one; a store that does not encode them says so by
leaving `EncodingType` out. Bytes that are no UTF-8 are surrogates in a key, as in file names.

BucketError              something about the bucket went wrong; looking again later is always safe
 +-- ObjectMissing       the object was listed, and is gone
 +-- BucketRefused       the key is wrong or not allowed to, or the bucket does not exist: somebody must act
"""

import re
import sys
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
_LONGEST_MARK = 200
_NO_LISTING = "バケットの一覧を読み取れません。"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_UNKNOWN = "\ufffd"
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
    """An object of a listing. `written` is the store's own text for when; it sorts. etag: whatever the store says.

    has_address: whether a request can name it. No path may have dots as a part, and some keys no XML can hold.
    """

    key: str
    size_bytes: int
    written: str
    etag: str = ""
    has_address: bool = True

    @property
    def mark(self) -> str:
        """What the listing says of the content. Another mark may be another content; it need not be."""
        return f"{self.written} {self.size_bytes} {self.etag}"[:_LONGEST_MARK]


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
                root, is_repaired = _parsed(b"".join(answer))
            yield from _listed(root, is_repaired=is_repaired)
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


def _parsed(body: bytes) -> tuple[Element, bool]:
    """A listing, and whether it had to be repaired: one odd key must not keep a page of others out."""
    try:
        root, is_repaired = _element(body), False
    except ParseError:
        try:
            root, is_repaired = _element(_repaired(body)), True
        except ParseError as error:
            raise BucketError(_NO_LISTING) from error
    if not root.tag.endswith("ListBucketResult"):
        raise BucketError(_NO_LISTING)
    return root, is_repaired


def _element(body: bytes) -> Element:
    try:
        root: Element = fromstring(body)
    except ParseError:
        raise
    except (DefusedXmlException, ValueError) as error:
        raise BucketError(_NO_LISTING) from error
    return root


def _repaired(body: bytes) -> bytes:
    """The same with a sign for unknown ones in place of every sign that XML forbids, itself or by its number."""
    text = _REFERENCE.sub(lambda found: found[0] if _is_allowed(found) else _UNKNOWN, body.decode(errors="replace"))
    return _NO_XML.sub(_UNKNOWN, text).encode()


def _is_allowed(reference: re.Match[str]) -> bool:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return number <= sys.maxunicode and not _NO_XML.match(chr(number))


def _listed(root: Element, *, is_repaired: bool) -> Iterator[Listed]:
    is_encoded = root.findtext("{*}EncodingType") == "url"
    for item in root.iterfind("{*}Contents"):
        text, size = item.findtext("{*}Key") or "", item.findtext("{*}Size") or ""
        key = unquote_plus(text, errors="surrogateescape") if is_encoded else text
        if key and size.isascii() and size.isdigit():
            is_known = not (is_repaired and _UNKNOWN in key)
            yield Listed(
                key,
                int(size[:20]),
                item.findtext("{*}LastModified") or "",
                (item.findtext("{*}ETag") or "").strip('"'),
                has_address=is_known and not {".", ".."} & set(key.split("/")),
            )


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except HttpError as error:
        raise BucketError("バケットから受信できません。自動で再試行します。") from error


def _told_in_our_words(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _in_our_words():
        yield from chunks

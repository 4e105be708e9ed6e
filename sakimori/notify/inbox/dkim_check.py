"""Whether a mail carries a valid DKIM signature that covers what we read, by a domain that may speak for the sender."""

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from sakimori.notify.inbox.names import Names

_MUST_SIGN = {b"from", b"to", b"subject"}
_MOST_SIGNATURES = 5
_SHORTEST_KEY = 1024
_CLOCKS_DIFFER = timedelta(minutes=10)
_OLDEST = timedelta(hours=24)
_TROUBLES = (
    dkim.DKIMException, InvalidTagValueList, binascii.Error, ValueError, KeyError, TypeError, IndexError,
    AttributeError, AssertionError, OverflowError, RecursionError,
)  # fmt: skip


class NotSigned(Exception):
    """No signature proves the sender; the text is a Japanese sentence that says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed. mark: of this signature, the same however often the mail is sent again."""

    domain: str
    selector: str
    mark: str


def check(raw: bytes, *, may_sign: Callable[[str], bool], names: Names, now: datetime) -> Signed:
    """The first signature that is valid and by a domain that `may_sign`. Raises NotSigned or DnsTrouble.

    now: when the mail came, by which it is judged whether the signature is too old.
    """
    reason = "DKIM 署名がありません。"
    for place in range(_MOST_SIGNATURES):
        try:
            found = _signature(raw, place)
            if found is None:
                break
            return _verified(raw, place, found, may_sign, names, now)
        except NotSigned as error:
            reason = str(error)
        except _TROUBLES:
            reason = "DKIM 署名の形式が正しくありません。"
    raise NotSigned(reason)


def _signature(raw: bytes, place: int) -> dict[bytes, bytes] | None:
    headers = [value for name, value in dkim.DKIM(raw).headers if name.lower() == b"dkim-signature"]
    return dict(parse_tag_value(headers[place])) if place < len(headers) else None


def _verified(
    raw: bytes,
    place: int,
    tags: dict[bytes, bytes],
    may_sign: Callable[[str], bool],
    names: Names,
    now: datetime,
) -> Signed:
    domain, selector = (tags.get(key, b"").decode("ascii", "replace").lower() for key in (b"d", b"s"))
    if not may_sign(domain):
        raise NotSigned(f"DKIM 署名のドメイン（{domain[:80]}）が、差出人のドメインと一致しません。")
    _check_tags(tags)
    mail = dkim.DKIM(raw, minkey=_SHORTEST_KEY)
    _check_age(tags, dict(mail.headers), now)
    if not mail.verify(idx=place, dnsfunc=_asker(names)):
        raise NotSigned(f"{domain} の DKIM 署名が、本文またはヘッダーの内容と一致しません。")
    return Signed(domain, selector, sha256(re.sub(rb"\s", b"", tags[b"b"])).hexdigest())


def _check_tags(tags: dict[bytes, bytes]) -> None:
    if b"l" in tags:
        raise NotSigned("DKIM 署名が本文の一部だけを対象としています（l=）。")
    if tags.get(b"a", b"").lower() != b"rsa-sha256":
        raise NotSigned("DKIM 署名の方式が認められません（rsa-sha256 のみ）。")
    if not _signed_names(tags) >= _MUST_SIGN:
        raise NotSigned("DKIM 署名が、差出人・宛先・件名のすべてを対象としていません。")


def _check_age(tags: dict[bytes, bytes], headers: dict[bytes, bytes], now: datetime) -> None:
    """Old mails that somebody sends again are refused: by the signature's own moment, else by the signed date."""
    at = now.timestamp()
    if b"x" in tags and int(tags[b"x"]) <= at:
        raise NotSigned("DKIM 署名の有効期限が切れています（x=）。")
    signed_at: float | None = int(tags[b"t"]) if b"t" in tags else None
    if signed_at is None and b"date" in _signed_names(tags):
        date = next((value for name, value in headers.items() if name.lower() == b"date"), b"")
        signed_at = parsedate_to_datetime(date.decode("ascii", "replace").strip()).timestamp()
    if signed_at is None:  # Then whoever kept it may send it again under today's date.
        raise NotSigned("DKIM 署名が、署名の日時も送信日時も対象としていません。")
    if signed_at > at + _CLOCKS_DIFFER.total_seconds():
        raise NotSigned("DKIM 署名の日時が未来です。")
    if signed_at < at - _OLDEST.total_seconds():
        raise NotSigned("DKIM 署名の日時が古すぎます。過去のメールの再送の可能性があります。")


def _signed_names(tags: dict[bytes, bytes]) -> set[bytes]:
    return {name.strip().lower() for name in tags.get(b"h", b"").split(b":")}


def _asker(names: Names) -> Callable[..., bytes]:
    def ask(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - dkim names it
        records = [b"".join(strings) for strings in names.ask(name.decode("ascii").rstrip("."), "TXT")]
        keys = [record for record in records if b"p=" in record]
        if len(keys) != 1:
            raise NotSigned("DKIM 署名の公開鍵が DNS にありません。" if not keys else "公開鍵が DNS に複数あります。")
        tags = parse_tag_value(keys[0])
        if b"y" in [flag.strip() for flag in tags.get(b"t", b"").split(b":")]:
            raise NotSigned("DKIM 署名の公開鍵が、試験用（t=y）です。")
        return keys[0]

    return ask

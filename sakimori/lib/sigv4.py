"""AWS Signature Version 4 for reading from an S3-compatible store: the headers that sign one GET without a body."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()
_KEPT = "-_.~"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Who signs, and for which region."""

    key_id: str
    secret: str = field(repr=False)
    region: str


def signed_url(base: str, path: str, query: Mapping[str, str]) -> str:
    """The address of a path and a query, encoded as the signature wants both to be.

    Bytes of the path that are no UTF-8 are surrogates, as in file names.
    """
    pairs = sorted((quote(name, safe=_KEPT), quote(value, safe=_KEPT)) for name, value in query.items())
    tail = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{base}{quote(path, safe=f'/{_KEPT}', errors='surrogateescape')}" + (f"?{tail}" if tail else "")


def signing_headers(
    url: str, key: SigningKey, *, now: datetime, headers: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The headers to send with a GET of `url`, which `signed_url` has made; `headers` are signed too."""
    parts = urlsplit(url)
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**(headers or {}), "host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
    names = sorted(sent)
    signed = ";".join(names)
    lines = "".join(f"{name}:{sent[name].strip()}\n" for name in names)
    request = "\n".join(["GET", parts.path or "/", parts.query, lines, signed, _EMPTY])
    scope = f"{moment[:8]}/{key.region}/s3/aws4_request"
    text = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    signature = hmac.new(_derived(key, moment[:8]), text.encode(), hashlib.sha256).hexdigest()
    credential = f"{_ALGORITHM} Credential={key.key_id}/{scope},SignedHeaders={signed},Signature={signature}"
    return {**sent, "authorization": credential}


def _derived(key: SigningKey, day: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for part in (day, key.region, "s3", "aws4_request"):
        made = hmac.new(made, part.encode(), hashlib.sha256).digest()
    return made

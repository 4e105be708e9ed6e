"""Whether a call-back comes from the provider: HMAC-SHA1 over the address and the sorted fields (X-Twilio-Signature).

The address is the one that we gave to the provider, never the Host header's. Pure.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

_STANDARD_PORTS = {"https": 443, "http": 80}


def signature(token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """The signature of a POST to `url` under an account's token."""
    text = url + "".join(f"{name}{value}" for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(given: str, *, token: str, url: str, fields: Mapping[str, Sequence[str]]) -> bool:
    """Whether a call-back is signed with the token. The provider may or may not name the port in the address."""
    shown = given.encode("utf-8", "replace")
    wanted = [signature(token, address, fields).encode() for address in _with_and_without_port(url)]
    return any(hmac.compare_digest(shown, text) for text in wanted)


def _with_and_without_port(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port or _STANDARD_PORTS.get(parts.scheme, 0)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))

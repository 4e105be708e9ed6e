"""How the simulated provider calls back: a signed POST of a form to an address on this machine, and its answer."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from sakimori.simulators.loopback import LOOPBACK_NAMES

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PhoneSpec:
    """The account at the simulated provider. token: signs the call-backs. money: what is left, in any currency."""

    account: str = "AC" + "5a" * 16
    token: str = "5a" * 16
    key: str = "SK" + "5a" * 16
    secret: str = "a5" * 16
    number: str = "+815000000000"
    money: float = 1000.0


# Address and fields go out, the document (or nothing, when there is no usable answer) comes back.
Post = Callable[[str, Mapping[str, str]], str]


def poster(spec: PhoneSpec) -> Post:
    """Calls back over real HTTP."""

    def post(url: str, fields: Mapping[str, str]) -> str:
        if urlsplit(url).hostname not in LOOPBACK_NAMES:
            return ""
        headers = {"X-Twilio-Signature": sign(spec.token, url, fields)}
        try:
            answer = httpx.post(url, data=dict(fields), headers=headers, timeout=_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return ""
        return answer.text if answer.is_success else ""

    return post


def sign(token: str, url: str, fields: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the address and the sorted fields, as the provider documents it."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()

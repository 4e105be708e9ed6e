"""Whether an answer came through the WAF or past it. Pure.

What the vendor's edge adds to an answer says so, and so does an address of its published networks. An answer from
elsewhere without any of its marks has passed the WAF by. Without an answer nothing is claimed but of its own network.
"""

from collections.abc import Iterable, Sequence

from sakimori.lib.addresses import Network, covers, parse_address

Headers = Sequence[tuple[str, str]]

_WAF, _BYPASSED, _UNKNOWN = "waf", "bypassed", "unknown"  # Values of `models.Via`.
_MARKED = "x-cdn"
_NAMES = ("imperva", "incapsula")
_REQUEST_MARK = "x-iinfo"
_COOKIES = ("visid_incap_", "incap_ses_", "nlbi_")


def via_of(headers: Headers, address: str, networks: Iterable[Network]) -> str:
    """A value of `models.Via`. address: the one connected to, empty if none; networks: the vendor's own."""
    if is_marked(headers) or _is_of(networks, address):
        return _WAF
    return _BYPASSED if headers and address else _UNKNOWN


def is_marked(headers: Headers) -> bool:
    """Whether an answer carries one of the marks of the vendor's edge."""
    return any(_is_mark(name.strip().lower(), value.strip().lower()) for name, value in headers)


def _is_mark(name: str, value: str) -> bool:
    if name == _MARKED:
        return any(known in value for known in _NAMES)
    if name == "set-cookie":
        return value.startswith(_COOKIES)
    return name == _REQUEST_MARK and value != ""


def _is_of(networks: Iterable[Network], text: str) -> bool:
    address = parse_address(text)
    return address is not None and covers(networks, address)

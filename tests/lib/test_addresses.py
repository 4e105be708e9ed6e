"""Addresses: canonical form, embedded addresses, and who can be a stranger on the internet."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.lib.addresses import canonical, is_public, parse_address, parse_network, short, with_embedded

NEVER_PUBLIC = [
    "0.0.0.0",
    "192.0.2.1",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2002:0a00:0001::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2002:0101:0101::1",
    "2400:cb00::1",
    "2606:4700::1",
]


@pytest.mark.parametrize("text", NEVER_PUBLIC)
def test_addresses_of_nobody_on_the_internet(text: str) -> None:
    assert not is_public(ip_address(text), documentation_counts=True)


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_strangers_on_the_internet(text: str) -> None:
    assert is_public(ip_address(text), documentation_counts=False)


@pytest.mark.parametrize("text", ["192.0.2.2", "198.51.100.255", "203.0.113.0", "2001:db8::1", "::ffff:192.0.2.2"])
def test_documentation_addresses_count_only_when_asked(text: str) -> None:
    assert is_public(ip_address(text), documentation_counts=True)
    assert not is_public(ip_address(text), documentation_counts=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", None),
        ("192.0.2.1:80", None),
        ("192.0.2.01", None),
        ("92.140.985.97", None),
        ("", None),
        ("unknown", None),
    ],
)
def test_reading_an_address(text: str, expected: str | None) -> None:
    address = parse_address(text)
    assert (canonical(address) if address else None) == expected


@given(st.ip_addresses())
def test_canonical_text_is_a_fixed_point(address: object) -> None:
    once = canonical(address)  # type: ignore[arg-type]
    again = parse_address(once)
    assert again is not None
    assert canonical(again) == once


@given(st.ip_addresses(v=4))
def test_an_ipv6_wrapping_is_never_more_public_than_what_it_wraps(inner: object) -> None:
    for wrapped in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        outer = ip_address(wrapped)
        assert inner in with_embedded(outer)
        if not is_public(inner, documentation_counts=True):  # type: ignore[arg-type]
            assert not is_public(outer, documentation_counts=True)


def test_networks_are_read_with_host_bits_and_nonsense_is_none() -> None:
    assert str(parse_network("192.0.2.9/24")) == "192.0.2.0/24"
    assert str(parse_network("2001:db8::1")) == "2001:db8::1/128"
    assert parse_network("192.0.2.0/33") is None


@pytest.mark.parametrize("text", ["198.51.100.7", "198.51.100.0/31", "2001:db8::1", "2001:db8::/64"])
def test_a_network_is_written_as_people_do(text: str) -> None:
    network = parse_network(text)
    assert network is not None
    assert short(network) == text

"""Which addresses a probe may connect to: threats case 21, every notation by every way of being named."""

from ipaddress import ip_address

import pytest

from sakimori.incidents.probing import visit
from sakimori.incidents.resolving import CannotResolve, NotPublic, addresses_of, is_allowed, resolve
from sakimori.incidents.visit import Limits, Target, Trouble
from tests.moments import START

INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254",
    "192.168.0.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.0.192",
    "192.88.99.1", "198.18.0.1", "198.19.255.254", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2002:a9fe:a9fe::1", "2001:0:a00:1::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "ff0e::1", "100::1", "2001::1", "5f00::1", "192.0.2.10", "198.51.100.1", "203.0.113.1", "2001:db8::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"]
NOTATIONS = [
    "http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/", "http://0/", "http://[::1]/",
    "http://[::ffff:7f00:1]/", "http://localhost/", "http://user:secret@127.0.0.1/", "http://127.0.0.1:80/",
    "http://[fe80::1%25eth0]/", "https://127.0.0.1/", "http://0x7f000001/",
]  # fmt: skip
REAL = Limits(probe_seconds=60, slow_seconds=30, training=False)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(NotPublic):
        addresses_of("shop.example.jp", 443, seconds=1, training=False, resolver=lambda *_: [address])
    with pytest.raises(NotPublic):
        addresses_of("shop.example.jp", 443, seconds=1, training=False, resolver=lambda *_: ["1.1.1.1", address])


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_allowed(address: str) -> None:
    found = addresses_of("shop.example.jp", 443, seconds=1, training=False, resolver=lambda *_: [address, address])
    assert found == [ip_address(address)]


@pytest.mark.parametrize("url", NOTATIONS)
def test_odd_notations_of_inner_addresses_are_refused(url: str) -> None:
    assert visit(Target(url), limits=REAL, at=START).trouble is Trouble.FORBIDDEN


@pytest.mark.parametrize("port", [22, 25, 8080, 8443, 65535])
def test_only_the_ports_of_the_web_are_visited(port: int) -> None:
    seen = visit(Target(f"http://shop.example.jp:{port}/"), limits=REAL, at=START, resolver=lambda *_: ["1.1.1.1"])
    assert seen.trouble is Trouble.FORBIDDEN


def test_in_training_this_machine_counts_as_outside_but_nothing_else_inner_does() -> None:
    assert is_allowed(ip_address("127.0.0.1"), training=True)
    assert is_allowed(ip_address("::1"), training=True)
    assert is_allowed(ip_address("192.0.2.10"), training=True)
    for inner in ("10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "fe80::1"):
        assert not is_allowed(ip_address(inner), training=True)


def test_ipv4_comes_first_and_a_name_without_address_is_told() -> None:
    found = addresses_of("h", 80, seconds=1, training=False, resolver=lambda *_: ["2606:4700::1111", "1.1.1.1"])
    assert [str(address) for address in found] == ["1.1.1.1", "2606:4700::1111"]
    with pytest.raises(CannotResolve):
        addresses_of("h", 80, seconds=1, training=False, resolver=lambda *_: [])
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]

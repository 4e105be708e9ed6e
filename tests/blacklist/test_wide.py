"""Networks on the list: which may be there at all, and which need two people. And what people type."""

from ipaddress import ip_network

import pytest

from sakimori.blacklist.by_hand import NotAnAddress, read_entry
from sakimori.blacklist.guard import NeverBlock, needs_two_people
from sakimori.blacklist.reasons import Reason
from sakimori.blacklist.wide import network_of, why_forbidden

NEVER = NeverBlock(
    registered=(ip_network("8.8.4.0/24"), ip_network("2606:4700:1::/48")),
    soc=(ip_network("9.9.9.9/32"),),
    vendor=(ip_network("45.64.64.0/22"),),
    crawlers=(ip_network("66.249.64.0/27"),),
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8.8.8.8/32", None),
        ("8.8.8.0/24", None),
        ("8.8.0.0/16", Reason.REGISTERED),
        ("8.8.4.128/25", Reason.REGISTERED),
        ("8.8.4.7/32", Reason.REGISTERED),
        ("9.9.9.0/24", Reason.SOC),
        ("45.64.0.0/16", Reason.VENDOR),
        ("66.249.64.16/28", Reason.CRAWLER),
        ("2606:4700:1:2::/64", Reason.REGISTERED),
        ("2606:4700::/32", Reason.REGISTERED),
        ("2607:f8b0::/48", None),
        ("0.0.0.0/0", Reason.REGISTERED),
        ("::/0", Reason.REGISTERED),
        ("10.0.0.0/24", Reason.NOT_PUBLIC),
        ("172.0.0.0/8", Reason.NOT_PUBLIC),
        ("100.127.0.0/16", Reason.NOT_PUBLIC),
        ("224.0.0.0/24", Reason.NOT_PUBLIC),
        ("64:ff9b::/96", Reason.NOT_PUBLIC),
        ("2002:808:404::/48", Reason.NOT_PUBLIC),
        ("2001:0:4136::/48", Reason.NOT_PUBLIC),
        ("fe80::/64", Reason.NOT_PUBLIC),
        ("64:ff9b::808:407/128", Reason.REGISTERED),
        ("192.0.2.0/24", Reason.NOT_PUBLIC),
        ("8.0.0.0/15", Reason.TOO_WIDE),
        ("2607::/31", Reason.TOO_WIDE),
    ],
)
def test_a_network_is_refused_for_a_single_forbidden_address_in_it(text: str, reason: Reason | None) -> None:
    assert why_forbidden(ip_network(text), NEVER, documentation_counts=True) == reason


def test_documentation_networks_count_only_in_training() -> None:
    network = ip_network("203.0.113.0/28")
    assert why_forbidden(network, NEVER, documentation_counts=True) is None
    assert why_forbidden(network, NEVER, documentation_counts=False) == Reason.NOT_PUBLIC


@pytest.mark.parametrize(
    ("text", "two"),
    [
        ("203.0.113.5/32", False),
        ("203.0.113.4/31", True),
        ("203.0.112.0/20", True),
        ("2001:db8::1/128", False),
        ("2001:db8::/64", False),
        ("2001:db8::/63", True),
    ],
)
def test_what_is_wider_than_one_host_needs_two_people(text: str, two: bool) -> None:
    assert needs_two_people(ip_network(text)) is two


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        (" 203.0.113.5 ", "203.0.113.5"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("203.0.113.5/32", "203.0.113.5"),
        ("203.0.113.0/28", "203.0.113.0/28"),
        ("2001:db8:0::/64", "2001:db8::/64"),
    ],
)
def test_an_entry_has_one_text_however_it_was_typed(typed: str, entry: str) -> None:
    assert read_entry(typed) == entry
    assert network_of(entry) is not None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "IP アドレス（"),
        ("shop.example.jp", "IP アドレス（"),
        ("203.0.113.0/33", "IP アドレス（"),
        ("fe80::1%eth0", "IP アドレス（"),
        ("203.0.113.5/24", "この範囲は 203.0.113.0/24 です"),
        ("203.0.113.5,203.0.113.6", "IP アドレス（"),
    ],
)
def test_what_is_no_address_is_said_so(typed: str, said: str) -> None:
    with pytest.raises(NotAnAddress, match=said.replace("（", ".")):
        read_entry(typed)


def test_a_text_that_is_no_network_is_none() -> None:
    assert network_of("nonsense") is None

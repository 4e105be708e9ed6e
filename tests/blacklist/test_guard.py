"""The guard at the borders of everything that must never be blocked, judged by a list of its own."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest

from sakimori.blacklist.guard import (
    Circumstances,
    Limits,
    NeverBlock,
    Ruling,
    may_be_blocked,
    needs_two_people,
    network_may_be_blocked,
    rule,
)
from sakimori.blacklist.networks import crawler_networks, vendor_networks
from sakimori.blacklist.reasons import Reason
from tests.blacklist import forbidden

NEVER = NeverBlock(
    registered=forbidden.networks(forbidden.REGISTERED),
    soc=forbidden.networks(forbidden.SOC),
    vendor=vendor_networks(),
    crawlers=crawler_networks(),
)
LIMITS = Limits(good_requests=10, cap_customer=50, cap_total=500, documentation_counts=False)
PLAIN = Circumstances(good_requests=0, shared=False, restored=False, blocked_customer=0, blocked_total=0)


def test_a_thousand_addresses_at_the_borders_are_all_refused() -> None:
    addresses = forbidden.borders(1_000)
    assert len(addresses) >= 1_000
    allowed = [str(address) for address in addresses if rule(address, NEVER, PLAIN, LIMITS)[0] is not Ruling.REFUSE]
    assert allowed == []


def test_an_analysts_yes_meets_the_same_guard() -> None:
    for address in forbidden.borders(1_000):
        assert may_be_blocked(address, NEVER, documentation_counts=False) is not None, address


def test_the_guard_does_not_simply_refuse_everything() -> None:
    allowed = [address for address in forbidden.outside() if rule(address, NEVER, PLAIN, LIMITS)[0] is Ruling.ALLOW]
    assert len(allowed) >= 60
    assert {str(address) for address in allowed} >= {"100.63.255.255", "100.128.0.0", "9.9.9.16", "172.32.0.0"}


def test_a_network_around_a_forbidden_address_is_refused() -> None:
    for network in forbidden.FORBIDDEN:
        for wider in range(0, min(network.prefixlen, 12) + 1, 3):
            around = network.supernet(new_prefix=network.prefixlen - wider)
            assert network_may_be_blocked(around, NEVER, documentation_counts=False) is not None, around
    for address in forbidden.borders(1_000):
        around = ip_network((address, 24 if address.version == 4 else 64), strict=False)
        assert network_may_be_blocked(around, NEVER, documentation_counts=False) is not None, around


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8.8.0.0/16", Reason.REGISTERED),
        ("9.9.9.8/29", Reason.SOC),
        ("45.61.0.0/16", None),
        ("45.60.255.0/24", Reason.VENDOR),
        ("66.249.96.0/24", None),
        ("66.249.0.0/16", Reason.CRAWLER),
        ("0.0.0.0/0", Reason.REGISTERED),
        ("100.0.0.0/9", Reason.NOT_PUBLIC),
        ("192.0.2.0/31", Reason.NOT_PUBLIC),
        ("2002::/16", Reason.NOT_PUBLIC),
        ("2002:808:808::/48", Reason.NOT_PUBLIC),
        ("64:ff9b::/96", Reason.NOT_PUBLIC),
        ("::ffff:8.8.8.0/120", Reason.NOT_PUBLIC),
        ("4000::/64", Reason.NOT_PUBLIC),
        ("2400:cb00::/64", None),
        ("2400:cb00::1/128", None),
        ("64:ff9b::808:401/128", Reason.REGISTERED),
        ("1.1.1.1/32", None),
        ("1.1.1.0/24", None),
    ],
)
def test_networks(text: str, reason: Reason | None) -> None:
    assert network_may_be_blocked(ip_network(text), NEVER, documentation_counts=False) == reason


def test_documentation_networks_count_in_training_but_not_the_placeholder() -> None:
    for text, reason in (("203.0.113.0/24", None), ("2001:db8::/48", None), ("192.0.2.0/24", Reason.NOT_PUBLIC)):
        assert network_may_be_blocked(ip_network(text), NEVER, documentation_counts=True) == reason
        assert network_may_be_blocked(ip_network(text), NEVER, documentation_counts=False) is Reason.NOT_PUBLIC


@pytest.mark.parametrize(
    ("text", "two"),
    [
        ("1.1.1.1/32", False),
        ("1.1.1.0/31", True),
        ("2400:cb00::1/128", False),
        ("2400:cb00::/64", False),
        ("2400:cb00::/63", True),
    ],
)
def test_who_needs_a_second_person(text: str, two: bool) -> None:
    network = ip_network(text)
    assert isinstance(network, IPv4Network | IPv6Network)
    assert needs_two_people(network) is two


def circumstances(**changes: object) -> Circumstances:
    parts: dict[str, object] = {
        "good_requests": 0,
        "shared": False,
        "restored": False,
        "blocked_customer": 0,
        "blocked_total": 0,
    }
    return Circumstances(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "ruling"),
    [
        (circumstances(crawler=True), (Ruling.REFUSE, Reason.CRAWLER)),
        (circumstances(crawler_unproven=True), (Ruling.ASK, Reason.CRAWLER_UNPROVEN)),
        (circumstances(by_proxy=True), (Ruling.ASK, Reason.ATTACK_BY_PROXY)),
        (circumstances(by_proxy=True, shared=True), (Ruling.ASK, Reason.ATTACK_BY_PROXY)),
        (circumstances(by_proxy=True, restored=True), (Ruling.ASK, Reason.RESTORED_BEFORE)),
        (circumstances(shared=True), (Ruling.ASK, Reason.SHARED_ADDRESS)),
        (circumstances(shared=True, good_requests=99), (Ruling.ASK, Reason.SHARED_ADDRESS)),
    ],
)
def test_the_most_telling_doubt_is_the_reason(known: Circumstances, ruling: tuple[Ruling, Reason]) -> None:
    assert rule(ip_address("1.1.1.1"), NEVER, known, LIMITS) == ruling


def test_a_forbidden_address_is_refused_for_what_it_is_even_if_it_is_a_crawler() -> None:
    known = circumstances(crawler=True)
    assert rule(ip_address("10.0.0.1"), NEVER, known, LIMITS) == (Ruling.REFUSE, Reason.NOT_PUBLIC)

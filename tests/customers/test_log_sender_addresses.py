"""Addresses of syslog senders: which can be registered, for whom, and that an address is found again."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sakimori.customers.log_sender_addresses import (
    WIDEST,
    NoSenderAddress,
    networks_around,
    read_sender_address,
    register_sender_address,
    remove_sender_address,
)
from sakimori.customers.models import AuditEntry, LogSenderAddress
from sakimori.lib.addresses import Address, Network, short
from tests.people import NOW, People, make_people


@pytest.fixture
def people() -> People:
    return make_people()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" ２０３．０．１１３．７ ", "203.0.113.7"),
        ("203.0.113.7/28", "203.0.113.0/28"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8:1:2::5/64", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_one_address_or_a_small_network_is_read(text: str, read: str) -> None:
    assert short(read_sender_address(text, training=True)) == read


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "読み取れません"),
        ("forwarder.example.jp", "読み取れません"),
        ("203.0.113.7, 203.0.113.8", "読み取れません"),
        ("203.0.113.7:6514", "読み取れません"),
        ("2001:db8::1%eth0", "読み取れません"),
        ("203.0.113.0/27", "広すぎます"),
        ("2001:db8::/63", "広すぎます"),
        ("0.0.0.0/0", "広すぎます"),
        ("10.0.0.1", "インターネット上のアドレスではありません"),
        ("100.64.0.1", "インターネット上のアドレスではありません"),
        ("169.254.0.0/28", "インターネット上のアドレスではありません"),
        ("fe80::1", "インターネット上のアドレスではありません"),
        ("fd00::/64", "インターネット上のアドレスではありません"),
        ("2002:7f00:1::1", "インターネット上のアドレスではありません"),
        ("::ffff:10.0.0.1", "インターネット上のアドレスではありません"),
    ],
)
def test_what_is_none_is_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(NoSenderAddress, match=sentence):
        read_sender_address(text, training=True)


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "203.0.113.7", "2001:db8::/64"])
def test_loopback_and_documentation_addresses_are_for_training_only(text: str) -> None:
    with pytest.raises(NoSenderAddress, match="インターネット上のアドレスではありません"):
        read_sender_address(text, training=False)


_addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address).filter(lambda address: address.ipv4_mapped is None),
)


@given(_addresses, st.data())
def test_an_address_is_found_in_every_network_that_holds_it_and_in_no_other(
    address: Address, data: st.DataObject
) -> None:
    network: Network = ip_network(
        (address, data.draw(st.integers(WIDEST[address.version], address.max_prefixlen))), strict=False
    )
    assert short(network) in networks_around(str(address))
    bit = data.draw(st.integers(0, network.prefixlen - 1))
    other = type(address)(int(address) ^ (1 << (address.max_prefixlen - 1 - bit)))
    assert short(network) not in networks_around(str(other))


@pytest.mark.parametrize(("text", "holds"), [("::ffff:203.0.113.7", "203.0.113.0/28"), ("fe80::1%eth0", ""), ("", "")])
def test_a_peers_address_is_read_as_the_system_writes_it(text: str, holds: str) -> None:
    assert (holds in networks_around(text)) == bool(holds)


@pytest.mark.django_db
def test_registering_twice_is_one_row_and_one_entry_of_the_record(people: People) -> None:
    for _ in range(2):
        row = register_sender_address(people.a, IPv4Network("203.0.113.0/28"), by=people.dana, now=NOW)
    for _ in range(2):
        remove_sender_address(row, by=people.dana, now=NOW)
    assert not LogSenderAddress.objects.exists()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "target")) == [
        ("vendor.sender_address", f"contract:{people.a.pk}"),
        ("vendor.sender_address_removed", f"contract:{people.a.pk}"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("network", ["203.0.113.0/28", "203.0.113.0/29", "203.0.113.15", "203.0.113.0"])
def test_an_address_belongs_to_one_contract(people: People, network: str) -> None:
    register_sender_address(people.a, IPv4Network("203.0.113.0/28"), by=people.dana, now=NOW)
    with pytest.raises(
        NoSenderAddress, match=r"別の契約（K-A-001）に登録されているアドレス 203\.0\.113\.0/28 と重なる"
    ):
        register_sender_address(people.b, IPv4Network(network), by=people.dana, now=NOW)
    register_sender_address(people.b, IPv4Network("203.0.113.16"), by=people.dana, now=NOW)
    register_sender_address(people.b, IPv6Network("2001:db8::/64"), by=people.dana, now=NOW)
    assert AuditEntry.objects.count() == 3, "what was refused is not in the record"


@pytest.mark.django_db
def test_within_a_contract_each_address_is_registered_once_too(people: People) -> None:
    """Else removing one of two entries would leave the door open for an address that looks removed."""
    register_sender_address(people.a, IPv4Network("203.0.113.7"), by=people.dana, now=NOW)
    with pytest.raises(NoSenderAddress, match=r"登録済みのアドレス 203\.0\.113\.7 と重なっています"):
        register_sender_address(people.a, IPv4Network("203.0.113.0/28"), by=people.dana, now=NOW)
    assert LogSenderAddress.objects.get().network == "203.0.113.7"

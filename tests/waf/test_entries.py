"""Which single address an entry stands for, and how a list changes."""

import pytest

from sakimori.waf.entries import canonical_entry
from sakimori.waf.imperva.entries import PLACEHOLDER, listed_entries, merged, number_of, other_entries, wanted_entries
from sakimori.waf.interface import WafRefused

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        ("192.0.2.9", "192.0.2.9"),
        (" 192.0.2.9 ", "192.0.2.9"),
        ("192.0.2.9/32", "192.0.2.9"),
        ("2001:DB8::0:9", "2001:db8::9"),
        ("2001:db8::9/128", "2001:db8::9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("192.0.2.0/31", "192.0.2.0/31"),
        ("192.0.2.9/24", "192.0.2.0/24"),
        ("192.0.2.0-192.0.2.255", "192.0.2.0/24"),
        ("192.0.2.0 - 192.0.2.1", "192.0.2.0/31"),
        ("2001:DB8:0::-2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("192.0.2.0-192.0.2.2", None),
        ("192.0.2.9-192.0.2.1", None),
        ("192.0.2.9-2001:db8::9", None),
        ("192.0.2.9-", None),
        ("192.0.2.9/99", None),
        ("192.0.2.9-192.0.2.9", "192.0.2.9"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("hand written", None),
        ("", None),
    ],
)
def test_an_entry_stands_for_one_address_or_network_or_for_none(entry: str, known: str | None) -> None:
    assert canonical_entry(entry) == known


def test_entries_that_nobody_can_read_pass_through() -> None:
    entries = ("hand written", "192.0.2.9/99", "", "192.0.2.9", "192.0.2.9")
    assert merged(entries, add=frozenset({"192.0.2.8"}), remove=NONE) == (*entries, "192.0.2.8")
    assert merged(entries, add=NONE, remove=frozenset({"192.0.2.9"})) == entries[:3]


def test_the_placeholder_goes_with_the_first_addition_and_is_never_listed() -> None:
    assert listed_entries([PLACEHOLDER, "192.0.2.9"]) == {"192.0.2.9"}
    assert merged([PLACEHOLDER], add=NONE, remove=frozenset({"192.0.2.9"})) == (PLACEHOLDER,)
    assert merged([PLACEHOLDER], add=frozenset({"192.0.2.9"}), remove=NONE) == ("192.0.2.9",)


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "198.0.0.0/15", "::/0", "2001:db8::/31"])
def test_half_the_internet_is_never_wanted(wide: str) -> None:
    with pytest.raises(WafRefused, match="広すぎる"):
        wanted_entries([wide])


@pytest.mark.parametrize("odd", ["203.0.113.7/24", "203.0.113.0-203.0.113.255", "2001:db8::1/64", "x/24"])
def test_what_we_want_is_written_exactly(odd: str) -> None:
    with pytest.raises(WafRefused):
        wanted_entries([odd])


def test_addresses_and_networks_are_wanted_in_canonical_form() -> None:
    assert wanted_entries(["2001:DB8::/64", "[2001:db8::9]", "203.0.113.0/24", "198.51.100.7/32"]) == {
        "2001:db8::/64",
        "2001:db8::9",
        "203.0.113.0/24",
        "198.51.100.7",
    }


def test_what_is_neither_is_counted_and_shown_as_it_is_spelt() -> None:
    entries = (PLACEHOLDER, "hand written", "192.0.2.9", "192.0.2.0-192.0.2.2")
    assert other_entries(entries) == {"hand written", "192.0.2.0-192.0.2.2"}
    assert number_of(entries) == 3

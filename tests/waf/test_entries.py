"""Which single address an entry stands for, and how a list changes."""

import pytest

from sakimori.waf.entries import single_address
from sakimori.waf.imperva.entries import PLACEHOLDER, listed_addresses, merged

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("192.0.2.9", "192.0.2.9"),
        (" 192.0.2.9 ", "192.0.2.9"),
        ("192.0.2.9/32", "192.0.2.9"),
        ("2001:DB8::0:9", "2001:db8::9"),
        ("2001:db8::9/128", "2001:db8::9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("192.0.2.0/31", None),
        ("192.0.2.9/24", None),
        ("192.0.2.9/99", None),
        ("192.0.2.9-192.0.2.9", None),
        ("2001:db8::/64", None),
        ("hand written", None),
        ("", None),
    ],
)
def test_an_entry_stands_for_one_address_or_for_none(entry: str, address: str | None) -> None:
    assert single_address(entry) == address


def test_entries_that_nobody_can_read_pass_through() -> None:
    entries = ("hand written", "192.0.2.9/99", "", "192.0.2.9", "192.0.2.9")
    assert merged(entries, add=frozenset({"192.0.2.8"}), remove=NONE) == (*entries, "192.0.2.8")
    assert merged(entries, add=NONE, remove=frozenset({"192.0.2.9"})) == entries[:3]


def test_the_placeholder_goes_with_the_first_addition_and_is_never_listed() -> None:
    assert listed_addresses([PLACEHOLDER, "192.0.2.9"]) == {"192.0.2.9"}
    assert merged([PLACEHOLDER], add=NONE, remove=frozenset({"192.0.2.9"})) == (PLACEHOLDER,)
    assert merged([PLACEHOLDER], add=frozenset({"192.0.2.9"}), remove=NONE) == ("192.0.2.9",)

"""A name server for tests: what it knows, about what it is silent, and what it was asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sakimori.lib.reverse_dns import NamesUnavailable


@dataclass
class FakeNames:
    """See `lib/reverse_dns.py` for the contract."""

    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    addresses: Mapping[str, Collection[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def names_of(self, address: str) -> Collection[str]:
        return self._answer(address, self.names)

    def addresses_of(self, name: str) -> Collection[str]:
        return self._answer(name, self.addresses)

    def _answer(self, asked: str, known: Mapping[str, Collection[str]]) -> Collection[str]:
        self.asked.append(asked)
        if asked in self.silent:
            raise NamesUnavailable(asked)
        return known.get(asked, ())

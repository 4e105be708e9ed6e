"""By what a search of the log is narrowed: a site, an address, a kind ..., each to be met or to be ruled out. Pure.

A value is kept in one writing (an address canonical, a country in capitals), so that equal filters are equal. An empty
value means that the event has none: it is written `EMPTY`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sakimori.lib.addresses import Network, canonical, parse_network
from sakimori.lib.countries import code_of_country, country_name
from sakimori.logs.attack_kinds import AttackKind, Outcome

EMPTY = "-"
LONGEST_VALUE = 2_000
MOST_FILTERS = 50


class By(StrEnum):
    """What can be sought by; the value is the name in addresses and on the command line."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        by = str.__new__(cls, code)
        by._value_ = code
        by.label = label
        return by

    SITE = "site", "サイト"
    ADDRESS = "address", "接続元 IP アドレス"
    KIND = "kind", "攻撃種別"
    OUTCOME = "outcome", "結果"
    COUNTRY = "country", "国"
    URL = "url", "URL"
    TEXT = "text", "URL・クエリの文字列"
    RULE = "rule", "ルール"
    REQUEST = "request", "リクエスト ID"


# Of these an event may have none, and that can be sought too.
_MAY_LACK = frozenset({By.SITE, By.ADDRESS, By.COUNTRY, By.URL, By.RULE})
_PREFIX = re.compile(r"(?P<numbers>\d{1,3}(?:\.\d{1,3}){0,2})(?P<rest>\.|(?:\.\*){1,3})?", re.ASCII)
_ORDER = {by: place for place, by in enumerate(By)}


class WrongValue(ValueError):
    """A value that cannot be sought. Its text is a sentence for the reader, in Japanese."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. exclude: events that meet it are left out. Make it with `filter_of`, which checks the value."""

    by: By
    value: str
    exclude: bool = False

    @property
    def opposite(self) -> "Filter":
        """The same value, the other way round."""
        return Filter(self.by, self.value, not self.exclude)


def filter_of(by: By, text: str, *, exclude: bool = False) -> Filter:
    """The filter that somebody typed, or that a link carries. WrongValue if the value cannot be one."""
    value = text if by is By.URL else text.strip()
    _check_text(value)
    if value == EMPTY and by in _MAY_LACK:
        return Filter(by, EMPTY, exclude)
    return Filter(by, _read(by, value), exclude)


def in_order(filters: Iterable[Filter]) -> list[Filter]:
    """In the order in which pages and addresses name them."""
    return sorted(filters, key=lambda each: (_ORDER[each.by], each.exclude, each.value))


def network_text(network: Network) -> str:
    """The one writing of a network: a single address without its length, IPv4 inside IPv6 as IPv4."""
    if network.num_addresses == 1:
        return canonical(network.network_address)
    return str(network)


def _check_text(value: str) -> None:
    if not value:
        raise WrongValue("値を入力してください。")
    if len(value) > LONGEST_VALUE:
        raise WrongValue(f"{LONGEST_VALUE} 文字以内で入力してください。")
    # A lone surrogate comes from a command line that is no UTF-8; the store could not be asked for it.
    if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise WrongValue("検索できない文字が含まれています。")


def _read(by: By, value: str) -> str:
    match by:
        case By.ADDRESS:
            return _read_address(value)
        case By.KIND:
            return _read_word(map(str, AttackKind), value, by)
        case By.OUTCOME:
            return _read_word(map(str, Outcome), value, by)
        case By.COUNTRY:
            return _read_country(value)
        case _:
            return value


def _read_address(value: str) -> str:
    meant = _narrow(value).replace("。", ".")
    network = parse_network(_network_of_prefix(meant) or meant)
    if network is None:
        raise WrongValue(
            "IP アドレスまたはネットワークとして読み取れません。"
            "「198.51.100.7」「198.51.100.0/24」「198.51.100.」「2001:db8::/32」のように入力してください。"
        )
    return network_text(network)


def _network_of_prefix(text: str) -> str | None:
    """The network that the beginning of an IPv4 address stands for: `198.51.100.`, `198.51.*`, `198.51.100`.

    A number alone is none: whoever typed it has not finished.
    """
    given = _PREFIX.fullmatch(text)
    if given is None:
        return None
    numbers = given["numbers"].split(".")
    if not given["rest"] and len(numbers) == 1:
        return None
    return f"{'.'.join([*numbers, *['0'] * (4 - len(numbers))])}/{8 * len(numbers)}"


def _read_word(words: Iterable[str], value: str, by: By) -> str:
    if value not in words:
        raise WrongValue(f"{by.label}を一覧から選んでください。")
    return value


def _read_country(value: str) -> str:
    meant = _narrow(value)
    if meant in (EMPTY, country_name("")):
        return EMPTY
    if code := code_of_country(meant):
        return code
    if not meant.isascii():
        raise WrongValue("国は、国名または 2 文字の国コードで入力してください（例：日本、JP）。")
    return meant.upper() if len(meant) == 2 else meant


def _narrow(value: str) -> str:
    """Wide letters, digits and signs, as Japanese keyboards make them, as the usual ones."""
    return unicodedata.normalize("NFKC", value).strip()

"""Japanese names of the countries from which attacks are often seen; a code that is not listed is shown as it is."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from sakimori.lib.defang import visible

_LONGEST = 10
_UNKNOWN = "不明"
_WITH_CODE = re.compile(r"(?P<name>[^()（）]+)[(（][A-Z]{2}[)）]")


def country_name(code: str) -> str:
    """The name of a country by its code (ISO 3166-1), as a stranger's log line gives it."""
    if not code:
        return _UNKNOWN
    shown = visible(code)
    return _names().get(code, shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")


def country_with_code(code: str) -> str:
    """日本（JP）, as whoever compares with a log wants it; a code that is not listed as it is, unchanged."""
    name = _names().get(code)
    return f"{name}（{code}）" if name else code


def countries() -> Sequence[str]:
    """All names with their codes."""
    return [country_with_code(code) for code in _names()]


def code_of_country(text: str) -> str | None:
    """The code of a country that a person names: 日本, 日本（JP）, 米国. None if it is no name that we know."""
    given = _WITH_CODE.fullmatch(text)
    return _codes().get(given["name"] if given else text)


@cache
def _names() -> Mapping[str, str]:
    return {code: names[0] for code, names in _listed()}


@cache
def _codes() -> Mapping[str, str]:
    return {name: code for code, names in _listed() for name in names}


def _listed() -> Sequence[tuple[str, list[str]]]:
    """Codes and names of `data/countries.txt`, the usual name first."""
    lines = (files(__package__) / "data" / "countries.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return [(code, names) for code, *names in rows]

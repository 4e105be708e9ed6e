"""Japanese names of the countries from which attacks are often seen; a code that is not listed is shown as it is."""

from functools import cache
from importlib.resources import files

from sakimori.lib.defang import visible

_LONGEST = 10
_UNKNOWN = "不明"


def country_name(code: str) -> str:
    """The name of a country by its code (ISO 3166-1), as a stranger's log line gives it."""
    if not code:
        return _UNKNOWN
    shown = visible(code)
    return _names().get(code, shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")


@cache
def _names() -> dict[str, str]:
    """Codes and names of `data/countries.txt`."""
    lines = (files(__package__) / "data" / "countries.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {code: name for code, _, name in pairs}

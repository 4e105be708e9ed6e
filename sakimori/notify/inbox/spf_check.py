"""Whether the machine that handed a mail over may send for the domain on its envelope (SPF, RFC 7208)."""

import warnings
from typing import Any

from sakimori.notify.inbox.names import DnsTrouble, Names

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Of the library's own way of writing patterns.
    import spf

_SECONDS = 20
_MOST_QUESTIONS = 30


class _Query(spf.query):  # type: ignore[misc]  # The library has no types.
    """The library's judgement over our own name server."""

    def __init__(self, names: Names, **about: str) -> None:
        super().__init__(**about, querytime=_SECONDS)
        self._names = names
        self._asked = 0

    def dns(self, name: str, qtype: str, **_limits: Any) -> list[Any]:
        """Records of a name, as the library wants them."""
        self._asked += 1
        if self._asked > _MOST_QUESTIONS:
            raise spf.PermError("too many questions")
        try:
            return list(self._names.ask(name, qtype)) if qtype != "SPF" else []
        except DnsTrouble as error:
            raise spf.TempError(f"DNS {error}") from error


def passes(*, peer: str, return_path: str, helo: str, names: Names) -> bool:
    """Whether SPF says `pass`. Raises DnsTrouble when the DNS does not answer."""
    try:
        result = _Query(names, i=peer, s=return_path, h=helo or "unknown").check()[0]
    except (spf.PermError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if result == "temperror":
        raise DnsTrouble("SPF")
    return bool(result == "pass")

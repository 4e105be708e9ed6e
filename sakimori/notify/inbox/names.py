"""What DKIM and SPF ask the DNS: with time limits, or out of a file where the service is used for training."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import dns.exception
import dns.rdatatype
import dns.resolver

_SECONDS = 5.0


class DnsTrouble(Exception):
    """Nobody answered: nothing is known, and asking again later may help."""


class Names(Protocol):
    """Asks for records. A name without any gives an empty list."""

    def ask(self, name: str, kind: str) -> Sequence[Any]:
        """Records of a kind: A, AAAA, PTR as texts; MX as (preference, text); TXT as a tuple of bytes.

        Raises DnsTrouble.
        """


class SystemDns:
    """The name server that this machine uses."""

    def ask(self, name: str, kind: str) -> Sequence[Any]:
        """See `Names.ask`."""
        try:
            answer = dns.resolver.Resolver().resolve(name, kind, lifetime=_SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.resolver.YXDOMAIN, dns.exception.SyntaxError, UnicodeError, ValueError):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(f"{type(error).__name__}: {error}") from error
        return [_value(record, kind) for record in answer]


def _value(record: Any, kind: str) -> Any:
    if kind in {"A", "AAAA"}:
        return str(record.address)
    if kind == "MX":
        return int(record.preference), str(record.exchange)
    return str(record.target.to_text(omit_final_dot=True)) if kind == "PTR" else tuple(record.strings)


class KnownNames:
    """Only TXT records that are given; nobody outside is asked."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {name.rstrip(".").lower(): text for name, text in texts.items()}

    def ask(self, name: str, kind: str) -> Sequence[Any]:
        """See `Names.ask`."""
        text = self._texts.get(name.rstrip(".").lower()) if kind == "TXT" else None
        return [(text.encode(),)] if text is not None else []


def names_in_file(path: Path | None) -> KnownNames:
    """The records of a JSON file, read afresh; none if there is no file or it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        found = {}
    texts = found if isinstance(found, dict) else {}
    return KnownNames({str(name): str(text) for name, text in texts.items()})

"""The columns of a probe that say which way a visit took, from where, and whose page it saw."""

from django.db.models import Q

from sakimori.incidents.models import ProbePath
from sakimori.incidents.visit import Visit
from sakimori.lib.addresses import parse_address

TRIES = Q(vantage="") & ~Q(path=ProbePath.ORIGIN)
"""Probes that count for a verdict: made from here, by a visitor's way."""


def ways_of(visit: Visit) -> dict[str, str | None]:
    """Values for `Probe`, by column. An address that is none is left out."""
    known = parse_address(visit.address) is not None
    return {
        "path": visit.path,
        "vantage": visit.vantage[:40],
        "via": visit.via,
        "page": visit.page,
        "address": visit.address if known else None,
    }

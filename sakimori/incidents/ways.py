"""The columns of a probe that say which way a visit took, from where, and whose page it saw."""

from sakimori.incidents.visit import Visit
from sakimori.lib.addresses import parse_address


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

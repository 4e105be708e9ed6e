"""Which requests belong to an announced scan. Pure; where scans are registered, see `quiet.py`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sakimori.lib.addresses import Address, Network, covers


@dataclass(frozen=True, slots=True)
class Announced:
    """A scan that was registered beforehand. site: the key of the only site that is scanned; None: all of them."""

    site: int | None
    networks: tuple[Network, ...]
    starts_at: datetime
    ends_at: datetime

    def holds(self, address: Address, *, site: int | None, first_at: datetime, last_at: datetime) -> bool:
        """Whether requests of this time from this address are its. Where only some are, the scanner is not blocked."""
        return (
            first_at <= self.ends_at
            and last_at >= self.starts_at
            and self.site in (None, site)
            and covers(self.networks, address)
        )


def is_announced(
    scans: Iterable[Announced],
    address: Address | None,
    *,
    site: int | None,
    first_at: datetime,
    last_at: datetime,
) -> bool:
    """Whether any of the scans holds these requests."""
    return address is not None and any(
        scan.holds(address, site=site, first_at=first_at, last_at=last_at) for scan in scans
    )

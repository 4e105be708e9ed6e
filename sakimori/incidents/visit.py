"""What one visit to a page came to, and what a visit may cost. Frozen records, no IO."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BODY_BYTES = 1 << 20
START_BYTES = 64 << 10  # What a visit at quiet times reads: it uses the customer's bandwidth.
HEAD_BYTES = 4 << 10  # What is kept of a body as proof.


class Trouble(StrEnum):
    """Why there was no complete answer.

    These prove nothing: FORBIDDEN, an address that we never connect to; UNFINISHED, our own looking took too long.
    """

    NONE = ""
    TIMEOUT = "timeout"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    BROKEN = "broken"
    REDIRECTS = "redirects"
    FORBIDDEN = "forbidden"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Limits:
    """A page not complete after `probe_seconds` is not displayed; over `slow_ms` it is extremely slow.

    slow_seconds: the absolute ceiling. usual_ms: the site's own 95th percentile at this weekday and hour, None while
    there are not two weeks of it; then the ceiling alone counts, else `slow_factor` times the usual as well.
    training: loopback addresses, documentation addresses and any port may be visited.
    """

    probe_seconds: float
    slow_seconds: float
    training: bool
    slow_factor: float = 5.0
    usual_ms: int | None = None

    @property
    def slow_ms(self) -> float:
        """Beyond it a page is extremely slow: over the ceiling **and** over so many times what is usual."""
        ceiling = self.slow_seconds * 1000
        return ceiling if self.usual_ms is None else max(ceiling, self.slow_factor * self.usual_ms)


@dataclass(frozen=True, slots=True)
class Target:
    """A page to visit, and a text that a visitor would see on it (empty: any).

    whole: the body is read to its end (bounded by BODY_BYTES), else only its first START_BYTES. origin: the customer
    allows visits past the WAF, to this address or host. connect_to: this visit goes there, whatever the name says.
    """

    url: str
    expected_text: str = ""
    whole: bool = True
    origin: str = ""
    connect_to: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. Phases in milliseconds belong to the last page after redirects; `total_ms` is the whole.

    text_found: None where nothing was expected, or where the body could not be read as text. address: connected to.
    head: the first bytes of the body, decoded of its encoding. via, page, path: values of `models.Via`,
    `models.PageKind`, `models.ProbePath`. vantage: from where it was made; empty: this machine.
    """

    at: datetime
    url: str
    trouble: Trouble = Trouble.NONE
    status: int | None = None
    size_bytes: int | None = None
    dns_ms: int | None = None
    connect_ms: int | None = None
    tls_ms: int | None = None
    first_byte_ms: int | None = None
    total_ms: int = 0
    text_found: bool | None = None
    address: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    head: bytes = b""
    via: str = "unknown"
    page: str = "site"
    path: str = "visitor"
    vantage: str = ""

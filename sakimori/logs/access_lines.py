"""Access lines: events that report a visitor's request and no attack. They are kept only where the contract says so.

What detection needs is no access line, whatever it is named: that no origin server answered, that a DDoS was blocked.
Records that are about no request (audit, notices of the vendor) are none either. The rule is here twice, for an event
and for a table of events; a test holds both together. Pure.
"""

from functools import reduce

import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.fields import Event

ORIGIN_DOWN = "REQ_ALL_IPS_DOWN"
BLOCKED_DDOS = "REQ_BLOCKED_DDOS"
_SIGNALS = (ORIGIN_DOWN, BLOCKED_DDOS)
_OF_A_REQUEST = ("act", "method", "url")


def is_access_line(event: Event) -> bool:
    """Whether an event is an access line."""
    is_request = bool(event.act or event.method or event.url)
    return event.attack_kind == AttackKind.NONE and is_request and event.act not in _SIGNALS


def without_access_lines(table: pa.Table) -> pa.Table:
    """A table of events (see `columns.py`) without its access lines; the same table where there are none."""
    quiet = pc.equal(table["attack_kind"], AttackKind.NONE.value)
    if not pc.any(quiet).as_py():
        return table
    request = reduce(pc.or_, (pc.not_equal(table[name], "") for name in _OF_A_REQUEST))
    signal = pc.is_in(table["act"], value_set=pa.array(_SIGNALS, pa.string()))
    return table.filter(pc.invert(pc.and_(pc.and_(quiet, request), pc.invert(signal))))

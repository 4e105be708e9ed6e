"""Which events are late: they never block, mail or call by themselves, but wait in one list for analysts. Pure.

An event is late when its time is further from the moment of its file's arrival than the limit, or when somebody
imported it. A time in the future proves nothing either: it must not make old events look young.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sakimori.lib.jst import milliseconds

IMPORT_DOOR = "import"


@dataclass(frozen=True, slots=True)
class Timely:
    """The times (epoch milliseconds, both ends with them) at which an event of one file is not late."""

    first: int
    last: int

    def holds(self, time: datetime) -> bool:
        """Whether an event of this time is not late."""
        return self.first <= milliseconds(time) <= self.last


def timely(*, door: str, received_at: datetime, limit: timedelta) -> Timely:
    """The timely events of a file that arrived through `door` at `received_at`; none where it was imported."""
    if door == IMPORT_DOOR:
        return Timely(1, 0)
    return Timely(milliseconds(received_at - limit), milliseconds(received_at + limit))

"""Over which time the events of one file extend, seen while they pass.

Lines may bear any time. One that lies after the receipt of its file cannot be meant, so it says nothing of how far the
log has come; a little is allowed for, since clocks differ. Times in the past are taken as they are.
"""

from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc
import pyarrow.lib as pa

from sakimori.lib.jst import milliseconds

_CLOCKS_DIFFER = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Extent:
    """The first and the last time of a file's events."""

    def __init__(self, *, received_at: datetime) -> None:
        self._received_at = received_at
        self._limit = milliseconds(received_at + _CLOCKS_DIFFER)
        self._first: int | None = None
        self._last: int | None = None
        self._latest: int | None = None

    def add_table(self, table: pa.Table) -> None:
        """Look at a table of events: once, and once more if it has times that cannot be."""
        if not table.num_rows:
            return
        times = table["time"].cast(pa.int64())
        ends = pc.min_max(times)
        first, last = ends["min"].as_py(), ends["max"].as_py()
        self._latest = last if self._latest is None else max(self._latest, last)
        if last > self._limit:
            last = pc.max(times.filter(pc.less_equal(times, pa.scalar(self._limit)))).as_py()
        self._add(first, last)

    def add(self, time: datetime) -> None:
        """Look at one event."""
        at = milliseconds(time)
        self._latest = at if self._latest is None else max(self._latest, at)
        self._add(at, at if at <= self._limit else None)

    @property
    def first_at(self) -> datetime | None:
        """The time of the earliest event, however absurd; None where there is none."""
        return None if self._first is None else _moment(self._first)

    @property
    def last_at(self) -> datetime | None:
        """The time of the latest event that can be, never after the receipt; None where there is none."""
        return None if self._last is None else min(_moment(self._last), self._received_at)

    @property
    def latest_at(self) -> datetime | None:
        """The time of the latest event, however absurd; None where there is none."""
        return None if self._latest is None else _moment(self._latest)

    def _add(self, first: int, last: int | None) -> None:
        self._first = first if self._first is None else min(self._first, first)
        if last is not None:
            self._last = last if self._last is None else max(self._last, last)


def _moment(since_epoch_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=since_epoch_ms)

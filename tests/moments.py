"""A clock for tests that moves only when it is told to."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)


class Clock:
    """Call it for the moment; `pass_time` moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **span: float) -> datetime:
        """Move on by a timedelta given in its own words. Returns the new moment."""
        self.now += timedelta(**span)
        return self.now

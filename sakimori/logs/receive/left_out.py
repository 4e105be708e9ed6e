"""Files that cannot be taken while others of the same place can: which, why, and when each is tried again.

Known to one process only: a new one comes upon them by itself. They keep no other file out, and are told by name.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sakimori.logs.receive.door_state import in_words
from sakimori.logs.receive.s3 import BucketError, Listed, ObjectMissing

_LONGEST_PAUSE = timedelta(minutes=15)
_MOST = 100_000  # Some tens of megabytes.


@dataclass(slots=True)
class _Object:
    listed: Listed
    reason: str
    is_missing: bool
    next_try_at: datetime
    failures: int = 1


@dataclass
class LeftOut:
    """Objects of one bucket that could not be taken. pause: until the second try; it doubles with each."""

    pause: timedelta
    _objects: dict[str, _Object] = field(default_factory=dict)

    def waits(self, found: Listed, *, now: datetime) -> bool:
        """Whether it was tried in vain as it is. It is tried again behind what is new (`due`): else many of them would
        keep the others out. One that was not there is tried when it is listed again, but not too soon.
        """
        known = self._objects.get(found.key)
        return known is not None and known.listed == found and not (known.is_missing and known.next_try_at <= now)

    def due(self, *, now: datetime) -> list[Listed]:
        """Those to be tried again now, whether they are listed or not."""
        some = [known for known in self._objects.values() if known.next_try_at <= now and not known.is_missing]
        return [known.listed for known in some]

    def note(self, found: Listed, reason: str, *, now: datetime, error: Exception | None = None) -> None:
        """It could not be taken; what the store asks for is honoured."""
        before = self._objects.get(found.key)
        if before is None and len(self._objects) >= _MOST:
            return  # The next whole listing tries it again.
        is_missing = isinstance(error, ObjectMissing)
        is_same = before is not None and before.listed == found and before.is_missing == is_missing
        failures = before.failures + 1 if before and is_same else 1
        wish = error.retry_after_seconds if isinstance(error, BucketError) else None
        longer: timedelta = self.pause * 2 ** min(failures, 10)
        pause = max(min(longer, _LONGEST_PAUSE), timedelta(seconds=min(wish or 0.0, 3600.0)))
        self._objects[found.key] = _Object(found, reason, is_missing, now + pause, failures)

    def forget(self, key: str) -> None:
        """It was taken, or it is gone."""
        self._objects.pop(key, None)

    def keep_only(self, keys: set[str]) -> None:
        """Everything was listed, and these were there."""
        self._objects = {key: known for key, known in self._objects.items() if key in keys}

    def __contains__(self, key: str) -> bool:
        return key in self._objects

    def sentence(self) -> str:
        """All of them in words, by reason; one that was missing only once was deleted while we looked."""
        by_reason: dict[str, list[str]] = defaultdict(list)
        for key, known in self._objects.items():
            if not known.is_missing or known.failures > 1:
                by_reason[known.reason].append(key)
        return in_words(by_reason)

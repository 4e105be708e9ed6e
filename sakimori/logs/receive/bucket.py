"""The bucket door: look through a contract's S3 bucket and take in every object that the ledger does not know.

The ledger is the memory, nothing is removed from the bucket. The ledger forgets files of days that are not kept any
more, and so an object that was written before such a day is left where it is. Keys sort as text, so `1_10.log` comes
before `1_9.log`: most looks read one page behind the newest object, and every quarter of an hour one reads all of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.forgetting import kept_from
from sakimori.logs.models import DoorState
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.door_state import note, states_of
from sakimori.logs.receive.missing import known_names
from sakimori.logs.receive.parallel import Look
from sakimori.logs.receive.s3 import Bucket, BucketError, BucketRefused, Listed, ObjectMissing
from sakimori.logs.spool import Spool, TooLarge

DOOR = "bucket"
_WHOLE_EVERY = timedelta(minutes=15)
_ALL_PAGES = 5000
_AT_ONCE = 500
_ERRORS_IN_A_ROW = 3
_LONGEST_NAME, _KEPT_OF_NAME = 200, 130


@dataclass
class Buckets:
    """All contracts' buckets. Whether a whole look is due is known to this process only: a new one begins with it."""

    open_bucket: Callable[[VendorAccount], Bucket]
    spool: Spool
    clock: Callable[[], datetime]
    pause: timedelta
    _whole_at: dict[int, datetime] = field(default_factory=dict)

    def due_looks(self) -> Sequence[tuple[int, Look]]:
        """Buckets that are due. From the day of cancellation on nothing is fetched any more."""
        now = self.clock()
        today = running(day_of(now), contract="contract")
        accounts = list(VendorAccount.objects.filter(today).exclude(bucket_name="").select_related("contract"))
        known = states_of([account.contract for account in accounts], DOOR, now=now)
        states = [(account, known[account.contract_id]) for account in accounts]
        due = sorted((pair for pair in states if pair[1].next_try_at <= now), key=lambda pair: pair[1].next_try_at)
        return [(account.pk, partial(self.look, account, state)) for account, state in due]

    def look(self, account: VendorAccount, state: DoorState) -> int:
        """Take every new object of one bucket. Returns how many. What goes wrong is written down, and tried later."""
        now, oldest = self.clock(), kept_from(account.contract_id)
        begins = None if oldest is None else start_of_day(oldest)
        taking = _Taking(account.contract, self.spool, self.clock, kept_from=begins)
        whole = now - self._whole_at.get(account.pk, datetime.min.replace(tzinfo=now.tzinfo)) >= _WHOLE_EVERY
        try:
            bucket = self.open_bucket(account)
            listed = bucket.listed(after="" if whole else state.position, pages=_ALL_PAGES if whole else 1)
            taking.take(bucket, listed)
        except (BucketError, OSError) as error:
            taking.errors.append(error)
        state.position = taking.newest.key[:1024] if taking.newest else state.position
        if whole and not taking.errors:
            self._whole_at[account.pk] = now
        first = taking.errors[0] if taking.errors else None
        wish = first.retry_after_seconds if isinstance(first, BucketError) else None
        note(
            state,
            taken=taking.files,
            error=_sentence(first) if first else "",
            clock=self.clock,
            pause=self.pause,
            wish_seconds=wish,
        )
        return taking.files


@dataclass
class _Taking:
    """One look at one bucket."""

    contract: Contract
    spool: Spool
    clock: Callable[[], datetime]
    files: int = 0
    kept_from: datetime | None = None
    newest: Listed | None = None
    errors: list[Exception] = field(default_factory=list)
    _in_a_row: int = 0

    def take(self, bucket: Bucket, listed: Iterable[Listed]) -> None:
        """Take what the ledger does not know. An object that cannot be taken keeps those behind it not out."""
        for some in _batches(listed):
            names = {file_name(found.key): found for found in some}
            known = known_names(self.contract, list(names), door=DOOR)
            for name, found in names.items():
                if name not in known and not found.key.endswith("/") and not self._is_too_old(found):
                    self._take_one(bucket, name, found)

    def _is_too_old(self, found: Listed) -> bool:
        written = moment_of(found.written)
        return self.kept_from is not None and written is not None and written < self.kept_from

    def _take_one(self, bucket: Bucket, name: str, found: Listed) -> None:
        try:
            if found.size_bytes > accepting.LIMIT_BYTES:
                raise TooLarge(_harmless(found.key))
            if {".", ".."} & set(found.key.split("/")):
                self.errors.append(BucketError(f"キーを読み取れません：{_harmless(found.key)}"))
                return  # No address leads there: a path with dots is another path.
            with bucket.read(found.key) as chunks:
                accepting.accept(
                    chunks,
                    contract=self.contract,
                    door=DOOR,
                    name=name,
                    spool=self.spool,
                    now=self.clock(),
                    available_at=moment_of(found.written),
                )
        except ObjectMissing:
            return  # Deleted between listing and reading: nothing is wrong with the bucket.
        except (TooLarge, BucketError) as error:
            self.errors.append(error)
            self._in_a_row += isinstance(error, BucketError)
            if isinstance(error, BucketRefused) or self._in_a_row >= _ERRORS_IN_A_ROW:
                raise BucketError(str(error)) from error
            return
        self._in_a_row = 0
        self.files += 1
        if self.newest is None or found.written >= self.newest.written:
            self.newest = found


def file_name(key: str) -> str:
    """A key as the name of a ledger row: itself, or its beginning with a digest if it is too long for one."""
    plain = key.replace("\0", "\ufffd")
    if len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[:_KEPT_OF_NAME]}…{hashlib.sha256(key.encode()).hexdigest()}"


def moment_of(written: str) -> datetime | None:
    """When the store says that an object was written; None if it cannot be read."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _harmless(key: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in key)[:100]


def _batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    some: list[Listed] = []
    for found in listed:
        some.append(found)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _sentence(error: Exception) -> str:
    if isinstance(error, TooLarge):
        return f"ファイルが大きすぎます：{error}。"
    return str(error) if isinstance(error, BucketError) else f"{type(error).__name__}: {error}"

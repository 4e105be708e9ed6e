"""The bucket door: look through a contract's S3 bucket and take in every object that the ledger does not know.

The ledger is the memory, nothing is removed from the bucket. It remembers what the listing said of each content: an
object that is listed with another date, size or ETag is fetched again, and is a file of its own if its content is
another one (`rewritten.py`). The ledger forgets files of days that are not kept any more, and so an object that was
written before such a day is left where it is. Keys sort as text, so `1_10.log` comes before `1_9.log`: most looks read
one page behind the newest object, and every quarter of an hour one reads all of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of, start_of_day
from sakimori.logs.forgetting import kept_from
from sakimori.logs.models import DoorState, LogFile
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.accept import ledger_name
from sakimori.logs.receive.broken import due_again
from sakimori.logs.receive.door_state import note, states_of
from sakimori.logs.receive.known import files_named
from sakimori.logs.receive.left_out import LeftOut
from sakimori.logs.receive.parallel import Look
from sakimori.logs.receive.s3 import Bucket, BucketError, BucketRefused, Listed, ObjectMissing
from sakimori.logs.spool import Spool, TooLarge

DOOR = "bucket"
_WHOLE_EVERY = timedelta(minutes=15)
_ALL_PAGES = 5000
_AT_ONCE = 500
# A server that does not answer is left alone soon. Objects that may not be read may be some of many; many of them with
# nothing behind them that may be are the key's trouble.
_MOST_IN_A_ROW: Mapping[type[BucketError], int] = {BucketError: 3, BucketRefused: 200}
_MANY_REFUSED = 20
_LONGEST_POSITION = 1024
_TOO_LARGE = "ファイルが大きすぎます"
_NO_ADDRESS = "キーに使えない文字があり、読み取れません"


@dataclass
class Buckets:
    """All contracts' buckets. Whether a whole look is due, and what could not be taken, is known to this process only:
    a new one begins with a whole look.
    """

    open_bucket: Callable[[VendorAccount], Bucket]
    spool: Spool
    clock: Callable[[], datetime]
    pause: timedelta
    _whole_at: dict[int, datetime] = field(default_factory=dict)
    _left_out: dict[int, LeftOut] = field(default_factory=dict)

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
        left_out = self._left_out.setdefault(account.pk, LeftOut(self.pause))
        taking = _Taking(account.contract, self.spool, self.clock, left_out, kept_from=begins)
        whole = now - self._whole_at.get(account.pk, datetime.min.replace(tzinfo=now.tzinfo)) >= _WHOLE_EVERY
        error: BucketError | OSError | None = None
        try:
            bucket = self.open_bucket(account)
            listed = bucket.listed(after="" if whole else state.position, pages=_ALL_PAGES if whole else 1)
            taking.take(bucket, listed)
            if whole:
                self._whole_at[account.pk] = now
                left_out.keep_only(taking.listed_again)
            taking.try_again(bucket)
        except (BucketError, OSError) as raised:
            error = raised
        state.position = taking.newest.key if taking.newest else state.position
        note(
            state,
            taken=taking.files,
            error=_sentence(error) if error else "",
            clock=self.clock,
            pause=self.pause,
            wish_seconds=error.retry_after_seconds if isinstance(error, BucketError) else None,
            left_out=left_out.sentence() if error is None else None,
        )
        return taking.files


@dataclass
class _Taking:
    """One look at one bucket."""

    contract: Contract
    spool: Spool
    clock: Callable[[], datetime]
    left_out: LeftOut
    files: int = 0
    kept_from: datetime | None = None
    newest: Listed | None = None
    listed_again: set[str] = field(default_factory=set)  # of those that were left out
    _in_a_row: Counter[type[BucketError]] = field(default_factory=Counter)
    _last_error: BucketError | None = None

    def take(self, bucket: Bucket, listed: Iterable[Listed]) -> None:
        """Take what the ledger does not know. An object that cannot be taken keeps those behind it not out.

        Raises BucketError where too many in a row cannot be taken: that is the bucket's trouble, or the way's to it.
        """
        for some in _batches(listed):
            names = {ledger_name(found.key): found for found in some if not found.key.endswith("/")}
            contents = _contents(self.contract, list(names))
            again = due_again(self.contract, names, door=DOOR, now=self.clock())
            for name, found in names.items():
                is_settled = name not in again and any(each.is_listed_as(found) for each in contents.get(name, ()))
                if not is_settled and not self._is_too_old(found) and not self._waits(found):
                    self._take_one(bucket, found, is_known=name in contents)
        if self._last_error is not None and self._in_a_row[BucketRefused] >= _MANY_REFUSED:
            raise self._last_error

    def try_again(self, bucket: Bucket) -> None:
        """Those that were left out before and are due, whether they were listed now or not."""
        self._in_a_row.clear()
        with suppress(BucketError):
            for found in self.left_out.due(now=self.clock()):
                self._take_one(bucket, found, is_known=True)

    def _waits(self, found: Listed) -> bool:
        if found.key in self.left_out:
            self.listed_again.add(found.key)
        return self.left_out.waits(found, now=self.clock())

    def _is_too_old(self, found: Listed) -> bool:
        written = moment_of(found.written)
        return self.kept_from is not None and written is not None and written < self.kept_from

    def _take_one(self, bucket: Bucket, found: Listed, *, is_known: bool) -> None:
        try:
            is_new = self._accept(bucket, found)
        except (TooLarge, BucketError) as error:
            self.listed_again.add(found.key)
            reason = _TOO_LARGE if isinstance(error, TooLarge) else str(error)
            self.left_out.note(found, reason, now=self.clock(), error=error)
            self._count_failure(error)
            return
        self._in_a_row.clear()
        self.left_out.forget(found.key)
        self.files += is_new
        is_plain = found.key.isprintable() and len(found.key) <= _LONGEST_POSITION
        if not is_known and is_plain and (self.newest is None or found.written >= self.newest.written):
            self.newest = found

    def _accept(self, bucket: Bucket, found: Listed) -> bool:
        """Whether the content was new. Only then is its listing remembered: who is killed before reads it again."""
        if found.size_bytes > accepting.LIMIT_BYTES:
            raise TooLarge
        if not found.has_address:
            raise _NoAddress(_NO_ADDRESS)
        now = self.clock()
        with bucket.read(found.key) as chunks:
            file = accepting.accept(
                chunks,
                contract=self.contract,
                door=DOOR,
                name=ledger_name(found.key),
                spool=self.spool,
                now=now,
                available_at=moment_of(found.written),
            )
        LogFile.objects.filter(pk=file.pk).update(listed_as=found.mark)
        return file.received_at == now

    def _count_failure(self, error: TooLarge | BucketError) -> None:
        if isinstance(error, TooLarge | ObjectMissing | _NoAddress):
            return
        kind = BucketRefused if isinstance(error, BucketRefused) else BucketError
        self._in_a_row[kind] += 1
        self._last_error = error
        if self._in_a_row[kind] >= _MOST_IN_A_ROW[kind]:
            raise error


class _NoAddress(BucketError):
    """The object is listed under a key that no request can name."""


@dataclass(frozen=True, slots=True)
class _Content:
    """What the ledger knows of one content. listed_as: None if it came before listings were remembered."""

    listed_as: str | None
    size_bytes: int
    available_at: datetime | None
    received_at: datetime

    def is_listed_as(self, found: Listed) -> bool:
        """Whether the listing says that the object is this content still."""
        if self.listed_as is not None:
            return self.listed_as == found.mark
        written = moment_of(found.written)
        is_older = written is None or written == self.available_at or written <= self.received_at
        return self.size_bytes == found.size_bytes and is_older


def _contents(contract: Contract, names: Sequence[str]) -> Mapping[str, Sequence[_Content]]:
    """The ledger's contents of each of the names."""
    found: dict[str, list[_Content]] = defaultdict(list)
    for files in files_named(Q(contract=contract, door=DOOR), names):
        columns = files.values_list("name", "listed_as", "size_bytes", "available_at", "received_at")
        for name, listed_as, size_bytes, available_at, received_at in columns:
            found[name].append(_Content(listed_as, size_bytes, available_at, received_at))
    return found


def moment_of(written: str) -> datetime | None:
    """When the store says that an object was written; None if it cannot be read."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    some: list[Listed] = []
    for found in listed:
        some.append(found)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _sentence(error: BucketError | OSError) -> str:
    return str(error) if isinstance(error, BucketError) else f"{type(error).__name__}: {error}"

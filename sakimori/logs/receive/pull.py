"""The pull door: read a contract's log index at the vendor and take in every file that the ledger does not know.

A file that disappears between index and download is passed over and written down as missing, like the numbers that
the index itself lacks. So is one that is too large; it is a failure besides, of which the SOC is told, but the files
behind it are taken all the same. While we cannot write, nothing counts as seen.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import LogFile, PullState
from sakimori.logs.receive.accept import accept
from sakimori.logs.receive.broken import due_again
from sakimori.logs.receive.door_state import pause_after
from sakimori.logs.receive.known import known_since
from sakimori.logs.receive.missing import note_index, note_lost
from sakimori.logs.receive.numbering import settled_until, unsettled
from sakimori.logs.receive.parallel import Look
from sakimori.logs.receive.relisted import note_compared, to_compare
from sakimori.logs.receive.without_index import is_lost, take_by_number
from sakimori.logs.spool import Spool, TooLarge
from sakimori.waf.interface import WafError, WafLogs, WafMissing

DOOR = "pull"


@dataclass(frozen=True, slots=True)
class Puller:
    """How one account is pulled: with which client, into which spool, how often."""

    open_logs: Callable[[VendorAccount], WafLogs]
    spool: Spool
    clock: Callable[[], datetime]
    pause: timedelta

    def due(self) -> list[tuple[VendorAccount, PullState]]:
        """Accounts whose index is to be looked at, the longest waiting first.

        From the day of cancellation on nothing is fetched any more.
        """
        now, found = self.clock(), []
        today = running(day_of(now), contract="contract")
        accounts = VendorAccount.objects.filter(today).exclude(log_base_url="").select_related("contract__pull_state")
        for account in accounts:
            state = _state(account.contract, now)
            if state.next_try_at <= now:
                found.append((account, state))
        return sorted(found, key=lambda pair: pair[1].next_try_at)

    def due_looks(self) -> Sequence[tuple[int, Look]]:
        """The same for `Parallel`."""
        return [(account.pk, partial(self.pull, account, state)) for account, state in self.due()]

    def pull(self, account: VendorAccount, state: PullState) -> int:
        """Take every new file of one account. Returns how many. What goes wrong is written down, and tried later."""
        taken, wish = _Taken(), None
        try:
            self._take_new(state, self.open_logs(account), taken)
        except (WafError, OSError, TooLarge) as error:
            state.failures += 1
            state.last_error = f"{type(error).__name__}: {error}"[:300]
            wish = error.retry_after_seconds if isinstance(error, WafError) else None
        else:
            self._note_success(state)
        state.last_file_at = taken.last_at or state.last_file_at
        state.next_try_at = self.clock() + pause_after(state.failures, pause=self.pause, wish_seconds=wish)
        state.save()
        return taken.files

    def _note_success(self, state: PullState) -> None:
        """Not while a lost index is still missing: then what failed before has not ended either."""
        if is_lost(state):
            state.last_error = "WafMissing: there is no log index" if state.failures else ""
        else:
            state.failures, state.last_error = 0, ""
            state.last_success_at = self.clock()

    def _take_new(self, state: PullState, logs: WafLogs, taken: "_Taken") -> None:
        try:
            names = logs.log_index()
        except WafMissing:
            state.index_missing_since = state.index_missing_since or self.clock()
            self._take_by_number(state, logs, taken)
            return
        state.index_missing_since = None
        note_index(state, names, door=DOOR, now=self.clock())
        known = known_since(state.contract, names, door=DOOR)
        settled = set(known)
        again = due_again(state.contract, names, door=DOOR, now=self.clock())
        wanted = [name for name in names if name not in settled or name in again]
        try:
            self._take_each(wanted, state, logs, taken, settled)
        finally:
            # What could not be taken, and is gone from the index one day, must be seen to be missing then.
            state.newest = settled_until(state.newest, names, settled)
            state.listed = unsettled(state.newest, names, settled)
        self._compare_old(known, state, logs)

    def _take_by_number(self, state: PullState, logs: WafLogs, taken: "_Taken") -> None:
        """What is found is as good as listed: numbers between are noted as skipped, what is too large as lost."""
        names: list[str] = []

        def take(name: str) -> None:
            try:
                self._take(state, logs, name)
            except TooLarge:
                note_lost(state.contract, name, now=self.clock())
            else:
                taken.count(self.clock())

        try:
            for name in take_by_number(state, logs, take, door=DOOR):
                names.append(name)  # noqa: PERF402 - what came before an error counts
        finally:
            note_index(state, names, door=DOOR, now=self.clock())
            state.newest = settled_until(state.newest, names, set(names))

    def _compare_old(self, known: Mapping[str, datetime], state: PullState, logs: WafLogs) -> None:
        """What came before is taken once; another content under its name is a file of its own, and a case."""
        for name in to_compare(state.contract, known, door=DOOR, now=self.clock()):
            with suppress(WafMissing, TooLarge):
                self._take(state, logs, name)
            note_compared(state.contract, name, door=DOOR, now=self.clock())

    def _take_each(
        self, names: Sequence[str], state: PullState, logs: WafLogs, taken: "_Taken", settled: set[str]
    ) -> None:
        too_large: TooLarge | None = None
        for name in names:
            try:
                self._take(state, logs, name)
            except WafMissing:
                note_lost(state.contract, name, now=self.clock())
            except TooLarge as error:
                note_lost(state.contract, name, now=self.clock())
                too_large = error
            else:
                taken.count(self.clock())
            settled.add(name)
        if too_large is not None:
            raise too_large  # Only now: it must not keep the files behind it out.

    def _take(self, state: PullState, logs: WafLogs, name: str) -> LogFile:
        """The last look that went well did not list the file yet, so it cannot have been there for longer."""
        with logs.read_log(name) as chunks:
            return accept(
                chunks,
                contract=state.contract,
                door=DOOR,
                name=name,
                spool=self.spool,
                now=self.clock(),
                available_at=state.last_success_at,
            )


@dataclass
class _Taken:
    files: int = 0
    last_at: datetime | None = None

    def count(self, now: datetime) -> None:
        self.files += 1
        self.last_at = now


def pull_due(
    *, open_logs: Callable[[VendorAccount], WafLogs], spool: Spool, clock: Callable[[], datetime], pause: timedelta
) -> int:
    """Look at every index that is due, one after the other. Returns how many files were taken in."""
    puller = Puller(open_logs, spool, clock, pause)
    return sum(puller.pull(account, state) for account, state in puller.due())


def _state(contract: Contract, now: datetime) -> PullState:
    try:
        state = contract.pull_state
    except PullState.DoesNotExist:
        state, _ = PullState.objects.get_or_create(contract=contract, defaults={"next_try_at": now})
    return state

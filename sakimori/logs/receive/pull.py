"""The pull door: read a contract's log index at the vendor and take in every file that the ledger does not know.

A file that disappears between index and download is passed over and written down as missing, like the numbers that
the index itself lacks. So is one that is too large; it is a failure besides, of which the SOC is told, but the files
behind it are taken all the same. While we cannot write, nothing counts as seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import PullState
from sakimori.logs.receive.accept import accept
from sakimori.logs.receive.door_state import pause_after
from sakimori.logs.receive.missing import known_names, note_index, note_lost
from sakimori.logs.receive.numbering import settled_until
from sakimori.logs.receive.parallel import Look
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
            state.failures, state.last_error = 0, ""
            state.last_success_at = self.clock()
        state.last_file_at = taken.last_at or state.last_file_at
        state.next_try_at = self.clock() + pause_after(state.failures, pause=self.pause, wish_seconds=wish)
        state.save()
        return taken.files

    def _take_new(self, state: PullState, logs: WafLogs, taken: "_Taken") -> None:
        try:
            names = logs.log_index()
        except WafMissing:
            return  # A new configuration answers 404 until its first file exists: nothing is wrong.
        note_index(state, names, door=DOOR, now=self.clock())
        settled = known_names(state.contract, names, door=DOOR)
        try:
            self._take_each([name for name in names if name not in settled], state, logs, taken, settled)
        finally:
            # What could not be taken, and is gone from the index one day, must be seen to be missing then.
            state.newest = settled_until(state.newest, names, settled)

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

    def _take(self, state: PullState, logs: WafLogs, name: str) -> None:
        """The last look that went well did not list the file yet, so it cannot have been there for longer."""
        with logs.read_log(name) as chunks:
            accept(
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

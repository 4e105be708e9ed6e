"""The pull door: read a contract's log index at the vendor and take in every file that the ledger does not know.

A file that disappears between index and download is passed over; what it means (a gap) is seen in the ledger.
One that is too large is a failure, of which the SOC is told, but the files behind it are taken all the same.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sakimori.customers.models import Contract, VendorAccount
from sakimori.customers.queries import running
from sakimori.lib.jst import day_of
from sakimori.logs.models import LogFile, PullState
from sakimori.logs.receive.accept import accept
from sakimori.logs.spool import Spool, TooLarge
from sakimori.waf.interface import WafError, WafLogs, WafMissing

DOOR = "pull"
_LONGEST_PAUSE = timedelta(minutes=5)


def pull_due(
    *,
    open_logs: Callable[[VendorAccount], WafLogs],
    spool: Spool,
    clock: Callable[[], datetime],
    pause: timedelta,
) -> int:
    """Look at every index that is due. Returns how many files were taken in. One contract's failure stops no other.

    From the day of cancellation on nothing is fetched any more.
    """
    taken = 0
    today = running(day_of(clock()), contract="contract")
    for account in VendorAccount.objects.filter(today).exclude(log_base_url="").select_related("contract"):
        state, _ = PullState.objects.get_or_create(contract=account.contract, defaults={"next_try_at": clock()})
        if state.next_try_at <= clock():
            taken += _pull(account, state, open_logs=open_logs, spool=spool, clock=clock, pause=pause)
    return taken


def _pull(
    account: VendorAccount,
    state: PullState,
    *,
    open_logs: Callable[[VendorAccount], WafLogs],
    spool: Spool,
    clock: Callable[[], datetime],
    pause: timedelta,
) -> int:
    taken = 0
    try:
        for _file in _new_files(account.contract, open_logs(account), spool=spool, clock=clock):
            taken += 1
            state.last_file_at = clock()
    except (WafError, OSError, TooLarge) as error:
        state.failures += 1
        state.last_error = _sentence(error)
        state.next_try_at = clock() + min(pause * 2 ** min(state.failures, 10), _LONGEST_PAUSE)
    else:
        state.failures, state.last_error = 0, ""
        state.last_success_at = clock()
        state.next_try_at = clock() + pause
    state.save()
    return taken


def _new_files(contract: Contract, logs: WafLogs, *, spool: Spool, clock: Callable[[], datetime]) -> Iterator[LogFile]:
    try:
        names = logs.log_index()
    except WafMissing:
        return  # A new configuration answers 404 until its first file exists: nothing is wrong.
    too_large: TooLarge | None = None
    known = set(LogFile.objects.filter(contract=contract, door=DOOR, name__in=names).values_list("name", flat=True))
    for name in names:
        if name in known:
            continue
        try:
            with logs.read_log(name) as chunks:
                yield accept(chunks, contract=contract, door=DOOR, name=name, spool=spool, now=clock())
        except WafMissing:
            continue
        except TooLarge as error:
            too_large = error
    if too_large is not None:
        raise too_large  # Only now: it must not keep the files behind it out.


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]

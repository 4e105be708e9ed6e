"""While the vendor answers that there is no log index: whether that is worth an alarm, and taking files by number.

A new configuration has no index until its first file exists, which may take some hours. One that had an index and has
none has lost it at the vendor's, unless all its files are gone: the files may be there all the same. They are named by
rising numbers, so those that follow the newest one are asked for.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q

from sakimori.logs.models import PullState
from sakimori.logs.receive.known import known_names
from sakimori.waf.interface import WafLogs, WafMissing

# The vendor skips a number now and then; after so many in a row nothing more is there.
_SKIPPED = 3
_AT_ONCE = 50
_FAR = 10**6
_KEPT = timedelta(hours=48)
_ALARM_AFTER, _ALARM_AFTER_WITHOUT_ONE = timedelta(hours=1), timedelta(hours=12)


def had_index(state: PullState) -> bool:
    """Whether an index of this account has ever listed a file."""
    return bool(state.newest) or state.last_file_at is not None


def is_lost(state: PullState) -> bool:
    """Whether there was an index and is none: looking for it is neither a success nor a failure.

    Of a site so quiet that the vendor has let go of its last file there may rightly be none.
    """
    since, last = state.index_missing_since, state.last_file_at
    return since is not None and had_index(state) and (last is None or since - last < _KEPT)


def alarming(state: PullState, *, now: datetime) -> bool:
    """Whether the index is missing for so long that the SOC must know."""
    limit = _ALARM_AFTER if is_lost(state) else _ALARM_AFTER_WITHOUT_ONE
    return state.index_missing_since is not None and now - state.index_missing_since >= limit


def take_by_number(state: PullState, logs: WafLogs, take: Callable[[str], object], *, door: str) -> Iterator[str]:
    """Take the files that follow the newest numbers, and give the name of each that was there.

    Raises what `take` raises, but WafMissing. A server that has something to say to every name is asked for nothing.
    """
    for prefix, newest in state.newest.items():
        if _has(logs, f"{prefix}_{newest + _FAR}.log"):
            continue
        names = [f"{prefix}_{number}.log" for number in range(newest + 1, newest + 1 + _AT_ONCE)]
        known = known_names(Q(contract=state.contract, door=door), names)
        missed = 0
        for name in names:
            found = name in known
            if not found:
                with suppress(WafMissing):
                    take(name)
                    found = True
            missed = 0 if found else missed + 1
            if found:
                yield name
            if missed == _SKIPPED:
                break


def _has(logs: WafLogs, name: str) -> bool:
    with suppress(WafMissing), logs.read_log(name):
        return True
    return False
